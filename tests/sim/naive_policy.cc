// The early-termination policies, straight from their definitions. All values oriented: smaller is
// better.
#include "tests/sim/naive_policy.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sweepd::sim {

namespace {

NaiveVerdict stops(bool stop) {
  return stop ? NaiveVerdict::kStop : NaiveVerdict::kContinue;
}

template <typename Points>
double best_of_first(const Points& points, std::size_t n) {
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < n; ++i) {
    best = std::min(best, points[i].value);
  }
  return best;
}

template <typename Points>
double mean_of_first(const Points& points, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += points[i].value;
  }
  return sum / static_cast<double>(n);
}

// Sums in another order may differ in the last bits; then the definitions do not decide.
bool nearly(double a, double b) {
  return std::abs(a - b) < 1e-9;
}

}  // namespace

NaiveVerdict NaivePolicy::report(std::uint32_t number, double resource, double value) {
  Trial& own = trials_[number];
  own.points.push_back({resource, value});
  if (stop_.stop_on_nan && !std::isfinite(value)) {
    return NaiveVerdict::kStop;
  }
  const auto n = static_cast<std::uint32_t>(own.points.size());
  const bool due = n % stop_.evaluation_interval == 0 && n >= stop_.delay_evaluation;
  const bool interval_policy =
      stop_.policy != sweeps::PolicyKind::kAsha && stop_.policy != sweeps::PolicyKind::kNone;
  if (interval_policy && !stop_.time.empty()) {
    return NaiveVerdict::kEither;  // levels of a named resource are checked by their own tests
  }
  switch (stop_.policy) {
    case sweeps::PolicyKind::kNone:
      return NaiveVerdict::kNone;
    case sweeps::PolicyKind::kBandit:
      return due ? bandit(own) : NaiveVerdict::kNone;
    case sweeps::PolicyKind::kMedian:
      return due ? median(own) : NaiveVerdict::kNone;
    case sweeps::PolicyKind::kTruncation:
      return due ? truncation(number) : NaiveVerdict::kNone;
    case sweeps::PolicyKind::kAsha:
      return asha(number);
  }
  return NaiveVerdict::kNone;
}

void NaivePolicy::forget(std::uint32_t trial) {
  trials_.erase(trial);
}

void NaivePolicy::end(std::uint32_t trial, bool failed) {
  trials_[trial].ended = true;
  any_failed_ = any_failed_ || failed;
}

NaiveVerdict NaivePolicy::bandit(const Trial& own) const {
  const std::size_t n = own.points.size();
  double best = std::numeric_limits<double>::infinity();
  for (const auto& [number, trial] : trials_) {
    if (trial.points.size() >= n) {
      best = std::min(best, best_of_first(trial.points, n));
    }
  }
  double cut = best + stop_.slack_amount.value_or(0);
  if (stop_.slack_factor) {
    // Both halves of the definition, for maximised and minimised objectives, in one orientation.
    cut = best >= 0 ? best * (1 + *stop_.slack_factor) : best / (1 + *stop_.slack_factor);
  }
  const double value = best_of_first(own.points, n);
  if (nearly(value, cut)) {
    return NaiveVerdict::kEither;
  }
  return stops(value > cut);
}

NaiveVerdict NaivePolicy::median(const Trial& own) const {
  const std::size_t n = own.points.size();
  std::vector<double> means;
  for (const auto& [number, trial] : trials_) {
    if (trial.points.size() >= n) {
      means.push_back(mean_of_first(trial.points, n));
    }
  }
  if (means.size() < stop_.min_peers) {
    return NaiveVerdict::kEither;  // no verdict, or one that lets the trial go on
  }
  std::sort(means.begin(), means.end());
  const std::size_t half = means.size() / 2;
  const double middle = means.size() % 2 == 1 ? means[half] : (means[half - 1] + means[half]) / 2;
  const double value = best_of_first(own.points, n);
  return nearly(value, middle) ? NaiveVerdict::kEither : stops(value > middle);
}

NaiveVerdict NaivePolicy::truncation(std::uint32_t number) const {
  const std::size_t n = trials_.at(number).points.size();
  const double own = best_of_first(trials_.at(number).points, n);
  std::size_t count = 0;
  std::size_t worse = 0;
  bool tie = false;
  for (const auto& [other, trial] : trials_) {
    if (trial.points.size() < n || (stop_.exclude_finished && trial.ended)) {
      continue;
    }
    const double value = best_of_first(trial.points, n);
    ++count;
    worse += value > own ? 1U : 0U;
    tie = tie || (other != number && value == own);
  }
  return tie ? NaiveVerdict::kEither : stops(worse < count * stop_.truncation_percentage / 100);
}

std::optional<double> NaivePolicy::entry(const Trial& trial, double level) {
  for (const Point& point : trial.points) {
    if (point.resource >= level) {
      return point.value;
    }
  }
  return std::nullopt;
}

NaiveVerdict NaivePolicy::asha(std::uint32_t number) const {
  const Trial& own = trials_.at(number);
  double before = 0;  // the resource that was reached earlier
  for (std::size_t i = 0; i + 1 < own.points.size(); ++i) {
    before = std::max(before, own.points[i].resource);
  }
  NaiveVerdict verdict = NaiveVerdict::kNone;
  double level = stop_.resource_min;
  for (int k = 1; level < stop_.resource_max; ++k) {
    if (level > before && own.points.back().resource >= level) {
      std::size_t entries = 0;
      std::size_t better = 0;
      for (const auto& [other, trial] : trials_) {
        const auto value = entry(trial, level);
        entries += value ? 1U : 0U;
        better += value && *value < own.points.back().value ? 1U : 0U;
      }
      if (better >= std::max<std::size_t>(1, entries / stop_.reduction)) {
        return any_failed_ ? NaiveVerdict::kEither : NaiveVerdict::kStop;
      }
      verdict = any_failed_ ? NaiveVerdict::kEither : NaiveVerdict::kContinue;
    }
    level = std::round(stop_.resource_min * std::pow(stop_.reduction, k));
  }
  return verdict;
}

}  // namespace sweepd::sim
