// What time it is.
#include "base/clocks.h"

#include <doctest/doctest.h>

#include <time.h>

#include <chrono>
#include <cstdint>
#include <thread>

using namespace sweepd;

namespace {

std::int64_t microseconds(clockid_t clock) {
  timespec time{};
  REQUIRE_EQ(::clock_gettime(clock, &time), 0);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

}  // namespace

TEST_CASE("clocks: now is the time since the start of the machine, in microseconds, and goes on") {
  const std::int64_t before = microseconds(CLOCK_BOOTTIME);
  const Instant first = read_clocks().now;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const Instant second = read_clocks().now;
  const std::int64_t after = microseconds(CLOCK_BOOTTIME);
  CHECK(before <= first.us);
  CHECK(second - first >= milliseconds(5));
  CHECK(second.us <= after);
}

TEST_CASE("clocks: wall is UTC since 1970") {
  // Wide enough for a machine that is busy: a clock of another kind is off by years.
  constexpr std::int64_t kSecondUs = 1'000'000;
  const std::int64_t utc = static_cast<std::int64_t>(::time(nullptr)) * kSecondUs;
  const std::int64_t wall = read_clocks().wall.us;
  CHECK(wall >= utc - kSecondUs);
  CHECK(wall <= utc + 10 * kSecondUs);
}
