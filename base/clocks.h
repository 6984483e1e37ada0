// What time it is. Only for the edges: the pure folders get time passed in.
#pragma once

#include "base/time.h"

namespace sweepd {

struct Clocks {
  Instant now;    // CLOCK_BOOTTIME: suspended time counts, as it does for leases
  WallTime wall;  // UTC, only a label
};

Clocks read_clocks();

}  // namespace sweepd
