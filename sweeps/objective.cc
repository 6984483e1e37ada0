// What "better" means: direction, reduction, NaN and ties are settled here and nowhere else.
#include "sweeps/objective.h"

#include <cmath>
#include <limits>

namespace sweepd::sweeps {

namespace {

constexpr double kWorst = std::numeric_limits<double>::infinity();

}  // namespace

double oriented(Goal goal, double raw) {
  if (!std::isfinite(raw)) {
    return kWorst;
  }
  return goal == Goal::kMaximize ? -raw : raw;
}

double raw(Goal goal, double oriented_value) {
  return goal == Goal::kMaximize ? -oriented_value : oriented_value;
}

void Tally::add(double oriented_value) {
  ++count_;
  if (oriented_value < kWorst && (best_report_ == 0 || oriented_value < best_)) {
    best_ = oriented_value;
    best_report_ = count_;
  }
  if (reduce_.kind == ReduceKind::kBest) {
    return;
  }
  last_.push_back(oriented_value);
  const std::size_t kept = reduce_.kind == ReduceKind::kMeanLast ? reduce_.count : 1;
  while (last_.size() > kept) {
    last_.pop_front();
  }
}

std::optional<double> Tally::value() const {
  if (count_ == 0) {
    return std::nullopt;
  }
  if (reduce_.kind == ReduceKind::kBest) {
    return best_report_ == 0 ? kWorst : best_;
  }
  double sum = 0;
  for (const double value : last_) {
    sum += value;
  }
  // Few reports yet: the mean of those that there are. A count of zero keeps none and has no value.
  return last_.empty() ? kWorst : sum / static_cast<double>(last_.size());
}

}  // namespace sweepd::sweeps
