// When the disk is low, when it is full, and when there is room again.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "daemon/core/event.h"
#include "daemon/ports.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sweepd::daemon {

// From how little room on the daemon takes less. Empty: what suits the size of the file system.
struct DiskLimits {
  std::optional<std::uint64_t> low_bytes;       // below: nothing new is taken or started
  std::optional<std::uint64_t> critical_bytes;  // below: no logs and artifacts, only reports

  bool operator==(const DiskLimits&) const = default;
};

struct DiskMarks {
  std::uint64_t low_bytes = 0;
  std::uint64_t critical_bytes = 0;

  bool operator==(const DiskMarks&) const = default;
};

// 5 % or 2 GiB, whichever is more, and 512 MiB; on small file systems a fourth and a tenth of it.
DiskMarks marks_of(std::uint64_t total_bytes, const DiskLimits& limits);

// The reserve that suits a file system when nobody says how large it is to be: 256 MiB, on small
// ones an eighth.
std::uint64_t usual_ballast_bytes(std::uint64_t total_bytes);

// A level is left upwards only a tenth above its mark, so that it does not flicker.
core::StorageLevel level_of(const DiskSpace& space,
                            const DiskMarks& marks,
                            core::StorageLevel before);

class DiskWatch {
 public:
  DiskWatch(Disk& disk, const DiskLimits& limits, std::string folder)
      : disk_(disk), limits_(limits), folder_(std::move(folder)) {}

  // Looks at the disk, at most once a second. Gives what has changed against what is known; grows
  // the reserve while there is plenty of room.
  std::optional<core::StorageChanged> look(Instant now, core::StorageLevel known);

  // The store has met a full disk: the reserve is given up, once for each time.
  void full(Instant now);

  // The store can be written again.
  void healed();

  // It could not be healed because it was being read, which may take longer than healing may.
  void waited_for_readers() { room_since_.reset(); }

  // There has been room for long enough, and the store still cannot be written.
  bool overdue(Instant now) const;

  const DiskSpace& space() const { return space_; }

 private:
  void keep_time(Instant now, const DiskMarks& marks);
  void grow_ballast(const DiskMarks& marks);
  core::Reason reason(core::StorageLevel level, const DiskMarks& marks) const;

  Disk& disk_;
  DiskLimits limits_;
  std::string folder_;
  DiskSpace space_;
  Instant next_look_;
  bool full_ = false;
  std::optional<Instant> room_since_;  // of a store that is not healed
};

}  // namespace sweepd::daemon
