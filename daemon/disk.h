// The disk under the state folder: how much room it has, and a reserve that can be given up.
#pragma once

#include "base/result.h"
#include "daemon/ports.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace sweepd::daemon {

// "1.5 GiB"
std::string size_text(std::uint64_t bytes);

// Room that is really taken, so that it can be given back when the disk is full.
class Ballast {
 public:
  Ballast(std::string path, std::uint64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

  std::uint64_t held_bytes() const;    // now
  std::uint64_t wanted_bytes() const;  // what is missing of it

  // Takes more of it, a piece at a time, because file systems that cannot allocate write zeros.
  Result<void> grow() const;

  // Gives all of it back; false when there was none.
  bool release() const;

 private:
  std::string path_;
  std::uint64_t bytes_;
};

// Whether logs and artifacts are taken. The thread of the loop says how much room they must leave;
// that of the bulk door asks at each of its turns, because a fast network fills a disk in less than
// the time between two looks of the loop.
class FileGate {
 public:
  explicit FileGate(std::string folder) : folder_(std::move(folder)) {}

  // Open also while nobody knows how much room there is.
  bool open() const;

  void keep_free(std::uint64_t bytes) { floor_bytes_.store(bytes, std::memory_order_relaxed); }

 private:
  std::string folder_;
  std::atomic<std::uint64_t> floor_bytes_{0};
};

class StateDisk final : public Disk {
 public:
  StateDisk(std::string folder, std::uint64_t ballast_bytes, FileGate& gate)
      : folder_(std::move(folder)), ballast_(folder_ + "/ballast", ballast_bytes), gate_(gate) {}

  Result<DiskSpace> space() override { return disk_space(folder_); }

  std::uint64_t ballast_missing() override { return ballast_.wanted_bytes(); }

  bool release_ballast() override { return ballast_.release(); }

  Result<void> grow_ballast() override { return ballast_.grow(); }

  void keep_free(std::uint64_t bytes) override { gate_.keep_free(bytes); }

 private:
  std::string folder_;
  Ballast ballast_;
  FileGate& gate_;
};

}  // namespace sweepd::daemon
