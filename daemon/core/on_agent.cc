// What the core decides when agents join, speak and fall silent.
#include "daemon/core/decider.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sweepd::core {

namespace {

// Phases only move forward; a message that was overtaken changes nothing.
void advance(Decider& decider, const AttemptKey& key, const Attempt& attempt, Phase phase) {
  const AttemptState next = state_for(phase);
  if (static_cast<int>(next) > static_cast<int>(attempt.state)) {
    decider.decide(AttemptAdvanced{key, next});
  }
}

using Held = std::map<AttemptKey, Phase>;

Held as_map(const std::vector<HeldAttempt>& held) {
  Held map;
  for (const HeldAttempt& attempt : held) {
    map[attempt.attempt] = attempt.phase;
  }
  return map;
}

// Moves every attempt that the agent holds and may hold forward; returns those it may not hold. An
// attempt that is over for its agent and only waits for an acknowledgement needs no order: its
// AttemptEnded is on its way.
std::vector<AttemptKey> take_held(Decider& decider, AgentId agent, const Held& held) {
  std::vector<AttemptKey> strangers;
  for (const auto& [key, phase] : held) {
    if (const Attempt* attempt = current_attempt(decider.state(), key, agent)) {
      advance(decider, key, *attempt, phase);
    } else if (phase != Phase::kEnded) {
      strangers.push_back(key);
    }
  }
  return strangers;
}

// Attempts that the agent was seen to hold and holds no more are lost.
//   code: kAgentRestarted when its box went down, which counts against the trial; kRolledBack when
//         the store has lost what became of them, and of orders that were not confirmed, too
void lose_missing(Decider& decider, AgentId agent, const Held& held, ReasonCode code) {
  const auto mine = decider.state().held.find(agent);
  if (mine == decider.state().held.end()) {
    return;
  }
  const std::set<AttemptKey> expected = mine->second;
  for (const AttemptKey& key : expected) {
    const Attempt& attempt = *find_attempt(decider.state(), key);
    // An order that has not been confirmed may still be under way, and is repeated until it is;
    // unless it may have been carried out, and forgotten, in what the store has lost.
    const bool confirmed = attempt.state != AttemptState::kAssigned && !attempt.stop;
    if ((confirmed || code == ReasonCode::kRolledBack) && !held.contains(key)) {
      lose_attempt(decider,
                   key,
                   {code,
                    fmt::format("agent {} no longer holds the attempt",
                                agent_name(decider.state(), agent))});
    }
  }
}

bool same_registration(const Agent& agent, const AgentJoined& event) {
  return agent.state == AgentState::kConnected && agent.name == event.name &&
         agent.boot_id == event.boot_id && agent.version == event.version &&
         agent.slots == event.slots && agent.labels == event.labels;
}

// Whether the box has started anew since the agent was last heard of.
bool has_rebooted(const State& state, const AgentJoined& event) {
  const auto known = state.agent_by_uuid.find(event.uuid);
  return known != state.agent_by_uuid.end() &&
         state.agents.at(known->second).boot_id != event.boot_id;
}

// Why an agent that joins does not hold what it was given. Until the leases of a lost history are
// over nothing new is ordered, so what is missing may have had its end in that history.
ReasonCode why_missing(const Decider& decider, bool rebooted) {
  if (decider.at().now < decider.state().starts_from) {
    return ReasonCode::kRolledBack;
  }
  return rebooted ? ReasonCode::kAgentRestarted : ReasonCode::kStoppedByAgent;
}

AgentId register_agent(Decider& decider, const AgentJoined& event) {
  const State& state = decider.state();
  const auto known = state.agent_by_uuid.find(event.uuid);
  const AgentId id =
      known == state.agent_by_uuid.end() ? AgentId{state.agents_last + 1} : known->second;
  if (known == state.agent_by_uuid.end() || !same_registration(state.agents.at(id), event)) {
    decider.decide(AgentRegistered{id,
                                   event.uuid,
                                   event.name,
                                   event.boot_id,
                                   event.version,
                                   event.slots,
                                   event.labels,
                                   decider.at().wall});
  }
  return id;
}

void set_agent_state(Decider& decider, AgentId id, AgentState state) {
  const auto agent = decider.state().agents.find(id);
  if (agent != decider.state().agents.end() && agent->second.state != state) {
    decider.decide(AgentStateChanged{id, state, decider.at().wall});
  }
}

}  // namespace

void on(Decider& decider, const AgentJoined& event) {
  const bool rebooted = has_rebooted(decider.state(), event);
  const AgentId agent = register_agent(decider, event);
  const Held held = as_map(event.held);
  look_for_loss(decider, agent, event);
  WelcomeAgent welcome{agent, event.uuid, take_held(decider, agent, held), {}};
  lose_missing(decider, agent, held, why_missing(decider, rebooted));
  for (const auto& [key, phase] : held) {
    if (const Attempt* attempt = current_attempt(decider.state(), key, agent)) {
      welcome.reports.push_back({agent, key, attempt->reports_last, false});
    }
  }
  if (holds_unknown(decider.state(), agent, event.held)) {
    set_agent_state(decider, agent, AgentState::kSuspect);
  }
  decider.ask(std::move(welcome));
}

void on(Decider& decider, const AttemptsHeld& event) {
  if (!holds_unknown(decider.state(), event.agent, event.held)) {
    set_agent_state(decider, event.agent, AgentState::kConnected);
  }
  const Held held = as_map(event.held);
  for (const AttemptKey& key : take_held(decider, event.agent, held)) {
    decider.ask(StopAttempt{event.agent,
                            key,
                            {ReasonCode::kSuperseded, "the attempt is not this agent's to run"},
                            Duration{}});
  }
  lose_missing(decider, event.agent, held, ReasonCode::kStoppedByAgent);
}

void on(Decider& decider, const AgentSuspected& event) {
  const auto agent = decider.state().agents.find(event.agent);
  if (agent != decider.state().agents.end() && agent->second.state == AgentState::kConnected) {
    set_agent_state(decider, event.agent, AgentState::kSuspect);
  }
}

void on(Decider& decider, const AgentLost& event) {
  const State& state = decider.state();
  const auto known = state.agents.find(event.agent);
  if (known == state.agents.end() || is_gone(known->second.state)) {
    return;  // nothing of it is held since, and who forgot it does not want to see it lost again
  }
  set_agent_state(decider, event.agent, AgentState::kLost);
  const auto mine = state.held.find(event.agent);
  if (mine == state.held.end()) {
    return;
  }
  const std::string name = agent_name(state, event.agent);
  const Reason reason =
      event.goodbye
          ? Reason{ReasonCode::kStoppedByAgent, fmt::format("agent {} said goodbye", name)}
          : Reason{ReasonCode::kAgentLost, fmt::format("the lease of agent {} ended", name)};
  const std::set<AttemptKey> lost = mine->second;
  for (const AttemptKey& key : lost) {
    lose_attempt(decider, key, reason);
  }
}

void on(Decider& decider, const DaemonStarted& event) {
  const State& state = decider.state();
  // Over a restart of the machine the time line goes by the wall clock, which may have leapt: what
  // was to be waited for is waited for in full.
  const auto cut_short = [&event](Instant end) {
    return event.rebooted_after && end > *event.rebooted_after;
  };
  if (state.lease != event.lease || cut_short(state.leases_over)) {
    decider.decide(LeaseChanged{event.lease, event.leases_over, decider.at().wall});
  }
  if (state.just_restored || cut_short(state.starts_from)) {
    decider.decide(StartsDeferred{event.leases_over, decider.at().wall});
  }
  if (event.rebooted_after) {
    await_returns(decider);
  }
  std::vector<AgentId> connected;
  for (const auto& [id, agent] : state.agents) {
    if (agent.state == AgentState::kConnected) {
      connected.push_back(id);
    }
  }
  for (const AgentId id : connected) {
    set_agent_state(decider, id, AgentState::kSuspect);
  }
  for (const SweepId sweep : state.live) {
    decider.touch(sweep);
  }
}

}  // namespace sweepd::core
