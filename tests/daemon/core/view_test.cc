// The best trial and the leaderboard.
#include "tests/daemon/core/desk.h"

#include <limits>

using namespace sweepd;
using namespace sweepd::core;

namespace {

Desk with(const sweeps::SweepSpec& spec) {
  Desk desk;
  desk.join("box", Desk::slots(spec.search.trials.value_or(1)));
  desk.submit(spec);
  return desk;
}

std::vector<TrialNumber> numbers(std::initializer_list<std::uint32_t> list) {
  std::vector<TrialNumber> trials;
  for (const std::uint32_t number : list) {
    trials.push_back(TrialNumber{number});
  }
  return trials;
}

void prune(Desk& desk, std::uint32_t trial, double value) {
  desk.report(attempt_key(1, trial), 1, value);
  desk.report(attempt_key(1, trial), 2, std::numeric_limits<double>::quiet_NaN());
  REQUIRE(desk.trial(trial).state == TrialState::kStopping);
  desk.end(attempt_key(1, trial));
  REQUIRE(desk.trial(trial).state == TrialState::kPruned);
}

}  // namespace

TEST_CASE("best: none before a trial has completed, however good it is") {
  Desk desk = with(a_spec(2));
  desk.report(attempt_key(1, 1), 1, 0.1);
  CHECK_FALSE(best_trial(desk.sweep()).has_value());
  CHECK(leaderboard(desk.sweep(), 10) == numbers({1}));
}

TEST_CASE("best: the smallest of a minimised, the largest of a maximised objective") {
  Desk low = with(a_spec(2));
  low.complete(attempt_key(1, 1), 0.5);
  low.complete(attempt_key(1, 2), 0.4);
  CHECK(best_trial(low.sweep()) == TrialNumber{2});
  sweeps::SweepSpec spec = a_spec(2);
  spec.objective.goal = sweeps::Goal::kMaximize;
  Desk high = with(spec);
  high.complete(attempt_key(1, 1), 0.5);
  high.complete(attempt_key(1, 2), 0.4);
  CHECK(best_trial(high.sweep()) == TrialNumber{1});
  CHECK(raw_value(high.sweep(), high.trial(1)) == 0.5);
}

TEST_CASE("best: zero is a value") {
  Desk desk = with(a_spec(2));
  desk.complete(attempt_key(1, 1), 0.1);
  desk.complete(attempt_key(1, 2), 0.0);
  CHECK(best_trial(desk.sweep()) == TrialNumber{2});
  sweeps::SweepSpec spec = a_spec(2);
  spec.objective.goal = sweeps::Goal::kMaximize;
  Desk high = with(spec);
  high.complete(attempt_key(1, 1), -0.1);
  high.complete(attempt_key(1, 2), 0.0);
  CHECK(best_trial(high.sweep()) == TrialNumber{2});
}

TEST_CASE("best: ties go to the lower trial number, whoever was first") {
  Desk desk = with(a_spec(2));
  desk.complete(attempt_key(1, 2), 0.5);
  desk.complete(attempt_key(1, 1), 0.5);
  CHECK(best_trial(desk.sweep()) == TrialNumber{1});
}

TEST_CASE("best: NaN and infinities never win") {
  for (const double value : {std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
    sweeps::SweepSpec spec = a_spec(2);
    spec.stop.stop_on_nan = false;
    Desk desk = with(spec);
    desk.complete(attempt_key(1, 1), value);
    CHECK(desk.trial(1).state == TrialState::kCompleted);
    CHECK_FALSE(best_trial(desk.sweep()).has_value());
    desk.complete(attempt_key(1, 2), 1e300);
    CHECK(best_trial(desk.sweep()) == TrialNumber{2});
    CHECK(leaderboard(desk.sweep(), 10) == numbers({2, 1}));
  }
}

TEST_CASE("best: a pruned trial only with allow_pruned") {
  sweeps::SweepSpec spec = a_spec(2);
  Desk strict = with(spec);
  prune(strict, 1, 0.1);
  CHECK_FALSE(best_trial(strict.sweep()).has_value());
  strict.complete(attempt_key(1, 2), 0.5);
  CHECK(best_trial(strict.sweep()) == TrialNumber{2});
  spec.stop.allow_pruned = true;
  Desk lenient = with(spec);
  prune(lenient, 1, 0.1);
  lenient.complete(attempt_key(1, 2), 0.5);
  CHECK(best_trial(lenient.sweep()) == TrialNumber{1});
}

TEST_CASE("best: failed and cancelled trials never") {
  Desk desk = with(a_spec(3));
  desk.report(attempt_key(1, 1), 1, 0.1);
  desk.fail(attempt_key(1, 1));
  desk.report(attempt_key(1, 2), 1, 0.2);
  desk.control(ControlVerb::kKill, "1/2");
  desk.end(attempt_key(1, 2));
  CHECK_FALSE(best_trial(desk.sweep()).has_value());
  desk.complete(attempt_key(1, 3), 0.9);
  CHECK(best_trial(desk.sweep()) == TrialNumber{3});
  CHECK(leaderboard(desk.sweep(), 10) == numbers({3, 1, 2}));
}

TEST_CASE("best: the reduction of the objective decides, not the best report") {
  sweeps::SweepSpec spec = a_spec(2);
  spec.objective.reduce.kind = sweeps::ReduceKind::kLast;
  Desk desk = with(spec);
  desk.report(attempt_key(1, 1), 1, 0.1);
  desk.complete(attempt_key(1, 1), 0.9);
  desk.complete(attempt_key(1, 2), 0.5);
  CHECK(best_trial(desk.sweep()) == TrialNumber{2});
}

TEST_CASE("leaderboard: at most the limit, the first row is the best trial") {
  Desk desk = with(a_spec(4));
  desk.complete(attempt_key(1, 1), 0.4);
  desk.complete(attempt_key(1, 2), 0.2);
  desk.report(attempt_key(1, 3), 1, 0.1);
  CHECK(leaderboard(desk.sweep(), 10) == numbers({2, 1, 3}));
  CHECK(leaderboard(desk.sweep(), 2) == numbers({2, 1}));
  CHECK(leaderboard(desk.sweep(), 0).empty());
  CHECK(leaderboard(desk.sweep(), 10).front() == best_trial(desk.sweep()));
}
