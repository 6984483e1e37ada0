// Golden values of the bandit policy.
#include "sweeps/policy_bandit.h"

#include "tests/sweeps/policy_scenes.h"

#include <doctest/doctest.h>

namespace sweepd::sweeps {
namespace {

// The raw threshold for a trial that reports after one that reported `best`.
double cut(const StopSpec& spec, Goal goal, double best) {
  Scene scene(spec, goal);
  scene.report(1, best);
  return raw(goal, scene.report(2, best)->threshold);
}

TEST_CASE("bandit: the documented cuts when maximising") {
  CHECK_EQ(cut(bandit_factor(0.2), Goal::kMaximize, 0.8), doctest::Approx(0.6667).epsilon(1e-4));
  CHECK_EQ(cut(bandit_factor(0.1), Goal::kMaximize, 1), doctest::Approx(0.909).epsilon(1e-3));
  CHECK_EQ(cut(bandit_amount(0.2), Goal::kMaximize, 0.8), doctest::Approx(0.6));
}

TEST_CASE("bandit: the cuts when minimising, and for values below zero") {
  CHECK_EQ(cut(bandit_factor(0.2), Goal::kMinimize, 0.5), doctest::Approx(0.6));
  CHECK_EQ(cut(bandit_amount(0.05), Goal::kMinimize, 0.5), doctest::Approx(0.55));
  CHECK_EQ(cut(bandit_factor(0.2), Goal::kMinimize, -1), doctest::Approx(-1 / 1.2));
  CHECK_EQ(cut(bandit_factor(0.2), Goal::kMaximize, -1), doctest::Approx(-1.2));
  CHECK_EQ(cut(bandit_factor(0.2), Goal::kMaximize, 0), 0);
  CHECK_EQ(cut(bandit_amount(0.2), Goal::kMaximize, -1), doctest::Approx(-1.2));
}

TEST_CASE("bandit: the golden sequence stops B at its third report and never C") {
  Scene scene(bandit_factor(0.15, 3), Goal::kMaximize);
  CHECK_FALSE(scene.report(1, .50).has_value());
  CHECK_FALSE(scene.report(1, .60).has_value());
  CHECK(continues(scene.report(1, .70)));
  CHECK_FALSE(scene.reports(2, {.48, .55}).has_value());
  const std::optional<Verdict> b = scene.report(2, .58);
  REQUIRE(stops(b));
  CHECK_EQ(b->rule, "bandit");
  CHECK_EQ(b->at, 3);
  CHECK_EQ(raw(Goal::kMaximize, b->own), .58);
  CHECK_EQ(raw(Goal::kMaximize, b->threshold), doctest::Approx(.6087).epsilon(1e-4));
  CHECK_EQ(b->peers, 2);
  CHECK(continues(scene.report(1, .72)));
  CHECK(continues(scene.reports(3, {.40, .62, .61})));
  const std::optional<Verdict> c = scene.report(3, .63);
  REQUIRE(continues(c));
  CHECK_EQ(raw(Goal::kMaximize, c->threshold), doctest::Approx(.6261).epsilon(1e-4));
}

TEST_CASE("bandit: a value just at the cut goes on") {
  Scene scene(bandit_amount(0.25), Goal::kMinimize);
  scene.report(1, 0.5);
  CHECK(continues(scene.report(2, 0.75)));
  CHECK(stops(scene.report(3, 0.7500001)));
}

TEST_CASE("bandit: the best at report n counts what the others had then, not what they have now") {
  Scene scene(bandit_amount(0.1), Goal::kMinimize);
  scene.reports(1, {0.9, 0.1});
  CHECK(continues(scene.report(2, 0.95)));
  CHECK(stops(scene.report(2, 0.3)));
}

}  // namespace
}  // namespace sweepd::sweeps
