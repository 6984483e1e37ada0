// Whom failures are charged to: agents and trials.
#include "tests/daemon/core/two_boxes.h"

using namespace sweepd;
using namespace sweepd::core;

TEST_CASE("charge: a quick failure goes to another agent and spends no retry") {
  Desk desk = two_boxes(1, 1);
  desk.submit(a_spec(1));
  const Outcome failed = desk.fail(attempt_key(1, 1));
  const auto requeued = one_record<TrialRequeued>(failed);
  CHECK_FALSE(requeued.spends_retry);
  CHECK(requeued.failed_on == desk.agent("bad"));
  CHECK(requeued.reason ==
        Reason{ReasonCode::kExitCode, "failed quickly on bad: exit code 1: ValueError: no"});
  CHECK(one_record<AgentCharged>(failed) ==
        AgentCharged{desk.agent("bad"), {SweepId{1}, TrialNumber{1}}, Charge::kMade});
  CHECK(one_record<AttemptAssigned>(failed).agent == desk.agent("good"));
  CHECK(records<TrialClosed>(failed).empty());
  CHECK_EQ(desk.trial(1).failures, 0);
}

TEST_CASE("charge: what fails on a second agent has failed, and the first one is not to blame") {
  Desk desk = two_boxes(1, 1);
  desk.submit(a_spec(1));
  desk.fail(attempt_key(1, 1));
  const Outcome second = desk.fail(attempt_key(1, 1, 2));
  CHECK(one_record<AgentCharged>(second).charge == Charge::kWithdrawn);
  CHECK(one_record<TrialClosed>(second).state == TrialState::kFailed);
  CHECK(agent_of(desk, "bad").streak.empty());
  CHECK(agent_of(desk, "good").streak.empty());
  CHECK_EQ(explain(desk.state, desk.sweep(), desk.trial(1), desk.now),
           "1/1 is failed: exit code 1: ValueError: no\nit failed on 2 agents: bad, good");
}

TEST_CASE("charge: retries come after the second agent, and are not doubled") {
  sweeps::SweepSpec spec = a_spec(1);
  spec.retry.attempts = 2;
  Desk desk = two_boxes(1, 1);
  desk.submit(spec);
  desk.fail(attempt_key(1, 1));
  desk.fail(attempt_key(1, 1, 2));
  CHECK_EQ(desk.trial(1).failures, 1);
  desk.fail(attempt_key(1, 1, 3));
  CHECK(desk.trial(1).state == TrialState::kFailed);
}

TEST_CASE("charge: with no other agent that could run it the failure is the trial's at once") {
  Desk desk;
  desk.join("bad", Desk::slots(0, 1));
  desk.join("cpu", Desk::slots(1));
  desk.join("lost", Desk::slots(0, 1));
  desk.step(AgentLost{desk.agent("lost"), false});
  desk.join("drained", Desk::slots(0, 1));
  desk.step(AgentControlRequested{desk.fresh_request(), AgentVerb::kDrain, "drained", "ada", ""});
  sweeps::SweepSpec spec = a_spec(1);
  spec.resources.gpus = 1;
  desk.submit(spec);
  const Outcome failed = desk.fail(attempt_key(1, 1));
  CHECK(one_record<TrialClosed>(failed).state == TrialState::kFailed);
  CHECK(records<AgentCharged>(failed).empty());
}

TEST_CASE("charge: a late failure, one after a report, a timeout and a job's are the trial's") {
  const auto closed = [](Duration age, bool reports, ReasonCode code, bool job) {
    Desk desk = two_boxes(1, 1);
    sweeps::SweepSpec spec = a_spec(1);
    spec.job = job;
    desk.submit(spec);
    if (reports) {
      desk.report(attempt_key(1, 1), 1, 0.5);
    }
    desk.pass(age);
    AttemptOutcome outcome;
    outcome.exit_code = 1;
    outcome.failure = {code, "why"};
    return !records<TrialClosed>(desk.end(attempt_key(1, 1), outcome)).empty();
  };
  CHECK_FALSE(closed({kQuick.us - 1}, false, ReasonCode::kNone, false));
  CHECK(closed(kQuick, false, ReasonCode::kNone, false));
  CHECK(closed({}, true, ReasonCode::kNone, false));
  CHECK(closed({}, false, ReasonCode::kTimeout, false));
  CHECK(closed({}, false, ReasonCode::kNone, true));
  CHECK_FALSE(closed({}, false, ReasonCode::kExecError, false));
  CHECK_FALSE(closed({}, false, ReasonCode::kPrepareError, false));
}

TEST_CASE("charge: a box that cannot begin its trials loses them to the other, and is drained") {
  Desk desk = two_boxes(8, 1);
  desk.submit(a_spec(20));
  int attempts = 0;
  while (!desk.state.held[desk.agent("bad")].empty()) {
    const AttemptKey key = *desk.state.held[desk.agent("bad")].begin();
    const Outcome lost = desk.end(key, not_begun());
    const auto requeued = one_record<TrialRequeued>(lost);
    CHECK_FALSE(requeued.spends_retry);
    CHECK_FALSE(requeued.failed_on);
    CHECK(one_record<AgentCharged>(lost).agent == desk.agent("bad"));
    ++attempts;
  }
  CHECK_EQ(attempts, kStreakMax);
  CHECK(is_suspended(agent_of(desk, "bad")));
  // What it could not begin is done elsewhere.
  desk.complete(current(desk, 6), 0.5);
  REQUIRE(runs_on(desk, 1, "good"));
  desk.report(current(desk, 1), 1, 0.5);
  const auto& drained = agent_of(desk, "bad").drained;
  REQUIRE(drained.has_value());
  CHECK_MESSAGE(drained->sentence.find("here it failed: no space left") != std::string::npos,
                drained->sentence);
  CHECK_EQ(desk.sweep().count(TrialState::kFailed), 0);
}

TEST_CASE("charge: a box that could not begin a trial is no witness that the trial fails") {
  Desk desk = two_boxes(1, 1);
  desk.submit(a_spec(1));
  desk.end(attempt_key(1, 1), not_begun());
  REQUIRE(runs_on(desk, 1, "good"));
  CHECK(records<TrialClosed>(desk.fail(attempt_key(1, 1, 2))).empty());
  REQUIRE(runs_on(desk, 1, "bad"));
  const Outcome second = desk.fail(attempt_key(1, 1, 3));
  CHECK(one_record<TrialClosed>(second).state == TrialState::kFailed);
}

TEST_CASE("charge: what one lone box cannot begin waits longer each time, and never fails") {
  Desk desk;
  desk.join("bad", Desk::slots(1));
  desk.submit(a_spec(1));
  std::int64_t before = 0;
  for (int i = 0; i < 120; ++i) {
    const auto requeued = one_record<TrialRequeued>(desk.end(current(desk, 1), not_begun()));
    const Duration pause = requeued.not_before - desk.now;
    CHECK(pause.us >= before);
    CHECK(pause <= seconds(60));
    before = pause.us;
    desk.pass(pause);
    desk.step(TimePassed{});
  }
  CHECK_EQ(before, seconds(60).us);
  desk.complete(current(desk, 1), 0.5);
  CHECK(desk.trial(1).state == TrialState::kCompleted);
  CHECK_EQ(desk.trial(1).failures, 0);
}

TEST_CASE("charge: a job that a box cannot begin goes to another one, which is not charged") {
  Desk desk = two_boxes(1, 1);
  sweeps::SweepSpec spec = a_spec(1);
  spec.job = true;
  desk.submit(spec);
  const Outcome lost = desk.end(attempt_key(1, 1), not_begun());
  CHECK(one_record<AttemptAssigned>(lost).agent == desk.agent("good"));
  CHECK(records<AgentCharged>(lost).empty());
}

TEST_CASE("charge: a broken agent with many slots costs five attempts and no trial") {
  Desk desk = two_boxes(8, 3);
  desk.submit(a_spec(20));
  CHECK_EQ(desk.state.held[desk.agent("bad")].size(), kStreakMax);
  CHECK_EQ(burn(desk, "bad"), kStreakMax);
  CHECK(is_suspended(agent_of(desk, "bad")));
  CHECK_FALSE(agent_of(desk, "bad").drained.has_value());
  // The good one finishes its own first, then takes what failed before anything new.
  for (std::uint32_t trial = 6; trial <= 8; ++trial) {
    desk.complete(current(desk, trial), 0.5);
  }
  CHECK(runs_on(desk, 1, "good"));
  const Outcome verdict = desk.report(current(desk, 1), 1, 0.5);
  const auto drained = one_record<AgentDrained>(verdict);
  CHECK(drained.agent == desk.agent("bad"));
  CHECK(drained.request == RequestId{});
  CHECK(drained.reason.code == ReasonCode::kAgentBroken);
  CHECK_EQ(
      drained.reason.sentence,
      "5 different trials in a row failed on it within 30 s of their start, and 1/1 did well "
      "elsewhere; here it failed: exit code 1: ValueError: no; repair it, then `sweepctl agent "
      "resume 1`");
  for (std::uint32_t trial = 1; trial <= 20; ++trial) {
    desk.complete(current(desk, trial), 0.5);
  }
  CHECK(desk.sweep().state == SweepState::kCompleted);
  CHECK_EQ(desk.sweep().count(TrialState::kCompleted), 20);
}

TEST_CASE("charge: verdicts that came before the fifth failure drain at the fifth") {
  Desk desk = two_boxes(1, 1);
  desk.submit(a_spec(20));
  Outcome failed;
  for (std::uint32_t trial = 1; trial <= kStreakMax; ++trial) {
    CHECK_FALSE(agent_of(desk, "bad").drained.has_value());
    const AttemptKey here = *desk.state.held[desk.agent("bad")].begin();
    failed = desk.fail(here);
    desk.complete(*desk.state.held[desk.agent("good")].begin(), 0.5);
    desk.complete(*desk.state.held[desk.agent("good")].begin(), 0.5);
  }
  CHECK_EQ(records<AgentDrained>(failed).size(), 1);
}

TEST_CASE("charge: a typo in the script drains nobody and pauses the sweep") {
  Desk desk = two_boxes(8, 8);
  desk.submit(a_spec(100));
  int failed = 0;
  while (desk.sweep().state == SweepState::kRunning) {
    const std::string box = desk.state.held[desk.agent("bad")].empty() ? "good" : "bad";
    REQUIRE_FALSE(desk.state.held[desk.agent(box)].empty());
    desk.fail(*desk.state.held[desk.agent(box)].begin());
    ++failed;
  }
  CHECK(desk.sweep().state == SweepState::kPaused);
  CHECK(desk.sweep().reason.code == ReasonCode::kFailedTrials);
  CHECK_EQ(desk.sweep().count(TrialState::kFailed), 5);
  CHECK_LE(failed, 4 * static_cast<int>(kStreakMax));
  CHECK_FALSE(agent_of(desk, "bad").drained.has_value());
  CHECK_FALSE(agent_of(desk, "good").drained.has_value());
}

TEST_CASE("charge: a success ends the streak and opens all slots") {
  Desk desk = two_boxes(8, 1);
  desk.submit(a_spec(30));
  desk.fail(attempt_key(1, 1));
  CHECK_EQ(agent_of(desk, "bad").streak.size(), 1);
  const Outcome proof = desk.report(attempt_key(1, 2), 1, 0.5);
  CHECK(one_record<AgentProven>(proof).agent == desk.agent("bad"));
  CHECK(agent_of(desk, "bad").streak.empty());
  CHECK_EQ(desk.state.held[desk.agent("bad")].size(), 8);
}

TEST_CASE("charge: what has run for a while is no risk any more, and proves nothing") {
  Desk desk = two_boxes(8, 1);
  desk.submit(a_spec(30));
  CHECK_EQ(desk.state.held[desk.agent("bad")].size(), 5);
  desk.pass(kQuick);
  desk.step(TimePassed{});
  CHECK_EQ(desk.state.held[desk.agent("bad")].size(), 8);
  CHECK_FALSE(agent_of(desk, "bad").proven);
}

TEST_CASE("charge: jobs are neither held back by an unproven agent nor prove it") {
  Desk desk;
  desk.join("box", Desk::slots(8));
  sweeps::SweepSpec job = a_spec(1);
  job.job = true;
  for (int i = 0; i < 8; ++i) {
    desk.submit(job);
  }
  CHECK_EQ(desk.state.held[desk.agent()].size(), 8);
  CHECK(records<AgentProven>(desk.complete(attempt_key(1, 1), 0.5)).empty());
}

TEST_CASE("charge: two suspended agents try each other's trials") {
  Desk desk = two_boxes(5, 5);
  desk.submit(a_spec(100));
  // Five fail on each at the same time: their agents are suspended before anything is tried again.
  for (std::uint32_t trial = 1; trial <= 10; ++trial) {
    desk.fail(attempt_key(1, trial));
  }
  CHECK(is_suspended(agent_of(desk, "bad")));
  CHECK(is_suspended(agent_of(desk, "good")));
  CHECK(runs_on(desk, 1, "good"));
  CHECK(runs_on(desk, 6, "bad"));
  CHECK(desk.trial(11).attempts.empty());
  const Outcome verdict = desk.report(current(desk, 1), 1, 0.5);
  CHECK(one_record<AgentDrained>(verdict).agent == desk.agent("bad"));
  CHECK(agent_of(desk, "good").streak.empty());
}

TEST_CASE("charge: a trial goes back to where it failed when no other agent is left") {
  Desk desk = two_boxes(1, 1);
  desk.submit(a_spec(2));
  desk.fail(attempt_key(1, 1));
  desk.step(AgentSuspected{desk.agent("good")});
  CHECK(desk.trial(1).state == TrialState::kQueued);  // it may come back
  CHECK_EQ(explain(desk.state, desk.sweep(), desk.trial(1), desk.now),
           "1/1 is queued again: failed quickly on bad: exit code 1: ValueError: no\n"
           "it failed quickly on bad and is tried on another agent\n"
           "slots are idle, on agents where nothing has done well yet: they get at most 5 new "
           "trials at a time until one has reported");
  desk.step(AgentLost{desk.agent("good"), false});
  CHECK(runs_on(desk, 1, "bad"));
  const Outcome again = desk.fail(current(desk, 1));
  CHECK(one_record<TrialClosed>(again).state == TrialState::kFailed);
  CHECK(agent_of(desk, "bad").streak.empty());
}

TEST_CASE("charge: a suspended agent gets one trial at a time when no verdict is due") {
  Desk desk = two_boxes(5, 5);
  desk.submit(a_spec(5));
  sweeps::SweepSpec later = a_spec(9);
  later.priority = -1;
  for (std::uint32_t trial = 1; trial <= 5; ++trial) {
    desk.fail(attempt_key(1, trial));  // on `bad`, and then they run on `good`
  }
  CHECK(desk.state.held[desk.agent("bad")].empty());
  const SweepId second = desk.submit(later);
  CHECK(desk.state.held[desk.agent("bad")].empty());
  desk.control(ControlVerb::kKill, "1");
  for (std::uint32_t trial = 1; trial <= 5; ++trial) {
    desk.end(attempt_key(1, trial, 2));
  }
  CHECK_EQ(desk.state.held[desk.agent("bad")].size(), 1);
  CHECK_EQ(desk.sweep(second).active(), 6);
}

TEST_CASE("charge: streak and drain outlive a new start of the agent") {
  Desk desk = two_boxes(1, 1);
  desk.submit(a_spec(3));
  desk.fail(attempt_key(1, 1));
  desk.step(AgentControlRequested{desk.fresh_request(), AgentVerb::kDrain, "bad", "ada", ""});
  desk.join("bad", Desk::slots(2), {}, "boot-2");
  CHECK_EQ(agent_of(desk, "bad").streak.size(), 1);
  CHECK(agent_of(desk, "bad").drained.has_value());
}

TEST_CASE("waiting: it is said that every agent is drained, or under suspicion") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.step(AgentControlRequested{desk.fresh_request(), AgentVerb::kDrain, "box", "ada", ""});
  desk.submit(a_spec(1));
  CHECK_EQ(why_waiting(desk.state, desk.sweep(), desk.now),
           "every agent that could run it is drained (box); `sweepctl agent show 1` says why, "
           "`sweepctl agent resume 1` lets it work again");
  Desk two = two_boxes(5, 5);
  two.submit(a_spec(20));
  for (std::uint32_t trial = 1; trial <= 10; ++trial) {
    two.fail(attempt_key(1, trial));
  }
  CHECK_EQ(why_waiting(two.state, two.sweep(), two.now),
           "5 different trials in a row failed quickly on bad, good, which gets no new ones until "
           "they have been tried on another agent; `sweepctl agent show 1` lists them");
}

// ---- poison
