// Golden values of asynchronous successive halving.
#include "sweeps/policy_asha.h"

#include "tests/sweeps/policy_scenes.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

namespace sweepd::sweeps {
namespace {

using Rungs = std::vector<double>;

TEST_CASE("asha: the golden rungs, by whole numbers") {
  CHECK_EQ(asha_rungs(asha(1, 81)), Rungs{1, 3, 9, 27});
  CHECK_EQ(asha_rungs(asha(1, 243)), Rungs{1, 3, 9, 27, 81});
  CHECK_EQ(asha_rungs(asha(1, 200)), Rungs{1, 3, 9, 27, 81});
  CHECK_EQ(asha_rungs(asha(1, 52)), Rungs{1, 3, 9, 27});
  CHECK_EQ(asha_rungs(asha(3, 52)), Rungs{3, 9, 27});
  CHECK_EQ(asha_rungs(asha(1, 1000, 10)), Rungs{1, 10, 100});
  CHECK_EQ(asha_rungs(asha(2, 3)), Rungs{2});
}

TEST_CASE("asha: fractions round, levels below one and repeated ones are left out") {
  CHECK_EQ(asha_rungs(asha(0.3, 9, 2)), Rungs{1, 2, 5});
  CHECK_EQ(asha_rungs(asha(0.1, 1, 3)), Rungs{});
  CHECK_EQ(asha_rungs(asha(1, 1)), Rungs{});
  CHECK_EQ(asha_rungs(asha(1, std::numeric_limits<double>::max(), 2)).size(), 1024);
  CHECK_EQ(asha_rungs(asha(1, 81, 1)), Rungs{});
  CHECK_EQ(asha_rungs(asha(-1, 81)), Rungs{});
}

TEST_CASE("asha: the golden first reports of Determined's test") {
  Scene scene(asha(1, 27), Goal::kMinimize);
  CHECK(continues(scene.report(1, 0.5)));
  Scene better = scene;
  CHECK(continues(better.report(2, 0.4)));
  const std::optional<Verdict> worse = scene.report(2, 0.6);
  REQUIRE(stops(worse));
  CHECK(*worse == Verdict{Decision::kStop, "asha", 1, 0.6, 0.5, 2});
}

TEST_CASE("asha: a third of the rung goes on, and equal values go on together") {
  Scene scene(asha(1, 27), Goal::kMinimize);
  for (std::uint32_t trial = 1; trial <= 5; ++trial) {
    CHECK(continues(scene.report(trial, 10 - trial)));
  }
  // Values 5 6 7 8 9 and one more: the best two of six go on.
  CHECK(continues(Scene(scene).report(6, 5.5)));
  CHECK(continues(Scene(scene).report(6, 6)));
  CHECK(stops(Scene(scene).report(6, 6.1)));
  Scene plateau(asha(1, 27), Goal::kMaximize);
  for (std::uint32_t trial = 1; trial <= 9; ++trial) {
    CHECK(continues(plateau.report(trial, 0.5)));
  }
}

TEST_CASE("asha: nothing is judged between rungs, nor at a rung a second time") {
  Scene scene(asha(1, 27), Goal::kMinimize);
  CHECK(scene.report_at(1, 1, 1, 1).has_value());
  CHECK_FALSE(scene.report_at(1, 2, 2, 1).has_value());
  CHECK_EQ(scene.report_at(1, 3, 3, 1)->at, 3);
  CHECK_FALSE(scene.report_at(1, 4, 1, 1).has_value());
  CHECK_FALSE(scene.report_at(1, 5, 3, 1).has_value());
  CHECK_FALSE(scene.report_at(1, 6, std::numeric_limits<double>::quiet_NaN(), 1).has_value());
}

TEST_CASE(
    "asha: a report that jumps enters each rung with its value; the lowest that stops decides") {
  Scene scene(asha(1, 27), Goal::kMinimize);
  scene.report_at(1, 1, 1, 5);
  scene.report_at(1, 2, 3, 1);
  scene.report_at(2, 1, 1, 7);
  // 4 is the best at rung 1, second at rung 3, and alone at rung 9.
  const std::optional<Verdict> jump = scene.report_at(3, 1, 10, 4);
  REQUIRE(stops(jump));
  CHECK(*jump == Verdict{Decision::kStop, "asha", 3, 4, 1, 2});
  // Better everywhere: the verdict is of the highest rung.
  const std::optional<Verdict> best = scene.report_at(4, 1, 26, 0.5);
  REQUIRE(continues(best));
  CHECK_EQ(best->at, 9);
  CHECK_EQ(best->peers, 2);
  CHECK_EQ(scene.report_at(4, 2, 27, 0.5), std::nullopt);
}

TEST_CASE("asha: a failed trial enters its next rung as worst, and makes room for others there") {
  Scene scene(asha(1, 27), Goal::kMinimize);
  scene.report(1, 1);
  scene.report_at(1, 2, 3, 1);
  for (std::uint32_t trial = 2; trial <= 5; ++trial) {
    scene.report_at(trial, 1, 1, 1);
    scene.policy.end(TrialNumber{trial}, true);
  }
  // Rung 3 now holds 1 and four failures: with this one 6, of which 2 go on.
  scene.report_at(6, 1, 1, 1);
  const std::optional<Verdict> verdict = scene.report_at(6, 2, 3, 2);
  REQUIRE(continues(verdict));
  CHECK_EQ(verdict->peers, 6);
  // A trial that ends well enters nothing.
  scene.report_at(7, 1, 1, 1);
  scene.policy.end(TrialNumber{7}, false);
  scene.report_at(8, 1, 1, 1);
  CHECK_EQ(scene.report_at(8, 2, 3, 1)->peers, 7);
}

}  // namespace
}  // namespace sweepd::sweeps
