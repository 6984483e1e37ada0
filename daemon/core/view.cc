// Read-only answers about the state: the best trial, the leaderboard, names.
#include "daemon/core/view.h"

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

std::string agent_name(const State& state, AgentId id) {
  const auto agent = state.agents.find(id);
  return agent == state.agents.end() ? std::to_string(id.value) : agent->second.name;
}

std::optional<double> raw_value(const Sweep& sweep, const Trial& trial) {
  const auto value = trial.tally.value();
  if (!value) {
    return std::nullopt;
  }
  return sweeps::raw(sweep.spec.objective.goal, *value);
}

}  // namespace sweepd::core
