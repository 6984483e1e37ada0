// The disk under the state folder: statvfs, and a file of the size of the reserve.
#include "daemon/disk.h"

#include "blobs/file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sweepd::daemon {

namespace {

// Of one step: milliseconds where the file system allocates, a moment where it writes zeros.
constexpr std::uint64_t kGrowBytes = 32 << 20;

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::uint64_t Ballast::held_bytes() const {
  struct stat found {};

  return ::stat(path_.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

std::uint64_t Ballast::wanted_bytes() const {
  const std::uint64_t held = held_bytes();
  return held < bytes_ ? bytes_ - held : 0;
}

Result<void> Ballast::grow() const {
  const std::uint64_t held = held_bytes();
  const std::uint64_t piece = std::min(kGrowBytes, wanted_bytes());
  const blobs::File file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600),
                         path_);
  if (!file) {
    return blobs::system_error("open", path_, errno);
  }
  const int error =
      ::posix_fallocate(file.fd(), static_cast<off_t>(held), static_cast<off_t>(piece));
  if (error != 0) {
    // What was taken of the piece is not counted, so it must not stay.
    static_cast<void>(file.truncate(held).ok());
    return blobs::system_error("reserve room in", path_, error);
  }
  return {};
}

bool Ballast::release() const {
  if (held_bytes() == 0) {
    return false;
  }
  // First the room, then the name: on a full disk removing a name may want room itself.
  const bool shortened = ::truncate(path_.c_str(), 0) == 0;
  const bool removed = ::unlink(path_.c_str()) == 0;
  return shortened || removed;
}

bool FileGate::open() const {
  const std::uint64_t floor = floor_bytes_.load(std::memory_order_relaxed);
  const Result<DiskSpace> space = disk_space(folder_);
  return !space.ok() || space->free_bytes >= floor;
}

}  // namespace sweepd::daemon
