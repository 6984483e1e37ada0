// The wording of sampler, policy, space, limits and needs.
#include "cli/spec_text.h"

#include "cli/format.h"
#include "sweeps/units.h"

#include <fmt/format.h>

#include <vector>

namespace sweepd::cli {

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

std::string keep_text(std::uint32_t keep) {
  return keep == 1 ? "the files of the best trial only"
                   : fmt::format("the files of the best {} trials only", keep);
}

std::string needs_text(const sweeps::ResourcesSpec& resources) {
  const std::string cpus = counted(resources.cpus, "CPU");
  if (!resources.gpus) {
    return fmt::format("any slot, {}", cpus);
  }
  return *resources.gpus == 0 ? fmt::format("a CPU slot, {}", cpus)
                              : fmt::format("{}, {}", counted(*resources.gpus, "GPU"), cpus);
}

}  // namespace sweepd::cli
