// The chance of the simulator: one seed, split into streams that do not disturb each other.
#pragma once

#include <cstdint>

namespace sweepd::sim {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): tiny, and good enough to choose faults.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // A stream of its own for each `tag`, whatever the others draw.
  Random fork(std::uint64_t tag) const {
    Random child(state_ ^ (tag * 0xD1342543DE82EF95ULL));
    child.next();
    return child;
  }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  bool chance(double probability) { return unit() < probability; }

  // In [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(next() % span);
  }

 private:
  std::uint64_t state_;
};

}  // namespace sweepd::sim
