// Whether the disk under the state folder has room for new trials.
#include "agent/room.h"

#include "base/disk_space.h"
#include "base/log.h"
#include "blobs/largest.h"

#include <fmt/format.h>

#include <utility>

namespace sweepd::agent {

namespace {

constexpr Duration kEvery = seconds(5);

}  // namespace

bool Room::look(Instant now) {
  if (now < look_at_) {
    return false;
  }
  look_at_ = now + kEvery;
  const Result<DiskSpace> space = disk_space(folder_);
  if (!space.ok()) {
    return false;  // nothing is known, so nothing has changed
  }
  const std::uint64_t low = low_bytes_.value_or(usual_low_bytes(space->total_bytes));
  // Left only a tenth above the mark, so that it does not flicker.
  const std::uint64_t mark = shortage_.empty() ? low : low + low / 10;
  std::string shortage;
  if (space->free_bytes < mark) {
    // Without what is free now, which changes all the time.
    shortage = fmt::format("less than {} of disk are free", blobs::size_text(low));
  }
  if (shortage == shortage_) {
    return false;
  }
  if (shortage.empty()) {
    log_info("there is room on the disk again");
  } else {
    log_warn("no new trials: {} under {}, {} are wanted",
             blobs::size_text(space->free_bytes),
             folder_,
             blobs::size_text(low));
  }
  shortage_ = std::move(shortage);
  return true;
}

}  // namespace sweepd::agent
