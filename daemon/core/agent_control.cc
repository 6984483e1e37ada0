// What people decide about agents: drain, resume and forget.
#include "daemon/core/decider.h"
#include "daemon/core/selector.h"

#include <fmt/format.h>

namespace sweepd::core {

namespace {

// A second drain gives a new reason.
void drain(Decider& decider, const Agent& agent, const AgentControlRequested& event) {
  const Reason reason{ReasonCode::kUser,
                      fmt::format("drained by {}{}{}",
                                  event.user.empty() ? "a user" : event.user,
                                  event.reason.empty() ? "" : ": ",
                                  event.reason)};
  decider.decide(AgentDrained{event.request, agent.id, reason, decider.at().wall});
}

Result<void> resume(Decider& decider, const Agent& agent, const AgentControlRequested& event) {
  if (!agent.drained && agent.streak.empty()) {
    return Error{Errc::kWrongState,
                 fmt::format("agent {} is not drained, and no trials failed on it in a row: there "
                             "is nothing to resume",
                             agent.name)};
  }
  decider.decide(AgentResumed{event.request, agent.id, decider.at().wall});
  return {};
}

// A lost agent holds nothing: whatever it ran was given up with it.
Result<void> forget(Decider& decider, const Agent& agent, const AgentControlRequested& event) {
  if (agent.state != AgentState::kLost) {
    return Error{Errc::kWrongState,
                 fmt::format("agent {} is not lost: stop its sweep-agent first, and it is as soon "
                             "as it has said goodbye",
                             agent.name)};
  }
  decider.decide(
      AgentStateChanged{agent.id, AgentState::kForgotten, decider.at().wall, event.request});
  return {};
}

Result<AgentId> control(Decider& decider, const AgentControlRequested& event) {
  SWEEPD_TRY(const AgentId id, select_agent(decider.state(), event.selector));
  const Agent& agent = decider.state().agents.at(id);
  switch (event.verb) {
    case AgentVerb::kDrain:
      drain(decider, agent, event);
      return id;
    case AgentVerb::kResume:
      SWEEPD_TRY_VOID(resume(decider, agent, event));
      return id;
    case AgentVerb::kForget:
      SWEEPD_TRY_VOID(forget(decider, agent, event));
      return id;
  }
  return Error{Errc::kInvalidArgument, "unknown verb"};
}

}  // namespace

void on(Decider& decider, const AgentControlRequested& event) {
  if (answered_before(decider, event.request)) {
    return;
  }
  const Result<AgentId> agent = control(decider, event);
  if (!agent.ok()) {
    decider.ask(Answer{event.request, agent.error()});
    return;
  }
  decider.ask(Answer{event.request, AgentAnswer{*agent}});
}

}  // namespace sweepd::core
