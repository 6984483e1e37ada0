// The lines of the dry run, local first, then with the daemon if it answers.
#include "cli/dry_run.h"

#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/fit.h"
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

// Tells how it fits; what keeps it from running for as long as the agents are these.
std::optional<Misfit> add_fit(Lines& lines, Session& session, const sweeps::SweepSpec& spec) {
  const Result<Fit> fit = ask_fit(session, spec.resources);
  if (!fit.ok()) {
    lines.add("fits", "not known: " + fit.error().message);
    return std::nullopt;
  }
  const std::string needs = needs_text(spec.resources);
  std::optional<Misfit> misfit = misfit_of(spec.resources, *fit);
  if (misfit && !misfit->never) {
    lines.add("fits", fmt::format("{}: {}", needs, misfit->sentence));
    return std::nullopt;
  }
  lines.add("fits",
            fmt::format("{}: {} of {} qualify, {} free now",
                        needs,
                        fit->slots,
                        counted(fit->slots_all, "slot"),
                        fit->free));
  return misfit;
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
  const std::optional<Misfit> misfit = add_fit(lines, session, spec);
  SWEEPD_TRY_VOID(add_trials(lines, spec));
  if (misfit) {
    console.out << std::flush;
    return Error{Errc::kImpossible, misfit->sentence};
  }
  session.say("Would submit. Nothing was.");
  return kExitOk;
}

}  // namespace sweepd::cli
