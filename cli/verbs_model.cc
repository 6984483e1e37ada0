// model ls, show, register, download.
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/transfer.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <ostream>
#include <string_view>
#include <system_error>
#include <utility>

namespace sweepd::cli {

namespace {

// By name and version. The daemon sends the newest of each model first.
Result<std::vector<pb::ModelVersion>> list_models(Session& session, const std::string& model) {
  std::vector<pb::ModelVersion> versions;
  pb::ClientRequest request;
  pb::ListModels& question = *request.mutable_list_models();
  question.set_model(model);
  for (bool more = true; more;) {
    SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
    pb::ModelList& page = *reply.mutable_models();
    more = page.more() && page.versions_size() > 0;
    if (more) {
      const pb::ModelVersion& last = page.versions(page.versions_size() - 1);
      question.set_after_model(last.model());
      question.set_after_version(last.version());
    }
    std::move(page.mutable_versions()->begin(),
              page.mutable_versions()->end(),
              std::back_inserter(versions));
  }
  std::sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) {
    return std::pair(std::string_view(a.model()), a.version()) <
           std::pair(std::string_view(b.model()), b.version());
  });
  return versions;
}

// The version that "mnist:4" names, or the newest of "mnist".
Result<pb::ModelVersion> one_model(Session& session, const std::string& model) {
  pb::ClientRequest request;
  request.mutable_list_models()->set_model(model);
  request.mutable_list_models()->set_limit(1);
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  if (reply.models().versions().empty()) {
    return Error{Errc::kNotFound,
                 fmt::format("no model '{}'; `sweepctl model ls` lists them", model)};
  }
  return reply.models().versions(0);
}

std::string id_of(const pb::ModelVersion& model) {
  return fmt::format("{}:{}", model.model(), model.version());
}

std::string value_of(const pb::ModelVersion& model) {
  return model.has_value() ? fmt::format("{} {}", model.metric(), number_text(model.value()))
                           : std::string();
}

std::string origin_text(const pb::ModelVersion& model) {
  const std::string value = value_of(model);
  return fmt::format("{} ← {}{}{}, {}",
                     id_of(model),
                     trial_name(model.sweep(), model.trial()),
                     value.empty() ? "" : " ",
                     value,
                     model.path());
}

std::string model_text(const pb::ModelVersion& model) {
  std::string text = printable(origin_text(model)) + "\n";
  for (const pb::Binding& binding : model.params().bindings()) {
    text +=
        fmt::format("  {} = {}\n", printable(binding.name()), dump(value_json(binding.value())));
  }
  text += fmt::format("  artifact    sha256 {}\n", model.tree_digest());
  if (!model.snapshot_digest().empty()) {
    text += fmt::format("  code        sha256 {}\n", model.snapshot_digest());
  }
  return text + fmt::format("  registered  {}{}\n",
                            iso_text(model.registered_wall_us()),
                            model.user().empty() ? "" : " by " + printable(model.user()));
}

// Refused here, since the daemon keeps trees without looking into them.
Result<void> check_path(Session& session, const ModelRegisterArgs& args, const std::string& trial) {
  SWEEPD_TRY(const Artifact artifact, artifact_of(session, trial));
  SWEEPD_TRY(const blobs::Tree tree, fetch_manifest(session, artifact.digest));
  const Result<void> below = check_below(tree, args.path);
  return below.ok() ? below
                    : Error{below.error().code,
                            fmt::format("{}: {}; nothing was registered",
                                        artifact.attempt,
                                        below.error().message)};
}

// A folder that was made for what then did not come must not stay behind empty.
Result<blobs::TreeFetched> fetch_model(Session& session,
                                       const pb::ModelVersion& model,
                                       const std::string& folder) {
  std::error_code ignored;
  const bool existed = std::filesystem::exists(folder, ignored);
  Result<blobs::TreeFetched> got =
      fetch_tree(session, {model.tree_digest(), model.path(), folder}, "fetching " + id_of(model));
  if (got.ok() && got->files == 0) {
    got =
        Error{Errc::kNotFound, fmt::format("{} has no files at '{}'", id_of(model), model.path())};
  }
  if (!got.ok() && !existed) {
    std::filesystem::remove(folder, ignored);  // only when empty
  }
  return got;
}

}  // namespace

Result<int> run(const ModelListArgs& args, Session& session) {
  SWEEPD_TRY(const std::vector<pb::ModelVersion> models, list_models(session, args.model));
  Listing listing{"id",
                  {"model",
                   "version",
                   "id",
                   "trial",
                   "attempt",
                   "metric",
                   "value",
                   "params",
                   "path",
                   "artifact",
                   "snapshot",
                   "user",
                   "registered_at"},
                  {},
                  {{"MODEL"},
                   {"TRIAL"},
                   {"VALUE"},
                   {"PATH", Align::kLeft, Cells::kText},
                   {"AGE", Align::kRight},
                   {"OWNER", Align::kLeft, Cells::kText}},
                  {}};
  for (const pb::ModelVersion& model : models) {
    listing.rows.push_back({to_json(model),
                            {id_of(model),
                             trial_name(model.sweep(), model.trial()),
                             value_of(model),
                             model.path(),
                             age_text(wall_now_us() - model.registered_wall_us()),
                             model.user()}});
  }
  SWEEPD_TRY_VOID(print(std::move(listing), args.read, session.console()));
  return kExitOk;
}

Result<int> run(const ModelShowArgs& args, Session& session) {
  SWEEPD_TRY(const pb::ModelVersion model, one_model(session, args.model));
  SWEEPD_TRY_VOID(print_one(to_json(model), "id", model_text(model), args.read, session.console()));
  return kExitOk;
}

Result<int> run(const ModelRegisterArgs& args, Session& session) {
  pb::ClientRequest request;
  pb::RegisterModel& body = *request.mutable_register_model();
  SWEEPD_TRY(*body.mutable_selector(), with_number(session, args.selector));
  SWEEPD_TRY_VOID(check_path(session, args, body.selector()));
  body.set_model(args.name);
  body.set_path(args.path);
  body.set_user(user_name());
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  const pb::ModelVersion& model = reply.model_version();
  session.console().out << (args.json ? dump(to_json(model)) : id_of(model)) << '\n' << std::flush;
  if (!args.quiet && !args.json) {
    session.say(printable(origin_text(model)));
    session.say(fmt::format("  get it  sweepctl model download {}", id_of(model)));
  }
  return kExitOk;
}

Result<int> run(const ModelDownloadArgs& args, Session& session) {
  SWEEPD_TRY(const pb::ModelVersion model, one_model(session, args.model));
  const std::string folder = args.folder.empty() ? model.model() : args.folder;
  std::error_code ignored;
  // Files of another version beside these would make a model that nobody trained.
  if (std::filesystem::exists(folder, ignored) && !std::filesystem::is_empty(folder, ignored)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("'{}' is not empty; name a new folder: sweepctl model download {} DIR",
                             folder,
                             id_of(model))};
  }
  SWEEPD_TRY(const blobs::TreeFetched got, fetch_model(session, model, folder));
  session.say(fmt::format("{} is in {}: {}, {}",
                          id_of(model),
                          folder,
                          counted(got.files, "file"),
                          bytes_text(got.bytes)));
  return kExitOk;
}

}  // namespace sweepd::cli
