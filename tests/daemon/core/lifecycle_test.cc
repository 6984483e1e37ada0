// How trials and sweeps come to their end.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

Desk with_trials(std::uint32_t trials) {
  Desk desk;
  desk.join("box", Desk::slots(trials));
  desk.submit(a_spec(trials));
  return desk;
}

}  // namespace

TEST_CASE("sweep: it completes with its last trial when any trial ended well") {
  Desk desk = with_trials(2);
  CHECK(records<SweepEnded>(desk.fail(attempt_key(1, 1))).empty());
  const auto ended = one_record<SweepEnded>(desk.complete(attempt_key(1, 2), 0.5));
  CHECK(ended.state == SweepState::kCompleted);
  CHECK(ended.reason == Reason{ReasonCode::kAllTrialsEnded, "all 2 trials ended"});
  CHECK(desk.sweep().ended == ended.wall);
  CHECK(desk.state.live.empty());
}

TEST_CASE("sweep: it fails when every trial failed, and says how the last one did") {
  Desk desk = with_trials(2);
  desk.fail(attempt_key(1, 1));
  const auto ended = one_record<SweepEnded>(desk.fail(attempt_key(1, 2), 7));
  CHECK(ended.state == SweepState::kFailed);
  CHECK_EQ(ended.reason.sentence,
           "none of 2 trials completed; the last failure: exit code 7: ValueError: no");
}

TEST_CASE("sweep: a job fails with the reason of its one trial") {
  Desk desk = with_trials(1);
  CHECK(one_record<SweepEnded>(desk.fail(attempt_key(1, 1))).reason.code == ReasonCode::kExitCode);
}

TEST_CASE("sweep: it is cancelled when every trial was") {
  Desk desk = with_trials(2);
  desk.control(ControlVerb::kKill, "1/all");
  desk.end(attempt_key(1, 1));
  CHECK(one_record<SweepEnded>(desk.end(attempt_key(1, 2))).state == SweepState::kCancelled);
}

TEST_CASE("sweep: one that is stopped before any trial completed is cancelled") {
  Desk desk;
  desk.submit(a_spec(2));
  const auto ended = one_record<SweepEnded>(desk.control(ControlVerb::kStop, "1"));
  CHECK(ended.state == SweepState::kCancelled);
  CHECK_EQ(ended.reason.sentence, "stopped by ada: because, before any trial completed");
}

TEST_CASE("sweep: early termination that waits for a field nobody reports is told at the end") {
  for (const char* field : {"epohc", "epoch"}) {
    sweeps::SweepSpec spec = a_spec(1);
    spec.stop.policy = sweeps::PolicyKind::kMedian;
    spec.stop.time = field;
    Desk desk;
    desk.join("box", Desk::slots(1));
    desk.submit(spec);
    desk.report(attempt_key(1, 1), 1, 0.5);
    AttemptOutcome outcome;
    outcome.metric_names = {"loss", "epoch"};
    const auto ended = one_record<SweepEnded>(desk.end(attempt_key(1, 1), outcome));
    const std::string unseen =
        "early termination never saw 'epohc' (`time` of [stop]); 1/1 reported: loss, epoch; did "
        "you mean 'epoch'?";
    const bool told = ended.reason.sentence == "its only trial ended; " + unseen;
    CHECK(told == (spec.stop.time == "epohc"));
    const std::string why = explain(desk.state, desk.sweep(), desk.trial(1), desk.now);
    CHECK((why.find(unseen) != std::string::npos) == (spec.stop.time == "epohc"));
  }
}

TEST_CASE("sweep: a paused one whose trials are all over ends all the same") {
  Desk desk = with_trials(1);
  desk.control(ControlVerb::kPause, "1");
  CHECK(one_record<SweepEnded>(desk.complete(attempt_key(1, 1), 0.5)).state ==
        SweepState::kCompleted);
}

TEST_CASE("sweep: a lost attempt of a closing sweep is cancelled, not queued for ever") {
  Desk desk = with_trials(1);
  desk.control(ControlVerb::kStop, "1");
  const Outcome lost = desk.step(AgentLost{desk.agent(), false});
  CHECK(one_record<TrialClosed>(lost).state == TrialState::kCancelled);
  CHECK(one_record<SweepEnded>(lost).state == SweepState::kCancelled);
}

TEST_CASE("sweep: proposals are asked for as long as fewer than the slots are queued") {
  Desk desk;
  desk.join("box", Desk::slots(5));
  const SweepId id = desk.submit(a_spec(100), false);
  const Outcome first = desk.propose(id, 5);
  CHECK(one_effect<Suggest>(first) == Suggest{id, TrialNumber{6}, 5});
  CHECK(effects<Suggest>(desk.propose(id, 5)).empty());
}

namespace {

Outcome give_back(Desk& desk, const AttemptKey& key) {
  AttemptOutcome outcome;
  outcome.started = false;
  outcome.failure = {ReasonCode::kStoppedByAgent, "no room"};
  return desk.end(key, outcome);
}

}  // namespace

TEST_CASE("given back: a trial that no agent can start is tried less and less often") {
  Desk desk = with_trials(1);
  std::int64_t waited_s = 0;
  for (std::uint32_t attempt = 1; attempt < 30; ++attempt) {
    const Outcome lost = give_back(desk, attempt_key(1, 1, attempt));
    const Duration pause = one_record<TrialRequeued>(lost).not_before - desk.now;
    CHECK_EQ(pause.us > 0, attempt >= 3);
    CHECK(pause <= seconds(60));
    CHECK_EQ(records<AttemptAssigned>(lost).empty(), attempt >= 3);
    desk.pass(pause);
    waited_s += pause.us / 1'000'000;
    desk.step(TimePassed{});
    REQUIRE(desk.attempt(attempt_key(1, 1, attempt + 1)).state == AttemptState::kAssigned);
  }
  CHECK_EQ(waited_s, 1 + 2 + 4 + 8 + 16 + 32 + 21 * 60);
  CHECK_EQ(desk.trial(1).failures, 0);
}

TEST_CASE("given back: an attempt that does anything else begins the count anew") {
  Desk desk = with_trials(1);
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    give_back(desk, attempt_key(1, 1, attempt));
  }
  desk.step(AgentLost{desk.agent(), false});
  desk.join("box", Desk::slots(1));
  CHECK(one_record<TrialRequeued>(give_back(desk, attempt_key(1, 1, 4))).not_before == desk.now);
}

TEST_CASE("given back: trials that wait do not keep slots idle") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  const SweepId id = desk.submit(a_spec(100), false);
  desk.propose(id, 4);
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    give_back(desk, attempt_key(1, 1, attempt));
  }
  const Outcome third = give_back(desk, attempt_key(1, 1, 3));
  CHECK(one_record<AttemptAssigned>(third).attempt == attempt_key(1, 2));
  // Three wait of the four that are wanted, less the one that was given the slot.
  CHECK(one_effect<Suggest>(third) == Suggest{id, TrialNumber{5}, 2});
}

TEST_CASE("late facts: an ended sweep is changed by nothing that an agent says") {
  Desk desk = with_trials(1);
  desk.complete(attempt_key(1, 1), 0.5);
  const State before = desk.state;
  const AgentId agent = desk.agent();
  desk.step(ReportsArrived{agent, attempt_key(1, 1), {Desk::a_report(2, 0.1)}});
  desk.step(AttemptEnded{agent, attempt_key(1, 1), 1, {}});
  desk.step(AttemptsHeld{agent, {{attempt_key(1, 1), Phase::kRunning}}});
  desk.step(TrialsSuggested{SweepId{1}, TrialNumber{2}, {{}}, false});
  desk.step(TimePassed{});
  CHECK(desk.state == before);
}

TEST_CASE("sweep: a sampler that gives up is the reason of the end, in words") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  const SweepId id = desk.submit(a_spec(5), false);
  desk.propose(id, 1, true);
  const SweepEnded ended = one_record<SweepEnded>(desk.complete(attempt_key(1, 1), 0.5));
  CHECK(ended.state == SweepState::kCompleted);
  CHECK(ended.reason == Reason{ReasonCode::kSpaceExhausted,
                               "after 1 of 5 trials, no assignment satisfied the constraints in "
                               "10000 tries"});
}
