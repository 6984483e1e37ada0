// Golden values of the median stopping rule.
#include "sweeps/policy_median.h"

#include "tests/sweeps/policy_scenes.h"

#include <doctest/doctest.h>

#include <limits>

namespace sweepd::sweeps {
namespace {

TEST_CASE("median: of the golden four only C stops, at a median of .455") {
  StopSpec spec = median(3);
  spec.min_peers = 4;
  Scene scene(spec, Goal::kMaximize);
  CHECK(continues(scene.reports(1, {.50, .60, .70})));
  CHECK(continues(scene.reports(2, {.40, .50, .60})));
  scene.reports(4, {.30, .45, .48});
  const std::optional<Verdict> c = scene.reports(3, {.10, .20, .30});
  REQUIRE(stops(c));
  CHECK_EQ(c->rule, "median");
  CHECK_EQ(c->at, 3);
  CHECK_EQ(raw(Goal::kMaximize, c->threshold), doctest::Approx(.455));
  CHECK_EQ(raw(Goal::kMaximize, c->own), .30);
  CHECK_EQ(c->peers, 4);
}

TEST_CASE("median: of the golden four D goes on when it comes last, by its best and not its mean") {
  Scene scene(median(3), Goal::kMaximize);
  scene.reports(1, {.50, .60, .70});
  scene.reports(2, {.40, .50, .60});
  scene.reports(3, {.10, .20, .30});
  const std::optional<Verdict> d = scene.reports(4, {.30, .45, .48});
  CHECK(continues(d));
  CHECK_EQ(raw(Goal::kMaximize, d->threshold), doctest::Approx(.455));
}

TEST_CASE("median: fewer than min_peers trials, own included, all go on") {
  Scene scene(median(), Goal::kMinimize);
  scene.report(1, 1);
  const std::optional<Verdict> second = scene.report(2, 9);
  REQUIRE(continues(second));
  CHECK_EQ(second->threshold, std::numeric_limits<double>::infinity());
  CHECK_EQ(second->peers, 2);
  CHECK(stops(scene.report(3, 9.5)));
}

TEST_CASE("median: equal to the median goes on") {
  Scene scene(median(), Goal::kMinimize);
  scene.report(1, 1);
  scene.report(2, 2);
  CHECK(continues(scene.report(3, 2)));
  CHECK(continues(scene.report(4, 2)));
}

TEST_CASE("median: diverged peers count as worst and spoil no median") {
  StopSpec spec = median();
  spec.stop_on_nan = false;
  Scene scene(spec, Goal::kMaximize);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  scene.report(1, nan);
  scene.report(2, nan);
  const std::optional<Verdict> third = scene.report(3, 0.1);
  CHECK(continues(third));
  CHECK_EQ(third->threshold, std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace sweepd::sweeps
