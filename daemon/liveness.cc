// Who has been heard of lately.
#include "daemon/liveness.h"

namespace sweepd::daemon {

namespace {

constexpr std::int64_t kHeartbeatsMissed = 3;

}  // namespace

Duration lease_with_margin(Duration lease) {
  return {lease.us + lease.us / 25 + seconds(1).us};
}

void Liveness::restart(const core::State& state, Instant now) {
  agents_.clear();
  for (const auto& [id, agent] : state.agents) {
    if (!core::is_gone(agent.state)) {
      agents_[id] = {now, agent.state == core::AgentState::kSuspect};
    }
  }
}

void Liveness::heard(AgentId agent, Instant now) {
  agents_[agent] = {now, false};
}

std::vector<core::EventBody> Liveness::due(Instant now) {
  const Duration silence_max{rules_.heartbeat.us * kHeartbeatsMissed};
  const Duration lease = lease_with_margin(rules_.lease);
  std::vector<core::EventBody> events;
  for (auto agent = agents_.begin(); agent != agents_.end();) {
    Watched& watched = agent->second;
    if (now - watched.heard > lease && now >= older_over_) {
      events.emplace_back(core::AgentLost{agent->first, false});
      agent = agents_.erase(agent);
      continue;
    }
    if (!watched.suspected && now - watched.heard > silence_max) {
      watched.suspected = true;
      events.emplace_back(core::AgentSuspected{agent->first});
    }
    ++agent;
  }
  return events;
}

std::optional<Instant> Liveness::last_heard(AgentId agent) const {
  const auto found = agents_.find(agent);
  return found == agents_.end() ? std::nullopt : std::optional<Instant>(found->second.heard);
}

}  // namespace sweepd::daemon
