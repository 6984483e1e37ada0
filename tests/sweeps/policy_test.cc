// The conformance suite of policies: what every one of them promises, and each against its
// definition.
#include "sweeps/policy.h"

#include "base/rng.h"
#include "tests/sweeps/policy_reference.h"
#include "tests/sweeps/policy_scenes.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace sweepd::sweeps {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// A story of reports, ends and new attempts, the same for every policy that hears it.
struct Step {
  enum class Kind { kReport, kEnd, kForget };
  Kind kind = Kind::kReport;
  PolicyReport report;  // its trial for all kinds
  bool failed = false;
};

// Values on a coarse grid around zero, so that ties and sign changes are common; some diverge.
std::vector<Step> story(std::uint64_t seed, std::uint32_t trials, int steps) {
  Rng rng({seed, Stream::kRandomSampler, 7, 0});

  struct Progress {
    std::uint32_t n = 0;
    double resource = 0;
    bool ended = false;
  };

  std::vector<Progress> progress(trials + 1);
  std::vector<Step> told;
  for (int i = 0; i < steps; ++i) {
    const auto trial = static_cast<std::uint32_t>(1 + rng.below(trials));
    Progress& own = progress[trial];
    if (own.ended) {
      continue;
    }
    const std::uint64_t dice = rng.below(100);
    if (dice < 2 && own.n > 0) {
      told.push_back({Step::Kind::kEnd, {TrialNumber{trial}}, rng.below(2) == 0});
      own.ended = true;
    } else if (dice < 4) {
      told.push_back({Step::Kind::kForget, {TrialNumber{trial}}, false});
      own = {};
    } else {
      own.resource += rng.below(10) == 0 ? static_cast<double>(rng.below(30)) : 1;
      const double value = dice < 7 ? kInf : static_cast<double>(rng.below(41)) / 8 - 2.5;
      told.push_back(
          {Step::Kind::kReport, {TrialNumber{trial}, ++own.n, own.resource, value}, false});
    }
  }
  return told;
}

// The verdict, where the step is a report.
std::optional<Verdict> tell(Policy& policy, const Step& step) {
  switch (step.kind) {
    case Step::Kind::kReport:
      policy.observe(step.report);
      return policy.judge(step.report.trial);
    case Step::Kind::kEnd:
      policy.end(step.report.trial, step.failed);
      return std::nullopt;
    case Step::Kind::kForget:
      policy.forget(step.report.trial);
      return std::nullopt;
  }
  return std::nullopt;
}

TEST_CASE("policies: decide as their definitions do, report by report") {
  for (const StopSpec& spec : one_of_each()) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      Policy fast(spec);
      ReferencePolicy slow(spec);
      int stopped = 0;
      for (const Step& step : story(seed, seed % 2 == 0 ? 8 : 60, 1500)) {
        const std::optional<Verdict> verdict = tell(fast, step);
        if (step.kind == Step::Kind::kEnd) {
          slow.end(step.report.trial, step.failed);
        } else if (step.kind == Step::Kind::kForget) {
          slow.forget(step.report.trial);
        } else {
          slow.observe(step.report);
          const std::optional<Decision> expected = slow.judge(step.report.trial);
          REQUIRE_EQ(verdict.has_value(), expected.has_value());
          REQUIRE((!expected || verdict->decision == *expected));
          stopped += stops(verdict) ? 1 : 0;
        }
      }
      CHECK_EQ(stopped > 0, spec.policy != PolicyKind::kNone || spec.stop_on_nan);
    }
  }
}

TEST_CASE("policies: the threshold of a verdict says the same as its decision") {
  for (const StopSpec& spec : one_of_each()) {
    Policy policy(spec);
    for (const Step& step : story(3, 40, 3000)) {
      const std::optional<Verdict> verdict = tell(policy, step);
      if (!verdict) {
        continue;
      }
      REQUIRE_FALSE(std::isnan(verdict->threshold));
      REQUIRE(verdict->peers >= 1);
      if (verdict->rule != "truncation" ||
          verdict->own != verdict->threshold) {  // ties go by trial
        REQUIRE_EQ(verdict->own > verdict->threshold, verdict->decision == Decision::kStop);
      }
    }
  }
}

TEST_CASE("policies: the same story gives the same memory; a copy is a memory of its own") {
  for (const StopSpec& spec : one_of_each()) {
    Policy policy(spec);
    Policy again(spec);
    std::optional<Policy> copy;
    const std::vector<Step> told = story(4, 30, 800);
    for (std::size_t i = 0; i < told.size(); ++i) {
      if (i == told.size() / 2) {
        copy = policy;
        CHECK(*copy == policy);
      }
      CHECK(tell(policy, told[i]) == tell(again, told[i]));
    }
    CHECK(policy == again);
    // A fresh trial's report is told apart by every policy, as all keep the last one.
    const Policy before = *copy;
    copy->observe({TrialNumber{99}, 1, 1, 0.5});
    CHECK_FALSE(*copy == before);
    Policy moved = std::move(again);
    CHECK(moved == policy);
    moved = before;
    CHECK(moved == before);
  }
}

TEST_CASE("policies: a forgotten trial was never there") {
  for (const StopSpec& spec : one_of_each()) {
    const std::vector<Step> told = story(5, 20, 600);
    Policy with(spec);
    Policy without(spec);
    for (std::size_t i = 0; i < told.size(); ++i) {
      tell(with, told[i]);
      if (told[i].report.trial != TrialNumber{7}) {
        tell(without, told[i]);
      }
    }
    with.forget(TrialNumber{7});
    with.forget(TrialNumber{7});
    without.forget(TrialNumber{7});
    CHECK(with == without);
  }
}

TEST_CASE("policies: an ended trial can still be taken back, failed or not") {
  for (const StopSpec& spec : one_of_each()) {
    for (const bool failed : {false, true}) {
      Policy policy(spec);
      policy.observe({TrialNumber{1}, 1, 1, 0.5});
      const Policy before = policy;
      policy.observe({TrialNumber{2}, 1, 1, 0.25});
      policy.observe({TrialNumber{2}, 2, 4, 0.125});
      policy.end(TrialNumber{2}, failed);
      policy.end(TrialNumber{2}, failed);
      CHECK_FALSE(policy.judge(TrialNumber{2}).has_value());
      policy.forget(TrialNumber{2});
      CHECK(policy == before);
    }
  }
}

TEST_CASE(
    "policies: the order in which different trials report their curves does not change the "
    "memory") {
  for (const StopSpec& spec : one_of_each()) {
    Policy by_trial(spec);
    Policy by_round(spec);
    const auto value = [](std::uint32_t trial, std::uint32_t n) {
      return std::cos(trial * 7.0 + n);
    };
    for (std::uint32_t trial = 1; trial <= 20; ++trial) {
      for (std::uint32_t n = 1; n <= 10; ++n) {
        by_trial.observe({TrialNumber{trial}, n, static_cast<double>(n), value(trial, n)});
      }
    }
    for (std::uint32_t n = 1; n <= 10; ++n) {
      for (std::uint32_t trial = 20; trial >= 1; --trial) {
        by_round.observe({TrialNumber{trial}, n, static_cast<double>(n), value(trial, n)});
      }
    }
    CHECK(by_trial == by_round);
  }
}

TEST_CASE("policies: maximising f decides bit for bit as minimising -f") {
  for (const StopSpec& spec : one_of_each()) {
    Scene up(spec, Goal::kMaximize);
    Scene down(spec, Goal::kMinimize);
    for (const Step& step : story(6, 30, 1500)) {
      if (step.kind == Step::Kind::kReport) {
        const double f = step.report.value;
        REQUIRE(up.report(step.report.trial.value, f) == down.report(step.report.trial.value, -f));
      }
    }
    CHECK(up.policy == down.policy);
  }
}

TEST_CASE(
    "policies: the best trial is never stopped by a bandit, whatever the sign and the slack") {
  Rng rng({8, Stream::kRandomSampler, 1, 0});
  for (int round = 0; round < 300; ++round) {
    const double slack = std::pow(10, rng.uniform() * 40 - 20);
    for (const StopSpec& spec : {bandit_factor(slack), bandit_amount(slack)}) {
      Policy policy(spec);
      double best = kInf;
      for (std::uint32_t trial = 1; trial <= 20; ++trial) {
        const double value = (rng.uniform() - 0.5) * std::pow(10, rng.uniform() * 20 - 10);
        policy.observe({TrialNumber{trial}, 1, 1, value});
        if (value <= best) {
          best = value;
          REQUIRE(continues(policy.judge(TrialNumber{trial})));
        }
      }
    }
  }
}

// The report numbers up to `last` at which a policy with this clock judges.
std::vector<std::uint32_t> judged_at(std::uint32_t interval,
                                     std::uint32_t delay,
                                     std::uint32_t last) {
  StopSpec spec = truncation(10, interval);
  spec.delay_evaluation = delay;
  Policy policy(spec);
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t n = 1; n <= last; ++n) {
    policy.observe({TrialNumber{1}, n, 1000.0 + n, 0});
    if (policy.judge(TrialNumber{1}).has_value()) {
      numbers.push_back(n);
    }
  }
  return numbers;
}

TEST_CASE("clock: a policy applies at multiples of the interval from the delay on") {
  using Numbers = std::vector<std::uint32_t>;
  CHECK_EQ(judged_at(1, 0, 3), Numbers{1, 2, 3});
  CHECK_EQ(judged_at(1, 5, 7), Numbers{5, 6, 7});
  CHECK_EQ(judged_at(2, 5, 11), Numbers{6, 8, 10});
  CHECK_EQ(judged_at(2, 6, 11), Numbers{6, 8, 10});
  CHECK_EQ(judged_at(3, 5, 13), Numbers{6, 9, 12});
  CHECK_EQ(judged_at(10, 5, 25), Numbers{10, 20});
  CHECK_EQ(judged_at(100, 200, 350), Numbers{200, 300});
}

TEST_CASE("clock: a named resource applies once per multiple that a report reaches or passes") {
  StopSpec spec = truncation(50, 10);
  spec.time = "epoch";
  spec.delay_evaluation = 10;
  Scene scene(spec, Goal::kMinimize);
  const auto level = [&scene](std::uint32_t n, double epoch) {
    const std::optional<Verdict> verdict = scene.report_at(1, n, epoch, 1);
    return verdict ? verdict->at : -1;
  };
  CHECK_EQ(level(1, 0), -1);
  CHECK_EQ(level(2, 9.5), -1);
  CHECK_EQ(level(3, 10.5), 10);
  CHECK_EQ(level(4, 11), -1);
  CHECK_EQ(level(5, 35), 30);
  CHECK_EQ(level(6, 20), -1);
  CHECK_EQ(level(7, std::nan("")), -1);
  CHECK_EQ(level(8, kInf), -1);
  CHECK_EQ(level(9, -40), -1);
  CHECK_EQ(level(10, 40), 40);
  // Peers meet at the multiple, whatever they reported exactly.
  CHECK_EQ(scene.report_at(2, 1, 39, 2)->peers, 2);
}

TEST_CASE("nan: a diverged trial stops whatever the policy, unless told otherwise") {
  for (StopSpec spec : one_of_each()) {
    spec.stop_on_nan = true;
    Scene scene(spec, Goal::kMaximize);
    scene.report(1, 0.5);
    const std::optional<Verdict> verdict = scene.report(1, std::nan(""));
    REQUIRE(stops(verdict));
    CHECK(*verdict ==
          Verdict{Decision::kStop, "nan", 2, kInf, std::numeric_limits<double>::max(), 1});
    spec.stop_on_nan = false;
    Scene tolerant(spec, Goal::kMaximize);
    CHECK_FALSE(stops(tolerant.report(1, std::nan(""))));
  }
}

TEST_CASE("none: says nothing to finite values") {
  Scene scene(stop_spec(PolicyKind::kNone), Goal::kMinimize);
  scene.report(1, 1);
  CHECK_FALSE(scene.report(2, 1e9).has_value());
}

TEST_CASE("policies: trials that never reported have no verdict and cause no harm") {
  for (const StopSpec& spec : one_of_each()) {
    Policy policy(spec);
    const Policy fresh = policy;
    CHECK_FALSE(policy.judge(TrialNumber{1}).has_value());
    policy.forget(TrialNumber{1});
    CHECK(policy == fresh);
    policy.end(TrialNumber{1}, true);
    CHECK_FALSE(policy.judge(TrialNumber{1}).has_value());
    policy.observe({TrialNumber{1}, 1, 1, 0.5});  // too late
    CHECK((spec.policy == PolicyKind::kNone || !policy.judge(TrialNumber{1}).has_value()));
  }
}

TEST_CASE("policies: sums beyond all floats stay ordered") {
  Policy policy(median());
  const double huge = std::numeric_limits<double>::lowest();
  for (std::uint32_t n = 1; n <= 3; ++n) {
    for (std::uint32_t trial = 1; trial <= 4; ++trial) {
      policy.observe({TrialNumber{trial}, n, 1, n == 3 && trial == 4 ? kInf : huge});
      const std::optional<Verdict> verdict = policy.judge(TrialNumber{trial});
      REQUIRE(verdict.has_value());
      CHECK_FALSE(std::isnan(verdict->threshold));
    }
  }
}

}  // namespace
}  // namespace sweepd::sweeps
