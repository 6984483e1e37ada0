// What the core decides on submissions, proposals, requests of people and the passing of time.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

TEST_CASE("submission: a sweep is accepted, answered and asked proposals for") {
  Desk desk;
  const RequestId request{1, 2};
  const Outcome outcome =
      desk.step(SweepSubmitted{request, a_spec(3), "toml", "code", "ada", false});
  const auto accepted = one_record<SweepAccepted>(outcome);
  CHECK_EQ(outcome.records.size(), 1);
  CHECK(accepted.sweep == SweepId{1});
  CHECK(accepted.request == request);
  CHECK_EQ(accepted.toml, "toml");
  CHECK_EQ(accepted.snapshot_digest, "code");
  CHECK_EQ(accepted.user, "ada");
  CHECK(one_effect<Answer>(outcome) == Answer{request, SubmitAnswer{SweepId{1}, false}});
  CHECK(one_effect<Suggest>(outcome) == Suggest{SweepId{1}, TrialNumber{1}, 3});
  CHECK_EQ(outcome.effects.size(), 2);
}

TEST_CASE("submission: a repeated request gets the same sweep and changes nothing") {
  Desk desk;
  const SweepSubmitted event{{1, 2}, a_spec(), "toml", "code", "ada", false};
  desk.step(event);
  const Outcome again = desk.step(event);
  CHECK(again.records.empty());
  CHECK(one_effect<Answer>(again) == Answer{{1, 2}, SubmitAnswer{SweepId{1}, true}});
  CHECK_EQ(again.effects.size(), 1);
  CHECK_EQ(desk.state.sweeps.size(), 1);
}

TEST_CASE("submission: another body under the same id is refused, and nothing is done") {
  Desk desk;
  desk.step(SweepSubmitted{{1, 2, 3}, a_spec(), "toml", "code", "ada", false});
  for (const std::uint64_t body : {2U, 4U}) {
    const SweepSubmitted other{{1, 2, body}, a_spec(), "other", "code", "ada", false};
    CHECK(refusal(desk.step(other)) ==
          Error{Errc::kInvalidArgument,
                "another request was made under the same id: nothing was done"});
  }
  CHECK_EQ(desk.state.sweeps.size(), 1);
}

TEST_CASE("submission: another request makes another sweep") {
  Desk desk;
  CHECK(desk.submit(a_spec()) == SweepId{1});
  CHECK(desk.submit(a_spec()) == SweepId{2});
}

TEST_CASE("submission: a paused sweep asks for nothing and starts nothing until it is resumed") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  const Outcome outcome = desk.step(SweepSubmitted{{1, 2}, a_spec(), "", "", "ada", true});
  CHECK(effects<Suggest>(outcome).empty());
  CHECK(desk.sweep().state == SweepState::kPaused);
  CHECK_EQ(effects<Suggest>(desk.control(ControlVerb::kResume, "1")).size(), 1);
}

TEST_CASE("proposals: they become queued trials in order") {
  Desk desk;
  const SweepId id = desk.submit(a_spec(3), false);
  const Outcome outcome = desk.propose(id, 2);
  CHECK_EQ(one_record<TrialsProposed>(outcome).assignments.size(), 2);
  CHECK_EQ(outcome.records.size(), 1);
  CHECK(desk.sweep().queued == std::set<TrialNumber>{TrialNumber{1}, TrialNumber{2}});
  CHECK(desk.trial(2).assignment == sweeps::Assignment{{"width", std::int64_t{2}}});
  CHECK(one_effect<Suggest>(outcome) == Suggest{id, TrialNumber{3}, 1});
}

TEST_CASE("proposals: a stale answer, one for nobody and an empty one change nothing") {
  Desk desk;
  const SweepId id = desk.submit(a_spec(3), false);
  desk.propose(id, 2);
  CHECK(desk.step(TrialsSuggested{id, TrialNumber{1}, {{}}, false}).records.empty());
  CHECK(desk.step(TrialsSuggested{id, TrialNumber{4}, {{}}, false}).records.empty());
  CHECK(desk.step(TrialsSuggested{id, TrialNumber{3}, {}, false}).records.empty());
  CHECK(desk.step(TrialsSuggested{SweepId{9}, TrialNumber{1}, {{}}, false}).records.empty());
  desk.control(ControlVerb::kStop, "1");
  CHECK(desk.step(TrialsSuggested{id, TrialNumber{3}, {{}}, false}).records.empty());
}

TEST_CASE("proposals: an exhausted sampler ends the sweep with the last trial") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  const SweepId id = desk.submit(a_spec(10), false);
  desk.propose(id, 1, true);
  const Outcome outcome = desk.complete(attempt_key(1, 1), 0.5);
  CHECK(one_record<SweepEnded>(outcome).state == SweepState::kCompleted);
  CHECK(effects<Suggest>(outcome).empty());
}

TEST_CASE("proposals: an empty space ends the sweep at once") {
  Desk desk;
  const SweepId id = desk.submit(a_spec(10), false);
  const Outcome outcome = desk.propose(id, 0, true);
  CHECK(one_record<SweepEnded>(outcome).state == SweepState::kCompleted);
}

TEST_CASE("pause: running trials go on, nothing new starts, resume goes on") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  const Outcome paused = desk.control(ControlVerb::kPause, "1");
  CHECK(one_record<SweepStateChanged>(paused).state == SweepState::kPaused);
  CHECK(one_record<SweepStateChanged>(paused).reason.sentence == "paused by ada: because");
  CHECK(effects<StopAttempt>(paused).empty());
  CHECK(records<AttemptAssigned>(desk.complete(attempt_key(1, 1), 0.5)).empty());
  const Outcome resumed = desk.control(ControlVerb::kResume, "1");
  CHECK(one_record<AttemptAssigned>(resumed).attempt == attempt_key(1, 2));
}

TEST_CASE("resume: a sweep that is not paused, or is ending, is refused") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(3));
  CHECK(refusal(desk.control(ControlVerb::kResume, "1")).code == Errc::kWrongState);
  desk.control(ControlVerb::kStop, "1");
  const Outcome ending = desk.control(ControlVerb::kResume, "1");
  CHECK(refusal(ending).code == Errc::kWrongState);
  CHECK(ending.records.empty());
}

TEST_CASE("retry: a stopped sweep runs only what was retried, and proposes nothing") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(20);
  spec.limits.sweep_time = seconds(10);
  desk.submit(spec);
  const std::size_t before = desk.state.sweeps.at(SweepId{1}).trials.size();
  desk.control(ControlVerb::kKill, "1");
  AttemptOutcome stopped;
  stopped.stopped = true;
  desk.end(attempt_key(1, 1), stopped);
  const Outcome retried = desk.control(ControlVerb::kRetry, "1/1");
  CHECK(effects<Suggest>(retried).empty());
  desk.pass(seconds(60));
  CHECK(records<SweepClosing>(desk.step(TimePassed{})).empty());
  const Outcome last = desk.complete(attempt_key(1, 1, 2), 0.5);
  CHECK(one_record<SweepEnded>(last).state == SweepState::kCompleted);
  CHECK_EQ(desk.state.sweeps.at(SweepId{1}).trials.size(), before);
}

TEST_CASE("pause: pausing twice is carried out once, and a repeat is answered from memory") {
  Desk desk;
  desk.submit(a_spec());
  const ControlRequested event{{5, 5}, ControlVerb::kPause, "1", "ada", ""};
  CHECK_EQ(records<SweepStateChanged>(desk.step(event)).size(), 1);
  const Outcome again = desk.step(event);
  CHECK(again.records.empty());
  CHECK(one_effect<Answer>(again) == Answer{{5, 5}, ControlAnswer{SweepId{1}, {}}});
  CHECK(records<SweepStateChanged>(desk.control(ControlVerb::kPause, "1")).empty());
}

TEST_CASE("stop: queued trials are cancelled, running ones finish, then the sweep is completed") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(3));
  const Outcome stopped = desk.control(ControlVerb::kStop, "1");
  CHECK_EQ(records<TrialClosed>(stopped).size(), 2);
  CHECK(effects<StopAttempt>(stopped).empty());
  CHECK(records<SweepEnded>(stopped).empty());
  const Outcome last = desk.complete(attempt_key(1, 1), 0.5);
  CHECK(one_record<SweepEnded>(last).state == SweepState::kCompleted);
  CHECK(one_record<SweepEnded>(last).reason.code == ReasonCode::kUser);
  CHECK(desk.trial(1).state == TrialState::kCompleted);
}

TEST_CASE("kill: running trials are stopped with the sweep's grace and end cancelled") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(2);
  spec.limits.grace = seconds(3);
  desk.submit(spec);
  const Outcome killed = desk.control(ControlVerb::kKill, "1");
  const auto order = one_effect<StopAttempt>(killed);
  CHECK(order.attempt == attempt_key(1, 1));
  CHECK(order.grace == seconds(3));
  CHECK(one_record<StopRequested>(killed).state == TrialState::kCancelled);
  AttemptOutcome outcome;
  outcome.stopped = true;
  const Outcome last = desk.end(attempt_key(1, 1), outcome);
  CHECK(one_record<AttemptClosed>(last).state == AttemptState::kCancelled);
  CHECK(one_record<SweepEnded>(last).state == SweepState::kCancelled);
  CHECK(desk.trial(1).state == TrialState::kCancelled);
}

TEST_CASE("kill: it overrules a stop that is under way") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  desk.control(ControlVerb::kStop, "1");
  desk.control(ControlVerb::kKill, "1");
  CHECK(one_record<SweepEnded>(desk.end(attempt_key(1, 1))).state == SweepState::kCancelled);
}

TEST_CASE("kill: one queued and one running trial, the others go on") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(3));
  const Outcome killed = desk.control(ControlVerb::kKill, "1/1-2");
  CHECK(one_record<TrialClosed>(killed).trial == TrialKey{SweepId{1}, TrialNumber{2}});
  CHECK(one_record<StopRequested>(killed).attempt == attempt_key(1, 1));
  CHECK(desk.trial(3).state == TrialState::kQueued);
  const Outcome next = desk.end(attempt_key(1, 1));
  CHECK(one_record<AttemptAssigned>(next).attempt == attempt_key(1, 3));
}

TEST_CASE("kill: what has ended cannot be killed") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  desk.complete(attempt_key(1, 1), 0.5);
  CHECK(refusal(desk.control(ControlVerb::kKill, "1/1")).code == Errc::kWrongState);
  desk.complete(attempt_key(1, 2), 0.5);
  for (const ControlVerb verb :
       {ControlVerb::kPause, ControlVerb::kResume, ControlVerb::kStop, ControlVerb::kKill}) {
    CHECK(refusal(desk.control(verb, "1")).code == Errc::kWrongState);
  }
}

TEST_CASE("retry: failed trials run again as new attempts of the reopened sweep") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  desk.fail(attempt_key(1, 1));
  desk.complete(attempt_key(1, 2), 0.5);
  CHECK(desk.sweep().state == SweepState::kCompleted);
  const Outcome retried = desk.control(ControlVerb::kRetry, "1");
  CHECK_EQ(records<SweepReopened>(retried).size(), 1);
  CHECK(one_record<TrialRequeued>(retried).forgives);
  CHECK(one_record<AttemptAssigned>(retried).attempt == attempt_key(1, 1, 2));
  const Answer answer = one_effect<Answer>(retried);
  CHECK(std::get<ControlAnswer>(answer.body).trials == std::vector<TrialNumber>{TrialNumber{1}});
  CHECK(one_record<SweepEnded>(desk.complete(attempt_key(1, 1, 2), 0.4)).state ==
        SweepState::kCompleted);
  CHECK(refusal(desk.control(ControlVerb::kRetry, "1")).code == Errc::kWrongState);
}

TEST_CASE("retry: not while the sweep is closing, and never of completed trials") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(3));
  desk.fail(attempt_key(1, 1));
  desk.complete(attempt_key(1, 2), 0.5);
  CHECK(refusal(desk.control(ControlVerb::kRetry, "1/2")).code == Errc::kWrongState);
  desk.control(ControlVerb::kStop, "1");
  CHECK(refusal(desk.control(ControlVerb::kRetry, "1/1")).code == Errc::kWrongState);
}

TEST_CASE("control: an attempt that is not the current one is neither killed nor retried") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(1);
  spec.retry.attempts = 2;
  spec.retry.backoff = seconds(60);
  desk.submit(spec);
  desk.pass(seconds(40));  // long enough that the failure is the trial's own
  desk.fail(attempt_key(1, 1));
  REQUIRE(desk.trial(1).state == TrialState::kQueued);
  const Error waiting = refusal(desk.control(ControlVerb::kKill, "1/1#1"));
  CHECK(waiting.code == Errc::kWrongState);
  CHECK_EQ(waiting.message,
           "1/1#1 is failed: 1/1 waits for its next attempt; `sweepctl kill 1/1` ends it");
  desk.pass(seconds(60));
  desk.step(TimePassed{});
  REQUIRE(desk.trial(1).attempts.size() == 2);
  const Error over = refusal(desk.control(ControlVerb::kKill, "1/1#1"));
  CHECK(over.code == Errc::kWrongState);
  CHECK_EQ(over.message, "1/1#1 is failed: the current attempt is 1/1#2");
  CHECK_FALSE(desk.attempt(attempt_key(1, 1, 2)).stop.has_value());
  CHECK(one_record<StopRequested>(desk.control(ControlVerb::kKill, "1/1#2")).attempt ==
        attempt_key(1, 1, 2));
  desk.end(attempt_key(1, 1, 2));
  CHECK(refusal(desk.control(ControlVerb::kRetry, "1/1#1")).code == Errc::kWrongState);
  CHECK(one_record<AttemptAssigned>(desk.control(ControlVerb::kRetry, "1/1#2")).attempt ==
        attempt_key(1, 1, 3));
}

TEST_CASE("control: an unknown sweep, and trials where a sweep is meant, are refused") {
  Desk desk;
  desk.submit(a_spec());
  CHECK(refusal(desk.control(ControlVerb::kPause, "7")).code == Errc::kNotFound);
  CHECK(refusal(desk.control(ControlVerb::kPause, "1/1")).code == Errc::kInvalidArgument);
  CHECK(refusal(desk.control(ControlVerb::kKill, "1/99")).code == Errc::kNotFound);
}

TEST_CASE("sweep_time: when it has passed, running trials are stopped and the sweep completes") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(2);
  spec.limits.sweep_time = seconds(60);
  desk.submit(spec);
  desk.pass(seconds(59));
  CHECK(desk.step(TimePassed{}).records.empty());
  desk.pass(seconds(1));
  const Outcome due = desk.step(TimePassed{});
  CHECK(one_record<SweepClosing>(due).reason.code == ReasonCode::kSweepTime);
  CHECK(one_record<StopRequested>(due).attempt == attempt_key(1, 1));
  CHECK(desk.step(TimePassed{}).records.empty());
  const Outcome last = desk.end(attempt_key(1, 1));
  CHECK(one_record<SweepEnded>(last).state == SweepState::kCompleted);
  CHECK(one_record<SweepEnded>(last).reason.code == ReasonCode::kSweepTime);
}
