// The bulk door, opened for one transfer at a time.
#include "cli/transfer.h"

#include "blobs/glob.h"
#include "cli/interrupts.h"
#include "cli/json.h"
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace sweepd::cli {

namespace {

// One connection with a bar in front of it.
class Bulk {
 public:
  Bulk(Session& session, const std::string& what) : progress_(session.console(), what, true) {}

  Result<blobs::BulkClient> connect(Session& session) {
    // The client door says within two seconds that nobody is there; the bulk door waits for longer.
    pb::ClientRequest question;
    question.mutable_server_info();
    SWEEPD_TRY(const pb::ClientReply answer, session.ask(question));
    return blobs::BulkClient::connect(context_, session.endpoint().address(wire::Door::kBulk));
  }

  blobs::Patience patience() {
    blobs::Patience patience;
    patience.going_on = [this](const blobs::Progress& now) {
      if (now.bytes_total > 0) {
        progress_.update(now.bytes, now.bytes_total);
      }
      return !interrupts_.arrived();
    };
    return patience;
  }

 private:
  Interrupts interrupts_;
  Progress progress_;
  wire::Context context_;
};

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

Result<blobs::TreeSent> send_tree(Session& session,
                                  blobs::LocalTree tree,
                                  const std::string& what) {
  Bulk bulk(session, what);
  SWEEPD_TRY(blobs::BulkClient client, bulk.connect(session));
  return client.put_tree(std::move(tree), bulk.patience());
}

Result<blobs::TreeFetched> fetch_tree(Session& session,
                                      const blobs::TreeWanted& wanted,
                                      const std::string& what) {
  Bulk bulk(session, what);
  SWEEPD_TRY(blobs::BulkClient client, bulk.connect(session));
  return client.get_tree(wanted, bulk.patience());
}

Result<blobs::Tree> fetch_manifest(Session& session, const std::string& digest) {
  Bulk bulk(session, "reading the list of files");
  SWEEPD_TRY(blobs::BulkClient client, bulk.connect(session));
  blobs::Patience quiet = bulk.patience();
  quiet.going_on = nullptr;
  SWEEPD_TRY(const std::string bytes, client.get_blob({digest, blobs::kManifestBytesMax}, quiet));
  return blobs::decode_tree(bytes);
}

Result<Artifact> artifact_of(Session& session, const std::string& selector) {
  SWEEPD_TRY(const pb::TrialDetail trial, show_trial(session, selector));
  const std::size_t hash = selector.find('#');
  // Of a trial with a value the attempt that the value is of; of others the last that left
  // something.
  const std::string& state = trial.row().state();
  const bool valued = state == "completed" || state == "pruned";
  const std::string number = hash != std::string::npos ? selector.substr(hash + 1)
                             : valued                  ? std::to_string(trial.row().attempt())
                                                       : "";
  std::string uncollected;
  for (int i = trial.attempts_size() - 1; i >= 0; --i) {
    const pb::AttemptRow& attempt = trial.attempts(i);
    const bool meant = number.empty() || number == std::to_string(attempt.attempt());
    if (meant && !attempt.tree_digest().empty()) {
      return Artifact{
          fmt::format(
              "{}#{}", trial_name(trial.row().sweep(), trial.row().trial()), attempt.attempt()),
          attempt.tree_digest()};
    }
    if (meant && uncollected.empty()) {
      uncollected = attempt.uncollected();
    }
  }
  if (!uncollected.empty()) {
    return Error{Errc::kNotFound, fmt::format("{} has no files here: {}", selector, uncollected)};
  }
  return Error{Errc::kNotFound,
               trial.row().ended_wall_us() != 0
                   ? fmt::format("{} left no files behind: it is {}, and wrote nothing below "
                                 "outputs/ or logs/",
                                 selector,
                                 trial.row().state())
                   : fmt::format("{} has left no files behind yet; it is {}, and outputs/ and "
                                 "logs/ are collected when an attempt ends",
                                 selector,
                                 trial.row().state())};
}

Result<void> check_below(const blobs::Tree& tree, const std::string& path) {
  if (tree.holds(path)) {
    return {};
  }
  std::set<std::string> folders;
  for (const blobs::TreeFile& file : tree.files) {
    for (std::size_t at = file.path.find('/'); at != std::string::npos;
         at = file.path.find('/', at + 1)) {
      folders.insert(file.path.substr(0, at));
    }
  }
  return Error{Errc::kNotFound,
               folders.empty() ? fmt::format("nothing lies at '{}', and no folder does", path)
                               : fmt::format("nothing lies at '{}'; there are the folders {}",
                                             path,
                                             fmt::join(folders, ", "))};
}

bool path_matches(const std::string& path, const std::string& pattern) {
  std::vector<std::string> wanted = parts_of(pattern);
  const std::vector<std::string> have = parts_of(path);
  if (wanted.size() == 1 && wanted.front() != "**") {
    return blobs::Glob(wanted.front()).matches(have.back());
  }
  // reached[i]: the first i parts of the path are matched by the pattern so far.
  std::vector<bool> reached(have.size() + 1, false);
  reached[0] = true;
  for (const std::string& part : wanted) {
    std::vector<bool> next(have.size() + 1, false);
    const bool any = part == "**";
    const blobs::Glob glob(part);
    for (std::size_t i = 0; i <= have.size(); ++i) {
      next[i] = any ? reached[i] || (i > 0 && next[i - 1])
                    : i > 0 && reached[i - 1] && glob.matches(have[i - 1]);
    }
    reached = std::move(next);
  }
  return reached.back();
}

}  // namespace sweepd::cli
