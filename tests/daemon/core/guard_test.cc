// Trials that take their agents down, and sweeps that pause themselves.
#include "tests/daemon/core/two_boxes.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

void crash(Desk& desk, const std::string& box, int boot) {
  desk.join(box, Desk::slots(2), {}, fmt::format("boot-{}", boot));
}

}  // namespace

TEST_CASE("poison: a trial that its agent goes down with three times has failed") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  for (std::uint32_t crashes = 1; crashes <= kCrashesMax; ++crashes) {
    CHECK(desk.trial(1).state != TrialState::kFailed);
    AttemptOutcome outcome;
    outcome.failure = {ReasonCode::kAgentRestarted, "the agent was restarted"};
    desk.end(current(desk, 1), outcome);
    CHECK_EQ(desk.trial(1).crashes, crashes);
    CHECK_EQ(desk.trial(1).failures, 0);
  }
  CHECK(desk.trial(1).state == TrialState::kFailed);
  CHECK(desk.trial(1).reason ==
        Reason{ReasonCode::kAgentCrashed,
               "its agent went down under it 3 times, the last one was box; look at the box "
               "(dmesg, memory), then `sweepctl retry 1/1`"});
  desk.control(ControlVerb::kRetry, "1/1");
  CHECK_EQ(desk.trial(1).crashes, 0);
}

TEST_CASE("poison: leases, goodbyes, stops and what never began do not count") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  for (const ReasonCode code : {ReasonCode::kAgentLost, ReasonCode::kStoppedByAgent}) {
    AttemptOutcome outcome;
    outcome.failure = {code, "why"};
    desk.end(current(desk, 1), outcome);
  }
  AttemptOutcome never;
  never.started = false;
  never.failure = {ReasonCode::kAgentRestarted, "why"};
  const Outcome lost = desk.end(current(desk, 1), never);
  CHECK(one_record<AttemptClosed>(lost).reason.code == ReasonCode::kStoppedByAgent);
  desk.step(AgentLost{desk.agent(), false});
  desk.join("box", Desk::slots(1));
  desk.step(AgentLost{desk.agent(), true});
  CHECK_EQ(desk.trial(1).crashes, 0);
}

TEST_CASE("poison: a missing attempt counts when the box has started anew, and only then") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(a_spec(1));
  desk.run(attempt_key(1, 1));
  crash(desk, "box", 1);
  CHECK_EQ(desk.trial(1).crashes, 0);
  desk.run(current(desk, 1));
  crash(desk, "box", 2);
  CHECK_EQ(desk.trial(1).crashes, 1);
}

TEST_CASE("poison: two suspects do not share an agent, so that only one of them fails") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(a_spec(2));
  for (int boot = 2; boot <= 3; ++boot) {
    desk.hold({{current(desk, 1), Phase::kRunning}, {current(desk, 2), Phase::kRunning}});
    crash(desk, "box", boot);
  }
  CHECK_EQ(desk.trial(1).crashes, 2);
  CHECK_EQ(desk.trial(2).crashes, 2);
  CHECK(runs_on(desk, 1, "box"));
  CHECK(desk.trial(2).state == TrialState::kQueued);
  desk.run(current(desk, 1));
  crash(desk, "box", 4);
  CHECK(desk.trial(1).state == TrialState::kFailed);
  CHECK(runs_on(desk, 2, "box"));
}

// ---- the sweep pauses itself

namespace {

Desk one_box(const sweeps::SweepSpec& spec) {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(spec);
  return desk;
}

}  // namespace

TEST_CASE("guard: the first five failures pause the sweep once, and say what to do") {
  Desk desk = one_box(a_spec(20));
  Outcome last;
  for (std::uint32_t trial = 1; trial <= 5; ++trial) {
    CHECK(desk.sweep().state == SweepState::kRunning);
    last = desk.fail(attempt_key(1, trial));
  }
  CHECK(one_record<SweepStateChanged>(last) ==
        SweepStateChanged{
            SweepId{1},
            SweepState::kPaused,
            {ReasonCode::kFailedTrials,
             "5 of its first 5 trials failed, the last: exit code 1: ValueError: no; find out why, "
             "then `sweepctl retry 1/failed` and `sweepctl resume 1`"}});
  CHECK(records<AttemptAssigned>(last).empty());
  CHECK_EQ(why_waiting(desk.state, desk.sweep(), desk.now).substr(0, 55),
           "the sweep paused itself: 5 of its first 5 trials failed");
  desk.control(ControlVerb::kResume, "1");
  for (std::uint32_t trial = 6; trial <= 20; ++trial) {
    desk.fail(attempt_key(1, trial));
  }
  CHECK(desk.sweep().state == SweepState::kFailed);
}

TEST_CASE("guard: ten failures among the first twenty pause it, later ones do not") {
  Desk desk = one_box(a_spec(60));
  for (std::uint32_t trial = 1; trial <= 18; ++trial) {
    trial % 2 == 1 ? desk.complete(attempt_key(1, trial), 0.5) : desk.fail(attempt_key(1, trial));
  }
  CHECK(desk.sweep().state == SweepState::kRunning);
  desk.fail(attempt_key(1, 19));
  CHECK(desk.sweep().state == SweepState::kPaused);
  Desk late = one_box(a_spec(60));
  for (std::uint32_t trial = 1; trial <= 50; ++trial) {
    trial <= 11 ? late.complete(attempt_key(1, trial), 0.5) : late.fail(attempt_key(1, trial));
  }
  CHECK(late.sweep().state == SweepState::kRunning);
}

TEST_CASE("guard: nothing pauses when nothing is left to start, or a limit is given") {
  Desk desk = one_box(a_spec(5));
  for (std::uint32_t trial = 1; trial <= 5; ++trial) {
    desk.fail(attempt_key(1, trial));
  }
  CHECK(desk.sweep().state == SweepState::kFailed);
  sweeps::SweepSpec spec = a_spec(20);
  spec.limits.failed_trials = 8;
  Desk limited = one_box(spec);
  for (std::uint32_t trial = 1; trial <= 7; ++trial) {
    limited.fail(attempt_key(1, trial));
  }
  CHECK(limited.sweep().state == SweepState::kRunning);
}
