// The model registry: a version is a trial's artifact under a model's name.
#include "daemon/core/decider.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::core {

namespace {

// The last attempt of the trial that left something behind.
const Attempt* attempt_with_artifact(const Trial& trial) {
  const auto found =
      std::find_if(trial.attempts.rbegin(), trial.attempts.rend(), [](const Attempt& attempt) {
        return is_terminal(attempt.state) && !attempt.outcome.tree_digest.empty();
      });
  return found == trial.attempts.rend() ? nullptr : &*found;
}

bool good_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

Result<ModelRegistered> model_version(const State& state,
                                      const Sweep& sweep,
                                      TrialNumber number,
                                      const Registration& registration,
                                      WallTime wall) {
  const TrialKey key{sweep.id, number};
  if (!good_name(registration.model)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("'{}' cannot name a model: use letters, digits, '-', '_' and '.'",
                             registration.model)};
  }
  const Trial& trial = sweep.trial(number);
  if (trial.state != TrialState::kCompleted && trial.state != TrialState::kPruned) {
    return Error{Errc::kWrongState,
                 fmt::format("{} is {}: only completed and pruned trials can be registered",
                             to_string(key),
                             to_text(trial.state))};
  }
  const Attempt* attempt = attempt_with_artifact(trial);
  if (attempt == nullptr) {
    const std::string& uncollected = trial.attempts.back().outcome.uncollected;
    return Error{
        Errc::kWrongState,
        fmt::format("{} {}",
                    to_string(key),
                    uncollected.empty() ? "left no files behind: write the model below outputs/"
                                        : "has no files here: " + uncollected)};
  }
  const auto versions = state.models.find(registration.model);
  const std::size_t last = versions == state.models.end() ? 0 : versions->second.size();
  ModelRegistered version;
  version.request = registration.request;
  version.model = registration.model;
  version.version = static_cast<std::uint32_t>(last + 1);
  version.attempt = {sweep.id, number, attempt->number};
  version.tree_digest = attempt->outcome.tree_digest;
  version.path = registration.path;
  version.metric = sweep.spec.objective.metric;
  version.value = raw_value(sweep, trial);
  version.params = trial.assignment;
  version.snapshot_digest = sweep.snapshot_digest;
  version.user = registration.user;
  version.wall = wall;
  return version;
}

}  // namespace sweepd::core
