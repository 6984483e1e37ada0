// What "better" means: direction, reduction, NaN and ties are settled here and nowhere else.
#pragma once

#include "base/ids.h"

#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace sweepd::sweeps {

// Stored and sent; append-only.
enum class Goal : int { kMinimize = 1, kMaximize = 2 };
enum class ReduceKind : int { kBest = 1, kLast = 2, kMeanLast = 3 };

struct Reduce {
  ReduceKind kind = ReduceKind::kBest;
  std::uint32_t count = 1;  // the k of mean_last:k

  bool operator==(const Reduce&) const = default;
};

struct Objective {
  std::string metric;
  Goal goal = Goal::kMinimize;
  Reduce reduce;

  bool operator==(const Objective&) const = default;
};

// The orientation of everything inside the core: smaller is better, and a value that is not finite
// is the worst possible (+infinity). NaN never leaves this function.
double oriented(Goal goal, double raw);

// The way back, for people: the sign as the script reported it.
double raw(Goal goal, double oriented_value);

// The reduction of a trial's reports so far, one report at a time. All values oriented.
class Tally {
 public:
  explicit Tally(Reduce reduce = {}) : reduce_(reduce) {}

  void add(double oriented_value);

  std::uint32_t count() const { return count_; }

  // The reduced value; empty before the first report. +infinity when no finite value counts.
  std::optional<double> value() const;

  // The number (1, 2, …) of the report that gave the best value; 0 before the first finite report.
  std::uint32_t best_report() const { return best_report_; }

  bool operator==(const Tally&) const = default;

 private:
  Reduce reduce_;
  std::uint32_t count_ = 0;
  std::uint32_t best_report_ = 0;
  double best_ = 0;
  std::deque<double> last_;  // the last k, for last and mean_last
};

// The place of a trial among its peers: smaller value first, ties to the lower trial number.
struct Rank {
  double value = 0;  // oriented, never NaN
  TrialNumber trial;

  bool operator==(const Rank&) const = default;
  std::partial_ordering operator<=>(const Rank&) const = default;
};

}  // namespace sweepd::sweeps
