// What the tests of policies share: reports by raw value, and one specification of every rule.
#pragma once

#include "sweeps/policy.h"

#include <string>
#include <vector>

namespace sweepd::sweeps {

inline StopSpec stop_spec(PolicyKind kind) {
  StopSpec spec;
  spec.policy = kind;
  return spec;
}

inline StopSpec bandit_factor(double factor, std::uint32_t delay = 0) {
  StopSpec spec = stop_spec(PolicyKind::kBandit);
  spec.slack_factor = factor;
  spec.delay_evaluation = delay;
  return spec;
}

inline StopSpec bandit_amount(double amount) {
  StopSpec spec = stop_spec(PolicyKind::kBandit);
  spec.slack_amount = amount;
  return spec;
}

inline StopSpec median(std::uint32_t interval = 1) {
  StopSpec spec = stop_spec(PolicyKind::kMedian);
  spec.evaluation_interval = interval;
  return spec;
}

inline StopSpec truncation(std::uint32_t percentage, std::uint32_t interval = 1) {
  StopSpec spec = stop_spec(PolicyKind::kTruncation);
  spec.truncation_percentage = percentage;
  spec.evaluation_interval = interval;
  return spec;
}

inline StopSpec asha(double min, double max, std::uint32_t reduction = 3) {
  StopSpec spec = stop_spec(PolicyKind::kAsha);
  spec.resource_min = min;
  spec.resource_max = max;
  spec.reduction = reduction;
  return spec;
}

inline std::vector<StopSpec> one_of_each() {
  StopSpec excluding = truncation(30);
  excluding.exclude_finished = true;
  StopSpec late = median(3);
  late.delay_evaluation = 4;
  StopSpec lenient = asha(1, 27, 2);
  lenient.stop_on_nan = false;
  return {stop_spec(PolicyKind::kNone),
          bandit_factor(0.2),
          bandit_amount(0.1),
          median(),
          late,
          truncation(40, 2),
          excluding,
          asha(1, 81),
          lenient};
}

// A policy that is told raw values and counts the reports of each trial.
class Scene {
 public:
  Scene(const StopSpec& spec, Goal goal) : policy(spec), goal_(goal) {}

  // The next report, judged at once.
  std::optional<Verdict> report(std::uint32_t trial, double raw_value) {
    counts_.resize(std::max<std::size_t>(counts_.size(), trial + 1));
    const std::uint32_t n = ++counts_[trial];
    return report_at(trial, n, n, raw_value);
  }

  std::optional<Verdict> report_at(std::uint32_t trial,
                                   std::uint32_t n,
                                   double resource,
                                   double raw_value) {
    policy.observe({TrialNumber{trial}, n, resource, oriented(goal_, raw_value)});
    return policy.judge(TrialNumber{trial});
  }

  // All these reports; the last verdict.
  std::optional<Verdict> reports(std::uint32_t trial, const std::vector<double>& raw_values) {
    std::optional<Verdict> last;
    for (const double value : raw_values) {
      last = report(trial, value);
    }
    return last;
  }

  Policy policy;

 private:
  Goal goal_;
  std::vector<std::uint32_t> counts_;
};

inline bool stops(const std::optional<Verdict>& verdict) {
  return verdict.has_value() && verdict->decision == Decision::kStop;
}

inline bool continues(const std::optional<Verdict>& verdict) {
  return verdict.has_value() && verdict->decision == Decision::kContinue;
}

}  // namespace sweepd::sweeps
