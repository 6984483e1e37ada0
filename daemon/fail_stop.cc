// The end of the process: one line, and no way back.
#include "daemon/fail_stop.h"

#include <fmt/format.h>

#include <unistd.h>

#include <string>

namespace sweepd::daemon {

void fail_stop(const Error& error) {
  // Not by the log: another thread may hold it, and may be stuck on the same disk.
  const std::string line =
      fmt::format("sweepd: stopping at once, because the store cannot be trusted any more: {}\n",
                  error.message);
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
  ::_exit(kExitStore);
}

}  // namespace sweepd::daemon
