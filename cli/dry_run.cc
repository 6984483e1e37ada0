// The lines of the dry run, local first, then with the daemon if it answers.
#include "cli/dry_run.h"

#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/text.h"
#include "sweeps/command.h"
#include "sweeps/sampler.h"
#include "sweeps/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace sweepd::cli {

namespace {

constexpr std::uint32_t kTrialsShown = 3;

class Lines {
 public:
  explicit Lines(std::ostream& out) : out_(out) {}

  void add(std::string_view name, const std::string& text) {
    out_ << fmt::format("  {:<10}{}\n", name, printable(text));
  }

 private:
  std::ostream& out_;
};

std::string limits_text(const sweeps::SweepSpec& spec) {
  const sweeps::LimitsSpec& limits = spec.limits;
  std::vector<std::string> parts;
  if (limits.concurrent) {
    parts.push_back(fmt::format("{} at once", *limits.concurrent));
  }
  if (limits.trial_time) {
    parts.push_back(fmt::format("{} a trial", sweeps::to_text(*limits.trial_time)));
  }
  if (limits.silence) {
    parts.push_back(fmt::format("{} without output", sweeps::to_text(*limits.silence)));
  }
  if (limits.sweep_time) {
    parts.push_back(fmt::format("{} in all", sweeps::to_text(*limits.sweep_time)));
  }
  if (limits.failed_trials) {
    parts.push_back(fmt::format("{} end the sweep", counted(*limits.failed_trials, "failure")));
  }
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string needs_text(const sweeps::ResourcesSpec& resources) {
  const std::string cpus = counted(resources.cpus, "CPU");
  if (!resources.gpus) {
    return fmt::format("any slot, {}", cpus);
  }
  return *resources.gpus == 0 ? fmt::format("a CPU slot, {}", cpus)
                              : fmt::format("{}, {}", counted(*resources.gpus, "GPU"), cpus);
}

Result<void> add_trials(Lines& lines, const sweeps::SweepSpec& spec) {
  for (std::uint32_t number = 1; number <= kTrialsShown; ++number) {
    const sweeps::Proposal proposal = sweeps::propose(spec, TrialNumber{number});
    if (!proposal.assignment) {
      break;
    }
    // The number of the sweep is not known before it is submitted.
    SWEEPD_TRY(
        const std::vector<std::string> words,
        sweeps::render_command(spec, *proposal.assignment, {SweepId{0}, TrialNumber{number}}));
    lines.add(fmt::format("trial {}", number), command_text(words));
  }
  return {};
}

std::string code_text(const CodeLook& code) {
  if (!code.tree) {
    return "none is shipped; the command starts in an empty folder";
  }
  const blobs::Tree& tree = code.tree->tree;
  return fmt::format(
      "{}  {}, {}", code.folder, counted(tree.files.size(), "file"), bytes_text(tree.bytes()));
}

Error impossible(const sweeps::ResourcesSpec& resources) {
  return {Errc::kImpossible,
          fmt::format("no agent could ever run this: it needs {}; change [resources] or start "
                      "an agent that has it",
                      needs_text(resources))};
}

Result<Fit> ask_fit(Session& session, const sweeps::ResourcesSpec& resources) {
  pb::ClientRequest request;
  request.mutable_list_agents();
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  return fit_of(resources, reply.agents());
}

bool never(const Fit& fit) {
  return fit.agents > 0 && fit.slots == 0;
}

// True when agents are known and none could ever run it.
bool add_fit(Lines& lines, Session& session, const sweeps::SweepSpec& spec) {
  const Result<Fit> asked = ask_fit(session, spec.resources);
  if (!asked.ok()) {
    lines.add("fits", "not known: " + asked.error().message);
    return false;
  }
  const Fit& fit = *asked;
  if (fit.agents == 0) {
    lines.add("fits", needs_text(spec.resources) + ": no agents yet; trials would wait for one");
    return false;
  }
  lines.add("fits",
            fmt::format("{}: {} of {} qualify, {} free now",
                        needs_text(spec.resources),
                        fit.slots,
                        counted(fit.slots_all, "slot"),
                        fit.free));
  return never(fit);
}

}  // namespace

std::string sampler_text(const sweeps::SweepSpec& spec) {
  switch (spec.search.sampler) {
    case sweeps::SamplerKind::kGrid:
      return "grid";
    case sweeps::SamplerKind::kRandom:
      return "random";
    case sweeps::SamplerKind::kSobol:
      return "sobol";
  }
  return {};
}

std::string policy_text(const sweeps::SweepSpec& spec) {
  const sweeps::StopSpec& stop = spec.stop;
  switch (stop.policy) {
    case sweeps::PolicyKind::kNone:
      return "no early termination";
    case sweeps::PolicyKind::kBandit:
      return fmt::format(
          "bandit {}",
          number_text(stop.slack_factor ? *stop.slack_factor : stop.slack_amount.value_or(0)));
    case sweeps::PolicyKind::kMedian:
      return "median";
    case sweeps::PolicyKind::kTruncation:
      return fmt::format("truncation {} %", stop.truncation_percentage);
    case sweeps::PolicyKind::kAsha:
      return "asha";
  }
  return {};
}

std::string space_text(const sweeps::SearchSpace& space, bool unicode) {
  double combinations = 1;
  std::size_t continuous = 0;
  for (const sweeps::Parameter& parameter : space.parameters) {
    if (const std::optional<std::uint64_t> values = sweeps::cardinality(parameter.domain)) {
      combinations *= static_cast<double>(*values);
    } else {
      ++continuous;
    }
  }
  std::string text = counted(space.parameters.size(), "parameter") + ": ";
  const bool finite = continuous < space.parameters.size();
  if (finite) {
    text += number_text(combinations) + (combinations == 1 ? " combination" : " combinations");
  }
  if (continuous > 0) {
    text += fmt::format("{}{} continuous", finite ? (unicode ? " × " : " x ") : "", continuous);
  }
  return text;
}

Fit fit_of(const sweeps::ResourcesSpec& resources, const pb::AgentList& agents) {
  Fit fit;
  for (const pb::AgentRow& agent : agents.agents()) {
    if (agent.state() == "lost") {
      continue;
    }
    ++fit.agents;
    std::size_t matching = 0;
    std::size_t free = 0;
    for (int i = 0; i < agent.slots_size(); ++i) {
      const bool gpu = agent.slots(i).kind() == pb::GPU;
      if (!resources.gpus || gpu == (*resources.gpus > 0)) {
        ++matching;
        const bool busy = i < agent.running_size() && agent.running(i).attempt() != 0;
        free += busy ? 0U : 1U;
      }
    }
    fit.slots_all += static_cast<std::size_t>(agent.slots_size());
    if (matching >= std::max<std::size_t>(1, resources.gpus.value_or(1))) {
      fit.slots += matching;
      fit.free += free;
    }
  }
  return fit;
}

std::optional<Error> never_fits(Session& session, const sweeps::ResourcesSpec& resources) {
  const Result<Fit> fit = ask_fit(session, resources);
  return fit.ok() && never(*fit) ? std::optional(impossible(resources)) : std::nullopt;
}

Result<int> dry_run(Session& session, const DryRun& what) {
  const sweeps::SweepSpec& spec = what.spec;
  Console& console = session.console();
  Lines lines(console.out);
  lines.add("file", what.file.path + "  ok");
  lines.add("space", space_text(spec.space, console.out_terminal.unicode));
  lines.add("metric",
            fmt::format("{} ({})",
                        spec.objective.metric,
                        spec.objective.goal == sweeps::Goal::kMaximize ? "maximize" : "minimize"));
  lines.add("search",
            fmt::format("{}, {}, {}",
                        counted(sweeps::trials_total(spec), "trial"),
                        sampler_text(spec),
                        policy_text(spec)));
  lines.add("limits", limits_text(spec));
  lines.add("code", code_text(what.code));
  const bool never_runs = add_fit(lines, session, spec);
  SWEEPD_TRY_VOID(add_trials(lines, spec));
  if (never_runs) {
    console.out << std::flush;
    return impossible(spec.resources);
  }
  session.say("Would submit. Nothing was.");
  return kExitOk;
}

}  // namespace sweepd::cli
