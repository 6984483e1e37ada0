// When the disk is low, when it is full, and when there is room again.
#include "daemon/disk_watch.h"

#include "base/log.h"
#include "daemon/disk.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::daemon {

namespace {

constexpr Duration kLookPeriod = seconds(1);
constexpr std::uint64_t kMiB = 1ULL << 20;
// After ten attempts the store never will be healed, and a new process does better.
constexpr Duration kHealTime = seconds(30);

// What a store needs at least to write itself out.
constexpr std::uint64_t kRoomBytesMin = 16 * kMiB;

std::uint64_t with_margin(std::uint64_t mark) {
  return mark + mark / 10;
}

}  // namespace

DiskMarks marks_of(std::uint64_t total_bytes, const DiskLimits& limits) {
  DiskMarks marks;
  marks.low_bytes = limits.low_bytes.value_or(usual_low_bytes(total_bytes));
  marks.critical_bytes = limits.critical_bytes.value_or(std::min(512 * kMiB, total_bytes / 10));
  marks.critical_bytes = std::min(marks.critical_bytes, marks.low_bytes);
  return marks;
}

std::uint64_t usual_ballast_bytes(std::uint64_t total_bytes) {
  return std::min(256 * kMiB, total_bytes / 8);
}

core::StorageLevel level_of(const DiskSpace& space,
                            const DiskMarks& marks,
                            core::StorageLevel before) {
  using core::StorageLevel;
  const auto below = [&](std::uint64_t mark, StorageLevel level) {
    return space.free_bytes < (before >= level ? with_margin(mark) : mark);
  };
  if (below(marks.critical_bytes, StorageLevel::kCritical)) {
    return StorageLevel::kCritical;
  }
  return below(marks.low_bytes, StorageLevel::kLow) ? StorageLevel::kLow : StorageLevel::kPlenty;
}

std::optional<core::StorageChanged> DiskWatch::look(Instant now, core::StorageLevel known) {
  if (now < next_look_) {
    return std::nullopt;
  }
  next_look_ = now + kLookPeriod;
  const Result<DiskSpace> space = disk_.space();
  if (!space.ok()) {
    log_warn("{}", space.error().message);
    return std::nullopt;
  }
  space_ = *space;
  const DiskMarks marks = marks_of(space_.total_bytes, limits_);
  const core::StorageLevel level = level_of(space_, marks, known);
  disk_.keep_free(level == core::StorageLevel::kCritical ? with_margin(marks.critical_bytes)
                                                         : marks.critical_bytes);
  keep_time(now, marks);
  grow_ballast(marks);
  if (level == known) {
    return std::nullopt;
  }
  return core::StorageChanged{level, reason(level, marks)};
}

void DiskWatch::keep_time(Instant now, const DiskMarks& marks) {
  const bool room = space_.free_bytes >= std::max(with_margin(marks.critical_bytes), kRoomBytesMin);
  if (!full_ || !room) {
    room_since_.reset();
  } else if (!room_since_) {
    room_since_ = now;
  }
}

void DiskWatch::grow_ballast(const DiskMarks& marks) {
  if (full_) {
    return;
  }
  const std::uint64_t missing = disk_.ballast_missing();
  // Not so that it would itself take the disk below its mark.
  if (missing == 0 || space_.free_bytes < with_margin(marks.low_bytes) + missing) {
    return;
  }
  if (const Result<void> grown = disk_.grow_ballast(); !grown.ok()) {
    log_warn("{}", grown.error().message);
  }
}

core::Reason DiskWatch::reason(core::StorageLevel level, const DiskMarks& marks) const {
  const auto text = [&](std::uint64_t mark, std::string_view what) {
    return core::Reason{
        core::ReasonCode::kDiskLow,
        fmt::format("the daemon's disk is almost full: {} of {} are free in {}, "
                    "and below {} {}; free some space there, it goes on by itself "
                    "(`sweepctl du` shows what takes it, `sweepctl rm` and run.keep "
                    "let go of it)",
                    size_text(space_.free_bytes),
                    size_text(space_.total_bytes),
                    folder_,
                    size_text(mark),
                    what)};
  };
  switch (level) {
    case core::StorageLevel::kPlenty:
      break;
    case core::StorageLevel::kLow:
      return text(marks.low_bytes, "nothing new is started");
    case core::StorageLevel::kCritical:
      return text(marks.critical_bytes,
                  "nothing new is started and no logs and artifacts are taken");
  }
  return {};
}

void DiskWatch::full(Instant now) {
  if (!full_) {
    full_ = true;
    next_look_ = now;
  }
  if (disk_.release_ballast()) {
    log_warn("the reserve on the disk is given up, so that the store can go on");
  }
}

void DiskWatch::healed() {
  full_ = false;
  room_since_.reset();
}

bool DiskWatch::overdue(Instant now) const {
  return room_since_ && now >= *room_since_ + kHealTime;
}

}  // namespace sweepd::daemon
