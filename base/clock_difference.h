// Whether the wall clocks of two machines agree well enough for people.
#pragma once

#include "base/time.h"

#include <string>

namespace sweepd {

// "12 s ahead of this machine's"; empty when they differ by at most five seconds, or `there` is 0:
// not told. No decision depends on wall clocks, but the times that people read do.
std::string clock_difference(WallTime there, WallTime here);

}  // namespace sweepd
