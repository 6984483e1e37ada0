// How much room a file system has: statvfs.
#include "base/disk_space.h"

#include <fmt/format.h>

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sweepd {

Result<DiskSpace> disk_space(const std::string& path) {
  struct statvfs found {};

  if (::statvfs(path.c_str(), &found) != 0) {
    const int number = errno;
    return Error{Errc::kUnexpected,
                 fmt::format("cannot ask for the room of '{}': {}", path, std::strerror(number))};
  }
  // What root alone may still use is not counted: the margin is there for the system.
  return DiskSpace{std::uint64_t{found.f_blocks} * found.f_frsize,
                   std::uint64_t{found.f_bavail} * found.f_frsize};
}

std::uint64_t usual_low_bytes(std::uint64_t total_bytes) {
  constexpr std::uint64_t kLeast = 2ULL << 30;
  return std::min(std::max(total_bytes / 20, kLeast), total_bytes / 4);
}

}  // namespace sweepd
