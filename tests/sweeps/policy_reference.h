// The policies straight from their definitions, in O(everything), to check the fast ones.
#pragma once

#include "sweeps/policy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace sweepd::sweeps {

// Keeps every report of every trial and recomputes everything at each question.
class ReferencePolicy {
 public:
  explicit ReferencePolicy(const StopSpec& spec) : spec_(spec) {}

  void observe(const PolicyReport& report) { trials_[report.trial].reports.push_back(report); }

  void forget(TrialNumber trial) { trials_.erase(trial); }

  void end(TrialNumber trial, bool failed) {
    trials_[trial].ended = true;
    trials_[trial].failed = failed;
  }

  // Only the decision; empty when no rule applies.
  std::optional<Decision> judge(TrialNumber trial) const {
    const PolicyReport& last = trials_.at(trial).reports.back();
    if (spec_.stop_on_nan && std::isinf(last.value)) {
      return Decision::kStop;
    }
    if (spec_.policy == PolicyKind::kAsha) {
      return judge_asha(trial);
    }
    const std::uint32_t n = last.n;
    const bool due = n % spec_.evaluation_interval == 0 && n >= spec_.delay_evaluation;
    if (spec_.policy == PolicyKind::kNone || !due) {
      return std::nullopt;
    }
    return stops(trial, n) ? Decision::kStop : Decision::kContinue;
  }

 private:
  struct Trial {
    std::vector<PolicyReport> reports;
    bool ended = false;
    bool failed = false;
  };

  static double best(const Trial& trial, std::uint32_t n) {
    double best = trial.reports[0].value;
    for (std::uint32_t i = 1; i < n; ++i) {
      best = std::min(best, trial.reports[i].value);
    }
    return best;
  }

  static double mean(const Trial& trial, std::uint32_t n) {
    double sum = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      sum += trial.reports[i].value;
    }
    return sum / n;
  }

  bool stops(TrialNumber trial, std::uint32_t n) const {
    std::vector<double> bests;
    std::vector<double> means;
    std::size_t worse_or_later = 0;
    const double own = best(trials_.at(trial), n);
    for (const auto& [number, peer] : trials_) {
      if (peer.reports.size() < n || (peer.ended && spec_.exclude_finished)) {
        continue;
      }
      bests.push_back(best(peer, n));
      means.push_back(mean(peer, n));
      worse_or_later += bests.back() > own || (bests.back() == own && number > trial) ? 1U : 0U;
    }
    if (spec_.policy == PolicyKind::kTruncation) {
      return worse_or_later < bests.size() * spec_.truncation_percentage / 100;
    }
    if (spec_.policy == PolicyKind::kBandit) {
      const double top = *std::min_element(bests.begin(), bests.end());
      const double f = 1 + spec_.slack_factor.value_or(0);
      const double cut = spec_.slack_amount ? top + *spec_.slack_amount
                         : top > 0          ? top * f
                                            : top / f;
      return own > cut;
    }
    std::sort(means.begin(), means.end());
    const std::size_t count = means.size();
    const double median = (means[count / 2] + means[(count - 1) / 2]) / 2;
    return count >= spec_.min_peers && own > median;
  }

  // The value with which a trial entered the rung: of its first report that reached it; the worst
  // when it failed on the way to it.
  static std::optional<double> entry(const Trial& trial, double rung, double rung_below) {
    double reached = 0;
    for (const PolicyReport& report : trial.reports) {
      if (report.resource >= rung) {
        return report.value;
      }
      reached = std::max(reached, report.resource);
    }
    return trial.failed && reached >= rung_below
               ? std::optional(std::numeric_limits<double>::infinity())
               : std::nullopt;
  }

  std::optional<Decision> judge_asha(TrialNumber trial) const {
    const std::vector<PolicyReport>& reports = trials_.at(trial).reports;
    double before = 0;
    for (std::size_t i = 0; i + 1 < reports.size(); ++i) {
      before = std::max(before, reports[i].resource);
    }
    std::optional<Decision> decision;
    double below = 0;
    for (double rung = spec_.resource_min; rung < spec_.resource_max; rung *= spec_.reduction) {
      if (before < rung && reports.back().resource >= rung) {
        std::size_t count = 0;
        std::size_t better = 0;
        for (const auto& [number, peer] : trials_) {
          const std::optional<double> value = entry(peer, rung, below);
          count += value ? 1U : 0U;
          better += value && *value < reports.back().value ? 1U : 0U;
        }
        if (better >= std::max<std::size_t>(1, count / spec_.reduction)) {
          return Decision::kStop;
        }
        decision = Decision::kContinue;
      }
      below = rung;
    }
    return decision;
  }

  StopSpec spec_;
  std::map<TrialNumber, Trial> trials_;
};

}  // namespace sweepd::sweeps
