// What would run is found out first, locally and then from the daemon if it answers, and then told.
#include "cli/dry_run.h"

#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/fit.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/spec_text.h"
#include "cli/text.h"
#include "sweeps/command.h"
#include "sweeps/sampler.h"
#include "wire/spec/spec_codec.h"

#include <fmt/format.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace sweepd::cli {

namespace {

constexpr std::uint32_t kTrialsShown = 3;

struct PlannedTrial {
  sweeps::Assignment params;
  std::vector<std::string> command;
};

struct Plan {
  Result<Fit> fit;
  std::vector<PlannedTrial> trials;  // the first ones
};

Result<std::vector<PlannedTrial>> planned_trials(const sweeps::SweepSpec& spec) {
  std::vector<PlannedTrial> trials;
  for (std::uint32_t number = 1; number <= kTrialsShown; ++number) {
    const sweeps::Proposal proposal = sweeps::propose(spec, TrialNumber{number});
    if (!proposal.assignment) {
      break;
    }
    // The number of the sweep is not known before it is submitted.
    SWEEPD_TRY(
        std::vector<std::string> words,
        sweeps::render_command(spec, *proposal.assignment, {SweepId{0}, TrialNumber{number}}));
    trials.push_back({*proposal.assignment, std::move(words)});
  }
  return trials;
}

std::string line(std::string_view name, const std::string& text) {
  return fmt::format("  {:<10}{}\n", name, printable(text));
}

std::string code_text(const CodeLook& code) {
  if (!code.tree) {
    return "none is shipped; the command starts in an empty folder";
  }
  const blobs::Tree& tree = code.tree->tree;
  return fmt::format(
      "{}  {}, {}", code.folder, counted(tree.files.size(), "file"), bytes_text(tree.bytes()));
}

std::string fit_text(const Result<Fit>& fit, const sweeps::ResourcesSpec& resources) {
  if (!fit.ok()) {
    return "not known: " + fit.error().message;
  }
  const std::string needs = needs_text(resources);
  if (const std::optional<Misfit> misfit = misfit_of(resources, *fit); misfit && !misfit->never) {
    return fmt::format("{}: {}", needs, misfit->sentence);
  }
  return fmt::format("{}: {} of {} {}, {} free now",
                     needs,
                     fit->slots,
                     counted(fit->slots_all, "slot"),
                     fit->slots == 1 ? "qualifies" : "qualify",
                     fit->free);
}

std::string plan_text(const Plan& plan, const DryRun& what, bool unicode) {
  const sweeps::SweepSpec& spec = what.spec;
  std::string text = line("file", what.file.path + "  ok");
  text += line("space", space_text(spec.space, unicode));
  const bool maximize = spec.objective.goal == sweeps::Goal::kMaximize;
  text += line("metric",
               fmt::format("{} ({})", spec.objective.metric, maximize ? "maximize" : "minimize"));
  text += line("search",
               fmt::format("{}, {}, {}",
                           counted(sweeps::trials_total(spec), "trial"),
                           sampler_text(spec),
                           policy_text(spec)));
  text += line("limits", limits_text(spec));
  if (spec.run.keep) {
    text += line("keep", keep_text(*spec.run.keep));
  }
  text += line("code", code_text(what.code));
  text += line("fits", fit_text(plan.fit, spec.resources));
  std::size_t number = 0;
  for (const PlannedTrial& trial : plan.trials) {
    text += line(fmt::format("trial {}", ++number), command_text(trial.command));
  }
  return text;
}

Json plan_json(const Plan& plan, const DryRun& what) {
  const sweeps::SweepSpec& spec = what.spec;
  const pb::SweepSpec proto = wire::to_proto(spec);
  const bool maximize = spec.objective.goal == sweeps::Goal::kMaximize;
  Json object = {{"dry_run", true},
                 {"file", what.file.path},
                 {"name", spec.name},
                 {"metric", spec.objective.metric},
                 {"goal", maximize ? "maximize" : "minimize"},
                 {"trials_total", sweeps::trials_total(spec)},
                 {"sampler", sampler_name(proto.search().sampler())},
                 {"policy", policy_name(proto.stop().policy())},
                 {"gpus", spec.resources.gpus ? Json(*spec.resources.gpus) : Json(nullptr)},
                 {"cpus", spec.resources.cpus},
                 {"keep", spec.run.keep ? Json(*spec.run.keep) : Json(nullptr)},
                 {"code", nullptr},
                 {"fits", nullptr},
                 {"trials", Json::array()}};
  if (what.code.tree) {
    const blobs::Tree& tree = what.code.tree->tree;
    object["code"] = {
        {"folder", what.code.folder}, {"files", tree.files.size()}, {"bytes", tree.bytes()}};
  }
  if (plan.fit.ok()) {
    object["fits"] = {{"agents", plan.fit->agents},
                      {"slots", plan.fit->slots},
                      {"slots_free", plan.fit->free},
                      {"slots_total", plan.fit->slots_all}};
  }
  for (const PlannedTrial& trial : plan.trials) {
    object["trials"].push_back({{"number", object["trials"].size() + 1},
                                {"params", params_json(wire::to_proto(trial.params))},
                                {"command", trial.command}});
  }
  return object;
}

}  // namespace

Result<int> dry_run(Session& session, const DryRun& what, bool json) {
  const sweeps::ResourcesSpec& resources = what.spec.resources;
  SWEEPD_TRY(const std::vector<PlannedTrial> trials, planned_trials(what.spec));
  const Plan plan{ask_fit(session, resources), trials};
  Console& console = session.console();
  console.out << (json ? dump(plan_json(plan, what)) + "\n"
                       : plan_text(plan, what, console.out_terminal.unicode))
              << std::flush;
  const std::optional<Misfit> misfit =
      plan.fit.ok() ? misfit_of(resources, *plan.fit) : std::nullopt;
  if (misfit && misfit->never) {
    return Error{Errc::kImpossible, misfit->sentence};
  }
  if (!json) {
    session.say("Would submit. Nothing was.");
  }
  return kExitOk;
}

}  // namespace sweepd::cli
