// The daemon's own time line: it never goes back, counts suspended time and goes on across
// restarts.
#pragma once

#include "base/time.h"
#include "daemon/core/event.h"

#include <cstdint>
#include <string>

namespace sweepd::daemon {

// One moment on all clocks at once. Stored with every commit, so that the time line can be
// continued from it.
struct ClockMark {
  std::string boot_id;           // of the kernel; boottime means something only under the same one
  std::int64_t boottime_us = 0;  // CLOCK_BOOTTIME
  WallTime wall;
  Instant now;  // the time line

  bool operator==(const ClockMark&) const = default;
};

// The time line at a moment with the given boot id, boottime and wall time, continued from
// `stored`: by boottime under the same boot id, else by the wall clock, and never backwards.
Instant continued(const ClockMark& stored, const ClockMark& moment);

// Where the loop gets its time from.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual ClockMark mark() = 0;
};

// The clocks of this machine, continued from a stored mark.
class SystemClock final : public Clock {
 public:
  explicit SystemClock(ClockMark stored);
  ClockMark mark() override;

 private:
  ClockMark stored_;
};

inline core::Stamp stamp(const ClockMark& mark) {
  return {mark.now, mark.wall};
}

}  // namespace sweepd::daemon
