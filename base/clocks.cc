// What time it is.
#include "base/clocks.h"

#include <time.h>

#include <cstdint>

namespace sweepd {

namespace {

std::int64_t microseconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

}  // namespace

Clocks read_clocks() {
  return {{microseconds(CLOCK_BOOTTIME)}, {microseconds(CLOCK_REALTIME)}};
}

}  // namespace sweepd
