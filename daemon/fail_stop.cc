// The end of the process: one line, and no way back.
#include "daemon/fail_stop.h"

#include <fmt/format.h>

#include <unistd.h>

#include <string>
#include <string_view>

namespace sweepd::daemon {

namespace {

[[noreturn]] void stop(std::string_view why, const Error& error) {
  // Not by the log: another thread may hold it, and may be stuck on the same disk.
  const std::string line = fmt::format("sweepd: {}: {}\n", why, error.message);
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
  ::_exit(kExitStore);
}

}  // namespace

void fail_stop(const Error& error) {
  stop("stopping at once, because the store cannot be trusted any more", error);
}

void stop_without_room(const Error& error) {
  stop("cannot start before there is room on the disk, nothing is lost", error);
}

}  // namespace sweepd::daemon
