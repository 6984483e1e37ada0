// The model registry: a version is a trial's artifact under a model's name.
#include "daemon/core/decider.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::core {

namespace {

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
  // The one that the value is of: what an earlier attempt left is another model.
  const Attempt& attempt = trial.attempts.back();
  if (attempt.outputs_dropped) {
    return Error{Errc::kWrongState,
                 fmt::format("{} has no files here: {}",
                             to_string(key),
                             why_dropped(sweep, {key.sweep, key.trial, attempt.number}))};
  }
  if (attempt.outcome.tree_digest.empty()) {
    const std::string& uncollected = attempt.outcome.uncollected;
    return Error{
        Errc::kWrongState,
        fmt::format("{} {}",
                    to_string(key),
                    uncollected.empty() ? "left no files behind: write the model below outputs/"
                                        : "has no files here: " + uncollected)};
  }
  // Asked for by hand, another path may be meant than the sweep's.
  if (attempt.outcome.model_missing && registration.path == sweep.spec.registration.path) {
    return Error{Errc::kWrongState,
                 fmt::format("{} left no '{}' behind: register.path names a file or folder that "
                             "the script writes",
                             to_string(key),
                             registration.path)};
  }
  const auto versions = state.models.find(registration.model);
  const std::size_t last = versions == state.models.end() ? 0 : versions->second.size();
  ModelRegistered version;
  version.request = registration.request;
  version.model = registration.model;
  version.version = static_cast<std::uint32_t>(last + 1);
  version.attempt = {sweep.id, number, attempt.number};
  version.tree_digest = attempt.outcome.tree_digest;
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
