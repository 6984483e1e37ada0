// What the core decides when agents join, speak and fall silent.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

const AttemptKey kFirst = attempt_key(1, 1);

HeldAttempt held(const AttemptKey& key, Phase phase) {
  return {key, phase};
}

// One trial of two is assigned to the one slot of `box`.
Desk assigned(std::uint32_t trials = 2) {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(trials));
  return desk;
}

}  // namespace

TEST_CASE("join: a new agent is registered, welcomed and given work, in this order") {
  Desk desk;
  desk.submit(a_spec(1));
  const Outcome outcome = desk.join("box", Desk::slots(1));
  CHECK(one_record<AgentRegistered>(outcome).agent == AgentId{1});
  CHECK(one_record<AttemptAssigned>(outcome).attempt == kFirst);
  REQUIRE_EQ(outcome.effects.size(), 2);
  CHECK(std::get<WelcomeAgent>(outcome.effects[0]) == WelcomeAgent{AgentId{1}, "box", {}, {}});
  CHECK(std::get<StartAttempt>(outcome.effects[1]) == StartAttempt{AgentId{1}, kFirst});
}

TEST_CASE("join: the same agent again keeps its number and writes nothing new") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  CHECK(desk.join("box", Desk::slots(1)).records.empty());
  const Outcome moved = desk.join("box", Desk::slots(2));
  CHECK(one_record<AgentRegistered>(moved).agent == AgentId{1});
  CHECK(desk.join("other", Desk::slots(1)).records.size() == 1);
  CHECK(desk.agent("other") == AgentId{2});
}

TEST_CASE("join: an attempt that is still held goes on, and its reports are told") {
  Desk desk = assigned();
  desk.run(kFirst);
  desk.report(kFirst, 1, 0.5);
  const Outcome back = desk.join("box", Desk::slots(1), {held(kFirst, Phase::kRunning)});
  CHECK(back.records.empty());
  const auto welcome = one_effect<WelcomeAgent>(back);
  CHECK(welcome.kill.empty());
  CHECK(welcome.reports == std::vector<AckReports>{{AgentId{1}, kFirst, 1, false}});
}

TEST_CASE("join: an attempt that was confirmed and is no longer held is lost and spends no retry") {
  Desk desk = assigned();
  desk.run(kFirst);
  const Outcome back = desk.join("box", Desk::slots(1), {}, "boot-2");
  CHECK(one_record<AttemptClosed>(back).state == AttemptState::kLost);
  CHECK(one_record<AttemptClosed>(back).reason.code == ReasonCode::kAgentRestarted);
  CHECK_FALSE(one_record<TrialRequeued>(back).spends_retry);
  CHECK(one_record<AttemptAssigned>(back).attempt == attempt_key(1, 1, 2));
  CHECK_EQ(desk.trial(1).failures, 0);
}

TEST_CASE("join: an attempt that was never confirmed stays assigned: its order is repeated") {
  Desk desk = assigned();
  const Outcome back = desk.join("box", Desk::slots(1));
  CHECK(back.records.empty());
  CHECK(owed(desk.state, desk.now) == std::vector<Effect>{StartAttempt{AgentId{1}, kFirst}});
}

TEST_CASE("join: a slot that is not offered for a moment costs no order: the agent knows better") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(a_spec(2));
  REQUIRE_EQ(desk.attempt(attempt_key(1, 2)).slots, std::vector<std::uint32_t>{1});
  CHECK(records<AttemptClosed>(desk.join("box", Desk::slots(1))).empty());
  CHECK(desk.attempt(attempt_key(1, 2)).state == AttemptState::kAssigned);
}

TEST_CASE("join: an attempt that is to be stopped is not lost: its order is repeated") {
  Desk desk = assigned(1);
  desk.run(kFirst);
  desk.control(ControlVerb::kKill, "1");
  const Outcome back = desk.join("box", Desk::slots(1));
  CHECK(back.records.empty());
  REQUIRE_EQ(owed(desk.state, desk.now).size(), 1);
  CHECK(std::get<StopAttempt>(owed(desk.state, desk.now).front()).attempt == kFirst);
}

TEST_CASE("join: what the agent may not hold it is told to kill, unless it is over already") {
  Desk desk = assigned();
  desk.step(AgentLost{desk.agent(), false});
  const Outcome back = desk.join("box",
                                 Desk::slots(1),
                                 {held(kFirst, Phase::kRunning),
                                  held(attempt_key(1, 2), Phase::kEnded),
                                  held(attempt_key(8, 1), Phase::kFinishing)});
  CHECK(one_effect<WelcomeAgent>(back).kill == std::vector<AttemptKey>{kFirst, attempt_key(8, 1)});
  CHECK(one_effect<WelcomeAgent>(back).reports.empty());
}

TEST_CASE("held: phases move forward and never back") {
  Desk desk = assigned();
  CHECK(one_record<AttemptAdvanced>(desk.hold({held(kFirst, Phase::kPreparing)})).state ==
        AttemptState::kPreparing);
  CHECK(desk.trial(1).state == TrialState::kPreparing);
  CHECK(one_record<AttemptAdvanced>(desk.hold({held(kFirst, Phase::kRunning)})).state ==
        AttemptState::kRunning);
  CHECK(desk.trial(1).state == TrialState::kRunning);
  CHECK(desk.hold({held(kFirst, Phase::kPreparing)}).records.empty());
  CHECK(desk.hold({held(kFirst, Phase::kRunning)}).records.empty());
}

TEST_CASE(
    "held: finishing frees the slot for the next trial, and the end frees it no second time") {
  Desk desk = assigned(3);
  desk.run(kFirst);
  desk.report(kFirst, 1, 0.5);
  const Outcome finishing = desk.hold({held(kFirst, Phase::kFinishing)});
  CHECK(one_record<AttemptAssigned>(finishing).attempt == attempt_key(1, 2));
  CHECK(desk.trial(1).state == TrialState::kFinishing);
  const Outcome ended = desk.end(kFirst);
  CHECK(desk.trial(1).state == TrialState::kCompleted);
  CHECK(records<AttemptAssigned>(ended).empty());
  CHECK(desk.state.busy.begin()->second == attempt_key(1, 2));
}

TEST_CASE("held: a stop does not free the slot before the processes are gone") {
  Desk desk = assigned();
  desk.run(kFirst);
  desk.control(ControlVerb::kKill, "1/1");
  CHECK(records<AttemptAssigned>(desk.hold({held(kFirst, Phase::kStopping)})).empty());
  CHECK(records<AttemptAssigned>(desk.hold({held(kFirst, Phase::kRunning)})).empty());
  CHECK(desk.trial(1).state == TrialState::kStopping);
  const Outcome gone = desk.hold({held(kFirst, Phase::kFinishing)});
  CHECK(one_record<AttemptAssigned>(gone).attempt == attempt_key(1, 2));
}

TEST_CASE("held: a stranger is told to stop and changes nothing") {
  Desk desk = assigned(1);
  const Outcome outcome = desk.hold({held(attempt_key(1, 1, 9), Phase::kRunning)});
  CHECK(outcome.records.empty());
  const auto stop = one_effect<StopAttempt>(outcome);
  CHECK(stop.attempt == attempt_key(1, 1, 9));
  CHECK(stop.reason.code == ReasonCode::kSuperseded);
}

TEST_CASE("suspect: it gets no new work, keeps what it holds, and comes back with a heartbeat") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(a_spec(1));
  desk.run(kFirst);
  const Outcome silent = desk.step(AgentSuspected{desk.agent()});
  CHECK(one_record<AgentStateChanged>(silent).state == AgentState::kSuspect);
  CHECK_EQ(silent.records.size(), 1);
  CHECK(desk.step(AgentSuspected{desk.agent()}).records.empty());
  CHECK(desk.trial(1).state == TrialState::kRunning);
  const SweepId second = desk.submit(a_spec(1));
  CHECK(desk.trial(1, second).state == TrialState::kQueued);
  const Outcome back = desk.hold({held(kFirst, Phase::kRunning)});
  CHECK(one_record<AgentStateChanged>(back).state == AgentState::kConnected);
  CHECK(one_record<AttemptAssigned>(back).attempt == attempt_key(2, 1));
}

TEST_CASE("lost: its attempts wait again as they were, and another agent takes them") {
  Desk desk = assigned(1);
  desk.run(kFirst);
  desk.report(kFirst, 1, 0.1);
  desk.join("other", Desk::slots(1));
  const Outcome lost = desk.step(AgentLost{desk.agent(), false});
  CHECK(one_record<AttemptClosed>(lost).reason ==
        Reason{ReasonCode::kAgentLost, "the lease of agent box ended"});
  CHECK(one_record<AttemptAssigned>(lost).attempt == attempt_key(1, 1, 2));
  CHECK(one_record<AttemptAssigned>(lost).agent == desk.agent("other"));
  CHECK_EQ(desk.trial(1).tally.count(), 0);
  CHECK_EQ(desk.trial(1).failures, 0);
  CHECK(desk.step(AgentLost{desk.agent(), false}).records.empty());
}

TEST_CASE("lost: an attempt that was told to stop ends its trial as it was told") {
  Desk desk = assigned(1);
  desk.run(kFirst);
  desk.control(ControlVerb::kKill, "1/1");
  const Outcome lost = desk.step(AgentLost{desk.agent(), false});
  CHECK(one_record<AttemptClosed>(lost).state == AttemptState::kLost);
  CHECK(one_record<TrialClosed>(lost).state == TrialState::kCancelled);
  CHECK(one_record<SweepEnded>(lost).state == SweepState::kCancelled);
}

TEST_CASE("lost: a trial that is lost a hundred times has failed") {
  Desk desk = assigned(1);
  for (std::uint32_t attempt = 1; attempt < 100; ++attempt) {
    desk.step(AgentLost{desk.agent(), false});
    desk.join("box", Desk::slots(1));
    REQUIRE(desk.attempt(attempt_key(1, 1, attempt + 1)).state == AttemptState::kAssigned);
  }
  const Outcome last = desk.step(AgentLost{desk.agent(), false});
  CHECK(one_record<TrialClosed>(last).state == TrialState::kFailed);
  CHECK(one_record<TrialClosed>(last).reason.code == ReasonCode::kAgentLost);
}

TEST_CASE("lost: a goodbye is told apart from a lease that ended") {
  Desk desk = assigned(1);
  const Outcome bye = desk.step(AgentLost{desk.agent(), true});
  CHECK(one_record<AttemptClosed>(bye).reason ==
        Reason{ReasonCode::kStoppedByAgent, "agent box said goodbye"});
}

TEST_CASE("restart: every connected agent is suspect until it comes back, and sweeps ask again") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(3), false);
  const Outcome started = desk.step(DaemonStarted{});
  CHECK(one_record<AgentStateChanged>(started).state == AgentState::kSuspect);
  CHECK_EQ(started.records.size(), 1);
  CHECK(one_effect<Suggest>(started) == Suggest{SweepId{1}, TrialNumber{1}, 3});
  CHECK_EQ(started.effects.size(), 1);
  CHECK(desk.state.free_cpu.empty());
  desk.join("box", Desk::slots(1));
  CHECK_EQ(desk.state.free_cpu.size(), 1);
}

TEST_CASE("agents: unknown ones are nobody") {
  Desk desk;
  CHECK(desk.step(AgentSuspected{AgentId{5}}).records.empty());
  CHECK(desk.step(AgentLost{AgentId{5}, false}).records.empty());
  CHECK(desk.step(AttemptsHeld{AgentId{5}, {}}).records.empty());
}

TEST_CASE("daemon: another lease than the last one's is on record before anybody is promised it") {
  Desk desk;
  const Instant over{5'000'000};
  const auto changed = one_record<LeaseChanged>(desk.step(DaemonStarted{over, seconds(60)}));
  CHECK(changed.lease == seconds(60));
  CHECK(changed.leases_over == over);
  CHECK(desk.state.lease == seconds(60));
  CHECK(records<LeaseChanged>(desk.step(DaemonStarted{Instant{9}, seconds(60)})).empty());
  CHECK(desk.state.leases_over == over);
}
