// What the core decides on the room of the daemon's disk, and on a store that is older than what
// others know: restored from a backup, or gone back.
#include "daemon/core/decider.h"

#include <algorithm>

namespace sweepd::core {

namespace {

// Of each trial: as many attempts may have been begun in a history that is lost.
constexpr std::uint32_t kRetiredMin = 3;

// Whether this store ever gave the attempt to the agent. Of a sweep that is not in memory nobody
// asks: it has ended, or was removed.
bool was_given(const State& state, const AttemptKey& key, AgentId agent) {
  const auto sweep = state.sweeps.find(key.sweep);
  if (sweep == state.sweeps.end()) {
    return key.sweep.value <= state.sweeps_last;
  }
  const bool known = key.trial.value > 0 && key.trial.value <= sweep->second.trials.size();
  const Attempt* attempt = known ? find_attempt(state, key) : nullptr;
  return attempt != nullptr && attempt->agent == agent;
}

}  // namespace

void await_returns(Decider& decider) {
  ReturnsAwaited awaited;
  awaited.wall = decider.at().wall;
  for (const auto& [id, agent] : decider.state().agents) {
    if (!is_gone(agent.state)) {
      awaited.agents.push_back(id);
    }
  }
  if (!awaited.agents.empty()) {
    decider.decide(std::move(awaited));
  }
}

void look_for_loss(Decider& decider, AgentId agent, const AgentJoined& event) {
  const State& state = decider.state();
  // What nobody gave is as good a proof, until a first loss is known: from then on it may be of
  // that one.
  const bool proven =
      event.records_lost > 0 ||
      (event.knows_store && state.restores == 0 &&
       std::any_of(event.held.begin(), event.held.end(), [&](const HeldAttempt& one) {
         return !was_given(state, one.attempt, agent);
       }));
  if (proven) {
    decider.decide(StoreWentBack{agent,
                                 std::max<std::uint64_t>(event.records_lost, 1),
                                 decider.at().wall,
                                 state.sweeps_last + kSweepsSkipped,
                                 event.leases_over});
  }
}

bool holds_unknown(const State& state, AgentId agent, const std::vector<HeldAttempt>& held) {
  // Only of a store that is older than that: otherwise whatever an agent holds was given here,
  // under its own number.
  return state.restores > 0 && std::any_of(held.begin(), held.end(), [&](const HeldAttempt& one) {
           return current_attempt(state, one.attempt, agent) == nullptr;
         });
}

void retire_numbers(Decider& decider, const TrialKey& key, AgentId agent) {
  const State& state = decider.state();
  if (key.sweep.value > state.sweeps_restored) {
    return;
  }
  const Sweep& sweep = state.sweeps.at(key.sweep);
  const Trial& trial = sweep.trial(key.trial);
  const auto rolled_back = [&trial] {
    return std::count_if(trial.attempts.begin(), trial.attempts.end(), [](const Attempt& attempt) {
      return attempt.reason.code == ReasonCode::kRolledBack;
    });
  };
  const std::int64_t wanted =
      std::int64_t{std::max(kRetiredMin, sweep.spec.retry.attempts)} * std::int64_t{state.restores};
  const Reason reason{ReasonCode::kRolledBack,
                      "its number may have been given away in what the store has lost"};
  const Instant not_before = trial.not_before;
  while (rolled_back() < wanted) {
    const AttemptKey retired{
        key.sweep, key.trial, {static_cast<std::uint32_t>(trial.attempts.size() + 1)}};
    decider.decide(AttemptAssigned{retired, agent, {}, decider.at().wall, decider.at().now});
    decider.decide(AttemptClosed{retired, AttemptState::kLost, reason, {}});
    decider.decide(TrialRequeued{key, reason, not_before, false, false, {}});
  }
}

void on(Decider& decider, const StorageChanged& event) {
  if (decider.state().storage != event.level) {
    decider.decide(StorageLevelChanged{event.level, event.reason, decider.at().wall});
  }
}

void on(Decider& decider, const BackupRestored& event) {
  decider.decide(StoreRestored{event.sweeps_last, decider.at().wall});
  const auto all_held = decider.state().held;
  for (const auto& [agent, attempts] : all_held) {
    for (const AttemptKey& attempt : attempts) {
      // Its agent was told that later reports are stored, and cannot send them again.
      lose_attempt(decider,
                   attempt,
                   {ReasonCode::kRolledBack,
                    "the daemon was restored from a backup that does not know how it went on"});
    }
  }
  const auto agents = decider.state().agents;
  for (const auto& [id, agent] : agents) {
    if (!is_gone(agent.state)) {
      decider.decide(AgentStateChanged{id, AgentState::kLost, decider.at().wall});
    }
  }
}

}  // namespace sweepd::core
