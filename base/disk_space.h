// How much room a file system has.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>

namespace sweepd {

struct DiskSpace {
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;  // for programs that are not root's

  bool operator==(const DiskSpace&) const = default;
};

// Of the file system that holds `path`.
Result<DiskSpace> disk_space(const std::string& path);

// Below how little room nothing new is begun when nobody says so: 5 % or 2 GiB, whichever is more;
// on small file systems a fourth of it.
std::uint64_t usual_low_bytes(std::uint64_t total_bytes);

}  // namespace sweepd
