// The wall clocks of the daemon's machine and of the boxes. They jump; nothing but labels may come
// of it.
#pragma once

#include "base/time.h"
#include "tests/sim/random.h"

#include <cstddef>
#include <vector>

namespace sweepd::sim {

// Where a clock hangs.
using Place = std::size_t;
constexpr Place kAtDaemon = 0;

constexpr Place at_box(std::size_t box) {
  return box + 1;
}

// All of them are right until the first jump.
class WallClocks {
 public:
  explicit WallClocks(std::size_t places) : offsets_(places) {}

  WallTime read(Place place, Instant now) const {
    return {kStart.us + now.us + offsets_[place].us};
  }

  // One of them is set to something else, which is returned: mostly hours off, now and then years.
  Place jump(Random& luck);

 private:
  static constexpr WallTime kStart{1'790'000'000'000'000};  // in 2026

  std::vector<Duration> offsets_;
};

}  // namespace sweepd::sim
