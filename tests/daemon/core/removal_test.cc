// What the core decides on the removal of sweeps.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

// A desk with sweep 1, which has ended with two trials.
struct Ended : Desk {
  Ended() {
    join("box", slots(1));
    submit(a_spec(2));
    complete(attempt_key(1, 1), 0.5);
    complete(attempt_key(1, 2), 0.25);
    REQUIRE(sweep().state == SweepState::kCompleted);
  }

  Outcome remove(const std::string& selector, const RequestId& request = {9, 9}) {
    return step(RemovalRequested{request, selector, "ada"});
  }
};

}  // namespace

TEST_CASE("removal: an ended sweep is gone, in one record that says what made it") {
  Ended desk;
  const RequestId submission = desk.sweep().request;
  const Outcome outcome = desk.remove("1");
  CHECK(one_record<SweepRemoved>(outcome) ==
        SweepRemoved{{9, 9}, SweepId{1}, submission, 2, "ada", WallTime{desk.now.us}});
  CHECK_EQ(outcome.records.size(), 1);
  CHECK(one_effect<Answer>(outcome) == Answer{{9, 9}, RemovalAnswer{SweepId{1}, 2}});
  CHECK_EQ(outcome.effects.size(), 1);
  CHECK(desk.state.sweeps.empty());
  CHECK(desk.state.removed == std::set<SweepId>{SweepId{1}});
  CHECK(owed(desk.state, desk.now).empty());
}

TEST_CASE("removal: a repeated request is answered the same and changes nothing") {
  Ended desk;
  const Answer answer = one_effect<Answer>(desk.remove("1"));
  const Outcome again = desk.remove("1");
  CHECK(again.records.empty());
  CHECK(one_effect<Answer>(again) == answer);
  CHECK(refusal(desk.remove("1", {9, 10})).code == Errc::kNotFound);
}

TEST_CASE("removal: neither the number nor the request of a removed sweep makes another") {
  Ended desk;
  const RequestId submission = desk.sweep().request;
  desk.remove("1");
  const Outcome again = desk.step(SweepSubmitted{submission, a_spec(), "", "", "ada", false});
  CHECK(again.records.empty());
  CHECK(one_effect<Answer>(again) == Answer{submission, SubmitAnswer{SweepId{1}, true}});
  CHECK(desk.submit(a_spec()) == SweepId{2});
}

TEST_CASE("removal: what has not ended is refused, with what to do first") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  const auto refused = [&desk] {
    const Error error = refusal(desk.step(RemovalRequested{desk.fresh_request(), "1", "ada"}));
    CHECK(error.code == Errc::kWrongState);
    CHECK(error.message.find("`sweepctl kill 1` it first") != std::string::npos);
    return error.message;
  };
  CHECK(refused().starts_with("sweep 1 is running: "));
  desk.control(ControlVerb::kPause, "1");
  CHECK(refused().starts_with("sweep 1 is paused: "));
  desk.control(ControlVerb::kKill, "1");
  CHECK(refused().starts_with("sweep 1 is paused and ending: "));
  AttemptOutcome stopped;
  stopped.stopped = true;
  desk.end(attempt_key(1, 1), stopped);
  CHECK_EQ(records<SweepRemoved>(desk.step(RemovalRequested{{9, 9}, "1", "ada"})).size(), 1);
}

TEST_CASE("removal: a part of a sweep and a sweep that is none are refused") {
  Ended desk;
  CHECK(refusal(desk.remove("1/2")).code == Errc::kInvalidArgument);
  CHECK(refusal(desk.remove("2")).code == Errc::kNotFound);
  CHECK(desk.sweep().state == SweepState::kCompleted);
}

TEST_CASE("removal: a model outlives its sweep") {
  Ended desk;
  AttemptOutcome outcome;
  outcome.tree_digest = "tree";
  const SweepId id = desk.submit(a_spec(1));
  desk.report(attempt_key(2, 1), 1, 0.5);
  desk.end(attempt_key(2, 1), outcome);
  desk.step(ModelRegistrationRequested{{9, 1}, "2/1", "m", "outputs", "ada"});
  desk.remove("2", {9, 2});
  CHECK(desk.state.removed.contains(id));
  REQUIRE_EQ(desk.state.models.at("m").size(), 1);
  CHECK_EQ(desk.state.models.at("m").front().tree_digest, "tree");
}

TEST_CASE("removal: records that cannot have been decided are told apart") {
  Ended desk;
  const SweepRemoved record{{9, 9}, SweepId{1}, {}, 2, "ada", {}};
  CHECK_FALSE(misfit(desk.state, record).has_value());
  desk.remove("1");
  CHECK(misfit(desk.state, record) == "sweep 1 was removed before");
  CHECK(misfit(desk.state, SweepAccepted{SweepId{1}, {}, {}, a_spec(), "", "", "", false}) ==
        "sweep 1 was removed before");
  desk.submit(a_spec());
  CHECK(misfit(desk.state, SweepRemoved{{}, SweepId{2}, {}, 0, "", {}}) ==
        "sweep 2 is removed and has not ended");
}

TEST_CASE("invariants: a removed sweep that is there, or whose number may come again, is a fault") {
  Ended desk;
  State state = desk.state;
  state.removed.insert(SweepId{1});
  CHECK(check_invariants(state).has_value());
  state = desk.state;
  state.removed.insert(SweepId{7});
  CHECK(check_invariants(state).has_value());
}
