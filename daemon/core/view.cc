// Read-only answers about the state: the best trial, the leaderboard, names and phases.
#include "daemon/core/view.h"

#include <algorithm>

namespace sweepd::core {

std::optional<TrialNumber> best_trial(const Sweep& sweep) {
  if (sweep.ranked.empty()) {
    return std::nullopt;
  }
  return sweep.ranked.begin()->trial;
}

std::vector<TrialNumber> leaderboard(const Sweep& sweep, std::size_t limit) {
  std::vector<TrialNumber> rows;
  for (const std::set<sweeps::Rank>* index : {&sweep.ranked, &sweep.unranked}) {
    for (const sweeps::Rank& rank : *index) {
      if (rows.size() == limit) {
        return rows;
      }
      rows.push_back(rank.trial);
    }
  }
  return rows;
}

std::optional<double> raw_value(const Sweep& sweep, const Trial& trial) {
  const auto value = trial.tally.value();
  if (!value) {
    return std::nullopt;
  }
  return sweeps::raw(sweep.spec.objective.goal, *value);
}

std::uint32_t given_back(const Trial& trial) {
  const auto other =
      std::find_if_not(trial.attempts.rbegin(), trial.attempts.rend(), [](const Attempt& attempt) {
        return attempt.state == AttemptState::kLost &&
               (attempt.reason.code == ReasonCode::kStoppedByAgent ||
                attempt.reason.code == ReasonCode::kAgentError);
      });
  return static_cast<std::uint32_t>(other - trial.attempts.rbegin());
}

bool may_run_twice(const State& state, Instant now) {
  return state.just_restored || now < state.starts_from || !state.awaited.empty();
}

std::string agent_name(const State& state, AgentId id) {
  const auto agent = state.agents.find(id);
  if (agent != state.agents.end()) {
    return agent->second.name;
  }
  return id.value == 0 ? std::string() : std::to_string(id.value);
}

AttemptState state_for(Phase phase) {
  switch (phase) {
    case Phase::kPreparing:
      return AttemptState::kPreparing;
    case Phase::kRunning:
      return AttemptState::kRunning;
    case Phase::kStopping:
      return AttemptState::kStopping;
    case Phase::kFinishing:
    case Phase::kEnded:
      return AttemptState::kFinishing;
  }
  return AttemptState::kPreparing;
}

}  // namespace sweepd::core
