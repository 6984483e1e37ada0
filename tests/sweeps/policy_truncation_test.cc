// Golden values of truncation selection.
#include "sweeps/policy_truncation.h"

#include "tests/sweeps/policy_scenes.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

namespace sweepd::sweeps {
namespace {

const std::vector<double> kGolden = {.90, .88, .85, .80, .78, .75, .70, .66, .60, .55};

// The verdict on golden trial 8 (.66) at report 5 when the last two have finished and it comes
// last.
std::optional<Verdict> golden_verdict(bool exclude_finished) {
  StopSpec spec = truncation(20, 5);
  spec.exclude_finished = exclude_finished;
  Scene scene(spec, Goal::kMaximize);
  for (const std::uint32_t trial : {9U, 10U, 1U, 2U, 3U, 4U, 5U, 6U, 7U}) {
    const double value = kGolden[trial - 1];
    scene.reports(trial, {.1, .2, value, .3, .4});
    if (trial > 8) {
      scene.policy.end(TrialNumber{trial}, false);
    }
  }
  return scene.reports(8, {.1, .66, .2, .3, .4});
}

TEST_CASE(
    "truncation: of the golden ten nobody running stops while the finished stay in the ranking") {
  const std::optional<Verdict> verdict = golden_verdict(false);
  REQUIRE(continues(verdict));
  CHECK_EQ(verdict->peers, 10);
  CHECK_EQ(raw(Goal::kMaximize, verdict->threshold), .66);
}

TEST_CASE("truncation: of the golden ten the .66 trial stops when the finished are excluded") {
  const std::optional<Verdict> verdict = golden_verdict(true);
  REQUIRE(stops(verdict));
  CHECK_EQ(verdict->rule, "truncation");
  CHECK_EQ(verdict->at, 5);
  CHECK_EQ(verdict->peers, 8);
  CHECK_EQ(raw(Goal::kMaximize, verdict->own), .66);
  CHECK_EQ(raw(Goal::kMaximize, verdict->threshold), .70);
}

TEST_CASE("truncation: the share is rounded down, so few trials lose none") {
  Scene scene(truncation(20), Goal::kMinimize);
  for (std::uint32_t trial = 1; trial <= 4; ++trial) {
    const std::optional<Verdict> verdict = scene.report(trial, trial);
    REQUIRE(continues(verdict));
    CHECK_EQ(verdict->threshold, std::numeric_limits<double>::infinity());
  }
  CHECK(stops(scene.report(5, 5)));
}

TEST_CASE("truncation: of equal values the later trial is the worse") {
  Scene scene(truncation(50), Goal::kMinimize);
  scene.report(1, 1);
  CHECK(stops(scene.report(2, 1)));
  Scene reversed(truncation(50), Goal::kMinimize);
  reversed.report(2, 1);
  CHECK(continues(reversed.report(1, 1)));
}

}  // namespace
}  // namespace sweepd::sweeps
