// The questions that the state answers about itself.
#include "daemon/core/state.h"

#include <utility>

namespace sweepd::core {

Sweep::Sweep(const SweepAccepted& accepted)
    : id(accepted.sweep),
      request(accepted.request),
      submitted(accepted.at),
      spec(accepted.spec),
      toml(accepted.toml),
      snapshot_digest(accepted.snapshot_digest),
      user(accepted.user),
      state(accepted.paused ? SweepState::kPaused : SweepState::kRunning),
      trials_total(sweeps::trials_total(accepted.spec)),
      policy(accepted.spec.stop) {}

std::uint32_t Sweep::active() const {
  return count(TrialState::kPreparing) + count(TrialState::kRunning) +
         count(TrialState::kStopping) + count(TrialState::kFinishing);
}

void adopt_sweep(State& state, Sweep sweep) {
  SWEEPD_CHECK(is_terminal(sweep.state));
  const SweepId id = sweep.id;
  state.sweeps.insert_or_assign(id, std::move(sweep));
}

const Attempt* find_attempt(const State& state, const AttemptKey& key) {
  const auto sweep = state.sweeps.find(key.sweep);
  if (sweep == state.sweeps.end() || key.trial.value == 0 ||
      key.trial.value > sweep->second.trials.size()) {
    return nullptr;
  }
  const Trial& trial = sweep->second.trial(key.trial);
  if (key.attempt.value == 0 || key.attempt.value > trial.attempts.size()) {
    return nullptr;
  }
  return &trial.attempts[key.attempt.value - 1];
}

const Attempt* current_attempt(const State& state, const AttemptKey& key, AgentId agent) {
  const Attempt* attempt = find_attempt(state, key);
  if (attempt == nullptr || is_terminal(attempt->state) || attempt->agent != agent) {
    return nullptr;
  }
  const Trial& trial = state.sweeps.at(key.sweep).trial(key.trial);
  return attempt == &trial.attempts.back() ? attempt : nullptr;
}

}  // namespace sweepd::core
