// The auditor's last look: when everything is over, the state tells the same story as the world.
#include "daemon/core/view.h"
#include "tests/sim/auditor.h"

#include <fmt/format.h>

namespace sweepd::sim {

void Auditor::finish(const core::State& state) {
  for (const auto& [request, answer] : promised_) {
    const auto found = state.sweeps.find(answer.sweep);
    require(sweeps_.at(answer.sweep).removed ||
                (found != state.sweeps.end() && identity(found->second.request) == request),
            "a promised sweep survives",
            to_string(answer.sweep));
  }
  std::size_t there = 0;
  for (const auto& [id, truth] : sweeps_) {
    const auto found = state.sweeps.find(id);
    if (truth.removed) {
      require(found == state.sweeps.end(), "a removed sweep is gone", to_string(id));
      continue;
    }
    ++there;
    if (require(found != state.sweeps.end(), "no sweep vanishes", to_string(id))) {
      finish_sweep(truth, found->second);
    }
  }
  require(state.sweeps.size() == there, "no sweep appears", "state");
}

void Auditor::finish_sweep(const Sweep& truth, const core::Sweep& sweep) {
  require(
      sweep.state == truth.state, "the sweep is in the state of its records", to_string(sweep.id));
  if (!require(sweep.trials.size() == truth.trials.size(),
               "the sweep has the trials of its records",
               to_string(sweep.id))) {
    return;
  }
  for (const core::Trial& trial : sweep.trials) {
    finish_trial({sweep.id, trial.number}, truth.trials[trial.number.value - 1], trial);
  }
  require(
      core::best_trial(sweep) == best(truth), "the best trial is the best", to_string(sweep.id));
}

void Auditor::finish_trial(const TrialKey& key, const Trial& truth, const core::Trial& trial) {
  const std::string about = to_string(key);
  require(
      !truth.end || *truth.end == trial.state, "the trial is in the state of its records", about);
  if (!require(truth.attempts.size() == trial.attempts.size(),
               "the trial has the attempts of its records",
               about) ||
      truth.attempts.empty()) {
    return;
  }
  const core::Attempt& last = trial.attempts.back();
  const AttemptKey last_key{key.sweep, key.trial, last.number};
  require(
      last.reports_last == truth.attempts.back().stored.size(), "reports are counted right", about);
  const auto process = processes_.find(last_key);
  if (trial.state == core::TrialState::kCompleted) {
    require(process != processes_.end() && process->second.emitted.size() == last.reports_last,
            "a completed trial has all its reports",
            about);
  }
}

}  // namespace sweepd::sim
