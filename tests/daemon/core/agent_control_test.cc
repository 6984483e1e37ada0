// What people decide about agents: drain, resume and forget.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

Outcome ask(Desk& desk, AgentVerb verb, const std::string& selector) {
  return desk.step(AgentControlRequested{desk.fresh_request(), verb, selector, "ada", "fan"});
}

}  // namespace

TEST_CASE("drain: nothing new starts on the agent, and what runs goes on") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(a_spec(3));
  const Outcome drained = ask(desk, AgentVerb::kDrain, "box");
  CHECK(one_record<AgentDrained>(drained).reason ==
        Reason{ReasonCode::kUser, "drained by ada: fan"});
  CHECK(std::get<AgentAnswer>(one_effect<Answer>(drained).body) == AgentAnswer{desk.agent()});
  CHECK(effects<StopAttempt>(drained).empty());
  const Outcome ended = desk.complete(attempt_key(1, 1), 0.5);
  CHECK(records<AttemptAssigned>(ended).empty());
  const Outcome resumed = ask(desk, AgentVerb::kResume, "1");
  CHECK_EQ(records<AgentResumed>(resumed).size(), 1);
  CHECK_EQ(records<AttemptAssigned>(resumed).size(), 1);
}

TEST_CASE("drain: a repeated request is answered and not carried out again") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  const AgentControlRequested event{{7, 7}, AgentVerb::kDrain, "box", "ada", ""};
  desk.step(event);
  const Outcome again = desk.step(event);
  CHECK(again.records.empty());
  CHECK(std::get<AgentAnswer>(one_effect<Answer>(again).body) == AgentAnswer{desk.agent()});
}

TEST_CASE("resume: forgets the streak, and the agent has to prove itself anew") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.join("other", Desk::slots(1));
  desk.submit(a_spec(3));
  desk.fail(attempt_key(1, 1));
  CHECK_EQ(desk.state.agents.at(desk.agent()).streak.size(), 1);
  ask(desk, AgentVerb::kResume, "box");
  CHECK(desk.state.agents.at(desk.agent()).streak.empty());
  CHECK_FALSE(desk.state.agents.at(desk.agent()).proven);
}

TEST_CASE("agent selector: a number or a unique name, and a sentence for the rest") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.join("box-2", Desk::slots(1));
  desk.step(AgentJoined{"u3", "box-2", "boot", "1", {}, {}, {}});
  CHECK(refusal(ask(desk, AgentVerb::kDrain, "bxo")) ==
        Error{Errc::kNotFound, "there is no agent 'bxo'; did you mean 'box'?"});
  CHECK(refusal(ask(desk, AgentVerb::kDrain, "9")).code == Errc::kNotFound);
  CHECK(refusal(ask(desk, AgentVerb::kDrain, "box-2")) ==
        Error{Errc::kInvalidArgument,
              "2 agents are named 'box-2': use a number, as `sweepctl agent ls` shows them"});
  CHECK(refusal(ask(desk, AgentVerb::kResume, "1")) ==
        Error{Errc::kWrongState,
              "agent box is not drained, and no trials failed on it in a row: there is nothing to "
              "resume"});
  CHECK_EQ(records<AgentDrained>(ask(desk, AgentVerb::kDrain, "2")).size(), 1);
}

TEST_CASE("forget: a lost agent is found no more, until it comes back") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  CHECK(refusal(ask(desk, AgentVerb::kForget, "box")).code == Errc::kWrongState);
  desk.step(AgentLost{desk.agent(), false});
  const AgentControlRequested event{{7, 7}, AgentVerb::kForget, "box", "ada", ""};
  CHECK(one_record<AgentStateChanged>(desk.step(event)).state == AgentState::kForgotten);
  CHECK(refusal(ask(desk, AgentVerb::kDrain, "box")).code == Errc::kNotFound);
  CHECK(refusal(ask(desk, AgentVerb::kDrain, "1")).code == Errc::kNotFound);
  const Outcome again = desk.step(event);
  CHECK(again.records.empty());
  CHECK(std::get<AgentAnswer>(one_effect<Answer>(again).body) == AgentAnswer{desk.agent()});
  // What is said of it late does not list it again.
  CHECK(desk.step(AgentLost{desk.agent(), true}).records.empty());
  // Under its number, with what is known of it, and with work at once.
  const Outcome back = desk.join("box", Desk::slots(1));
  CHECK(one_record<AgentRegistered>(back).agent == AgentId{1});
  CHECK_EQ(records<AttemptAssigned>(back).size(), 1);
}
