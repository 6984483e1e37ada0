// What time it is.
#include "base/clocks.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using namespace sweepd;

TEST_CASE("clocks: one never goes back, the other is UTC") {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  using std::chrono::system_clock;
  const Clocks first = read_clocks();
  const std::int64_t utc =
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  const Clocks second = read_clocks();
  CHECK(first.now > Instant{});
  CHECK(second.now >= first.now);
  CHECK(first.wall.us <= utc);
  CHECK(utc <= second.wall.us);
}
