// The daemon's own time line over the clocks of the machine.
#include "daemon/time_line.h"

#include "base/clocks.h"

#include <algorithm>
#include <fstream>
#include <utility>

namespace sweepd::daemon {

namespace {

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

Instant continued(const ClockMark& stored, const ClockMark& moment) {
  const bool same_boot = !moment.boot_id.empty() && moment.boot_id == stored.boot_id;
  const std::int64_t passed =
      same_boot ? moment.boottime_us - stored.boottime_us : moment.wall.us - stored.wall.us;
  return {stored.now.us + std::max<std::int64_t>(0, passed)};
}

SystemClock::SystemClock(ClockMark stored) {
  const Clocks clocks = read_clocks();
  stored_ = {read_boot_id(), clocks.now.us, clocks.wall, {}};
  stored_.now = continued(stored, stored_);
}

ClockMark SystemClock::mark() {
  const Clocks clocks = read_clocks();
  ClockMark mark{stored_.boot_id, clocks.now.us, clocks.wall, {}};
  mark.now = stored_.now + Duration{mark.boottime_us - stored_.boottime_us};
  return mark;
}

}  // namespace sweepd::daemon
