// The questions that the state answers about itself.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

TEST_CASE("state: an attempt is found by its key and by no other") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  CHECK(find_attempt(desk.state, attempt_key(1, 1)) == &desk.trial(1).attempts.front());
  for (const AttemptKey& key : {attempt_key(0, 1),
                                attempt_key(2, 1),
                                attempt_key(1, 0),
                                attempt_key(1, 3),
                                attempt_key(1, 1, 0),
                                attempt_key(1, 1, 2),
                                attempt_key(1, 2)}) {
    CHECK(find_attempt(desk.state, key) == nullptr);
  }
}

TEST_CASE("state: only the last attempt, on its agent, while it is not over, may act") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  const AgentId box = desk.agent();
  CHECK(current_attempt(desk.state, attempt_key(1, 1), box) != nullptr);
  CHECK(current_attempt(desk.state, attempt_key(1, 1), AgentId{2}) == nullptr);
  desk.step(AgentLost{box, false});
  CHECK(current_attempt(desk.state, attempt_key(1, 1), box) == nullptr);
  desk.join("box", Desk::slots(1));
  CHECK(current_attempt(desk.state, attempt_key(1, 1), box) == nullptr);
  CHECK(current_attempt(desk.state, attempt_key(1, 1, 2), box) != nullptr);
  desk.complete(attempt_key(1, 1, 2), 0.5);
  CHECK(current_attempt(desk.state, attempt_key(1, 1, 2), box) == nullptr);
}

TEST_CASE("state: an ended sweep is taken in without claiming slots") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  desk.complete(attempt_key(1, 1), 0.5);
  State fresh;
  adopt_sweep(fresh, desk.sweep());
  CHECK(fresh.sweeps.at(SweepId{1}) == desk.sweep());
  CHECK(fresh.busy.empty());
  CHECK(fresh.held.empty());
  CHECK(fresh.live.empty());
  CHECK(best_trial(fresh.sweeps.at(SweepId{1})) == TrialNumber{1});
  CHECK_EQ(check_invariants(fresh).value_or(""), "");
}

TEST_CASE("state: a sweep counts its trials by state") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(a_spec(4));
  desk.complete(attempt_key(1, 1), 0.5);
  desk.fail(attempt_key(1, 2));
  CHECK_EQ(desk.sweep().count(TrialState::kCompleted), 1);
  CHECK_EQ(desk.sweep().count(TrialState::kFailed), 1);
  CHECK_EQ(desk.sweep().count(TrialState::kPreparing), 2);
  CHECK_EQ(desk.sweep().count(TrialState::kQueued), 0);
  CHECK_EQ(desk.sweep().active(), 2);
}
