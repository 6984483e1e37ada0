// Points and spans of time as data; there is no clock here.
#pragma once

#include <compare>
#include <cstdint>

namespace sweepd {

// A span of time in microseconds.
struct Duration {
  std::int64_t us = 0;

  auto operator<=>(const Duration&) const = default;
};

// A point on the daemon's own time line, in microseconds. It never goes back, counts suspended time
// and goes on across restarts; wall clocks only label it.
struct Instant {
  std::int64_t us = 0;

  auto operator<=>(const Instant&) const = default;
};

// Microseconds since 1970 in UTC, for people to read; no decision depends on it.
struct WallTime {
  std::int64_t us = 0;

  auto operator<=>(const WallTime&) const = default;
};

constexpr Duration milliseconds(std::int64_t count) {
  return {count * 1000};
}

constexpr Duration seconds(std::int64_t count) {
  return {count * 1'000'000};
}

constexpr Instant operator+(Instant at, Duration span) {
  return {at.us + span.us};
}

constexpr Duration operator-(Instant later, Instant earlier) {
  return {later.us - earlier.us};
}

}  // namespace sweepd
