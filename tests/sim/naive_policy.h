// The early-termination policies once more, straight from their definitions in O(everything), to
// check the verdicts of the fast ones.
#pragma once

#include "sweeps/sweep_spec.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace sweepd::sim {

enum class NaiveVerdict {
  kNone,  // no rule applies
  kContinue,
  kStop,
  kEither,  // a tie or a failed peer, which the definitions leave to the implementation
};

class NaivePolicy {
 public:
  explicit NaivePolicy(const sweeps::StopSpec& stop) : stop_(stop) {}

  // Takes the next report of the objective and says what the policy must say to it.
  NaiveVerdict report(std::uint32_t trial, double resource, double value);

  void forget(std::uint32_t trial);
  void end(std::uint32_t trial, bool failed);

 private:
  struct Point {
    double resource = 0;
    double value = 0;
  };

  struct Trial {
    std::vector<Point> points;
    bool ended = false;
  };

  NaiveVerdict bandit(const Trial& own) const;
  NaiveVerdict median(const Trial& own) const;
  NaiveVerdict truncation(std::uint32_t number) const;
  NaiveVerdict asha(std::uint32_t number) const;
  // The value with which a trial entered a rung, if it did.
  static std::optional<double> entry(const Trial& trial, double level);

  sweeps::StopSpec stop_;
  std::map<std::uint32_t, Trial> trials_;
  bool any_failed_ = false;
};

}  // namespace sweepd::sim
