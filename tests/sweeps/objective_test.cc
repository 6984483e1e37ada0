// Tests of what "better" means.
#include "sweeps/objective.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace sweepd::sweeps {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

Tally tally_of(Reduce reduce, Goal goal, const std::vector<double>& reports) {
  Tally tally(reduce);
  for (const double report : reports) {
    tally.add(oriented(goal, report));
  }
  return tally;
}

TEST_CASE("objective: inside, smaller is better and the sign comes back outside") {
  CHECK_EQ(oriented(Goal::kMinimize, 0.3), 0.3);
  CHECK_EQ(oriented(Goal::kMaximize, 0.3), -0.3);
  for (const Goal goal : {Goal::kMinimize, Goal::kMaximize}) {
    for (const double value : {0.3, -5.0, 0.0, 1e300}) {
      CHECK_EQ(raw(goal, oriented(goal, value)), value);
    }
  }
  CHECK_FALSE(std::signbit(raw(Goal::kMaximize, oriented(Goal::kMaximize, 0.0))));
}

TEST_CASE("objective: what is not finite is the worst, whatever its sign and the goal") {
  for (const Goal goal : {Goal::kMinimize, Goal::kMaximize}) {
    for (const double value : {kNan, -kNan, kInf, -kInf}) {
      CHECK_EQ(oriented(goal, value), kInf);
    }
  }
}

TEST_CASE("tally: best is the best of all reports, and knows the first report that gave it") {
  const Tally tally = tally_of({}, Goal::kMaximize, {0.5, 0.7, 0.6, 0.7});
  CHECK_EQ(tally.value(), -0.7);
  CHECK_EQ(tally.best_report(), 2);
  CHECK_EQ(tally.count(), 4);
}

TEST_CASE("tally: nothing reported has no value; only diverged reports have the worst") {
  CHECK_EQ(Tally().value(), std::nullopt);
  CHECK_EQ(Tally().best_report(), 0);
  const Tally tally = tally_of({}, Goal::kMinimize, {kNan, kInf});
  CHECK_EQ(tally.value(), kInf);
  CHECK_EQ(tally.best_report(), 0);
}

TEST_CASE("tally: zero is a value, and a diverged report does not hide a finite one") {
  const Tally tally = tally_of({}, Goal::kMinimize, {kNan, 0.0, kNan});
  CHECK_EQ(tally.value(), 0.0);
  CHECK_EQ(tally.best_report(), 2);
}

TEST_CASE("tally: last is the last report, mean_last the mean of the last k or of all there are") {
  const std::vector<double> reports = {1, 2, 3, 6};
  CHECK_EQ(tally_of({ReduceKind::kLast, 1}, Goal::kMinimize, reports).value(), 6);
  CHECK_EQ(tally_of({ReduceKind::kMeanLast, 2}, Goal::kMinimize, reports).value(), 4.5);
  CHECK_EQ(tally_of({ReduceKind::kMeanLast, 9}, Goal::kMinimize, reports).value(), 3);
  CHECK_EQ(tally_of({ReduceKind::kMeanLast, 2}, Goal::kMaximize, reports).value(), -4.5);
  CHECK_EQ(tally_of({ReduceKind::kLast, 1}, Goal::kMinimize, reports).best_report(), 1);
}

TEST_CASE(
    "tally: a diverged report among the last ones makes them the worst, until it has passed") {
  CHECK_EQ(tally_of({ReduceKind::kLast, 1}, Goal::kMinimize, {1, kNan}).value(), kInf);
  CHECK_EQ(tally_of({ReduceKind::kMeanLast, 2}, Goal::kMinimize, {1, kNan}).value(), kInf);
  CHECK_EQ(tally_of({ReduceKind::kMeanLast, 2}, Goal::kMinimize, {kNan, 1, 3}).value(), 2);
}

TEST_CASE(
    "tally: a count of zero, which no valid sweep has, gives the worst and not a number from "
    "nowhere") {
  CHECK_EQ(tally_of({ReduceKind::kMeanLast, 0}, Goal::kMinimize, {1, 2}).value(), kInf);
}

TEST_CASE("rank: the best trial has the best value, ties go to the lower number, nan never wins") {
  std::vector<Rank> ranks;
  const std::vector<double> reports = {kNan, 0.0, 0.5, 0.5, 0.0};
  for (std::uint32_t i = 0; i < reports.size(); ++i) {
    ranks.push_back({oriented(Goal::kMaximize, reports[i]), TrialNumber{i + 1}});
  }
  std::sort(ranks.begin(), ranks.end());
  std::vector<std::uint32_t> order;
  for (const Rank& rank : ranks) {
    order.push_back(rank.trial.value);
  }
  CHECK_EQ(order, std::vector<std::uint32_t>{3, 4, 2, 5, 1});
}

}  // namespace
}  // namespace sweepd::sweeps
