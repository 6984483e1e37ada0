// When the disk is low, full, and good again: with a disk that does what it is told.
#include "daemon/disk_watch.h"

#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

using namespace sweepd;
using core::StorageLevel;
using daemon::DiskMarks;
using daemon::DiskWatch;
using daemon::level_of;
using daemon::marks_of;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kGiB = 1 << 30;

struct Scene {
  daemon::test::FakeDisk disk;
  DiskWatch watch{disk, {}, "/srv"};
  Instant now{1};
  StorageLevel known = StorageLevel::kPlenty;

  Scene() { disk.now = {100 * kGiB, 50 * kGiB}; }

  // A second later, with so much room.
  std::optional<core::StorageChanged> look(std::uint64_t free_bytes) {
    disk.now.free_bytes = free_bytes;
    now = now + seconds(1);
    auto changed = watch.look(now, known);
    known = changed ? changed->level : known;
    return changed;
  }
};

}  // namespace

TEST_CASE("disk watch: the marks are those of the contract, and less on small file systems") {
  CHECK(marks_of(1000 * kGiB, {}) == DiskMarks{50 * kGiB, 512 * kMiB});
  CHECK(marks_of(20 * kGiB, {}) == DiskMarks{2 * kGiB, 512 * kMiB});
  CHECK(marks_of(200 * kMiB, {}) == DiskMarks{50 * kMiB, 20 * kMiB});
  CHECK(marks_of(1000 * kGiB, {7, 3}) == DiskMarks{7, 3});
  CHECK(marks_of(1000 * kGiB, {kMiB, {}}) == DiskMarks{kMiB, kMiB});
  CHECK(daemon::usual_ballast_bytes(1000 * kGiB) == 256 * kMiB);
  CHECK(daemon::usual_ballast_bytes(200 * kMiB) == 25 * kMiB);
}

TEST_CASE("disk watch: a level is entered at its mark and left a tenth above it") {
  const DiskMarks marks{1000, 100};
  CHECK(level_of({5000, 1000}, marks, StorageLevel::kPlenty) == StorageLevel::kPlenty);
  CHECK(level_of({5000, 999}, marks, StorageLevel::kPlenty) == StorageLevel::kLow);
  CHECK(level_of({5000, 1099}, marks, StorageLevel::kLow) == StorageLevel::kLow);
  CHECK(level_of({5000, 1100}, marks, StorageLevel::kLow) == StorageLevel::kPlenty);
  CHECK(level_of({5000, 99}, marks, StorageLevel::kPlenty) == StorageLevel::kCritical);
  CHECK(level_of({5000, 109}, marks, StorageLevel::kCritical) == StorageLevel::kCritical);
  CHECK(level_of({5000, 110}, marks, StorageLevel::kCritical) == StorageLevel::kLow);
  CHECK(level_of({5000, 5000}, marks, StorageLevel::kCritical) == StorageLevel::kPlenty);
}

TEST_CASE("disk watch: a change is told once, with the figures and what to do") {
  Scene scene;
  CHECK_FALSE(scene.look(50 * kGiB));
  const auto low = scene.look(4 * kGiB);
  REQUIRE(low);
  CHECK(low->level == StorageLevel::kLow);
  CHECK(low->reason.code == core::ReasonCode::kDiskLow);
  CHECK(
      low->reason.sentence ==
      "the daemon's disk is almost full: 4.0 GiB of 100.0 GiB are free in /srv, and below 5.0 GiB "
      "nothing new is started; free some space there, it goes on by itself (`sweepctl du` shows "
      "what takes it, `sweepctl rm` and run.keep let go of it)");
  CHECK_FALSE(scene.look(4 * kGiB));
  CHECK(scene.disk.kept_free == 512 * kMiB);
  CHECK(scene.look(100 * kMiB)->level == StorageLevel::kCritical);
  CHECK(scene.disk.kept_free > 560 * kMiB);  // files come again when there is a little more
  const auto plenty = scene.look(50 * kGiB);
  CHECK(plenty->level == StorageLevel::kPlenty);
  CHECK(plenty->reason == core::Reason{});
  CHECK(scene.disk.kept_free == 512 * kMiB);
}

TEST_CASE("disk watch: it looks once a second") {
  Scene scene;
  scene.look(50 * kGiB);
  scene.disk.now.free_bytes = 0;
  CHECK_FALSE(scene.watch.look(scene.now + milliseconds(900), scene.known));
  CHECK(scene.watch.look(scene.now + milliseconds(1000), scene.known));
}

TEST_CASE("disk watch: the reserve is given up when the disk is full, and made again with room") {
  Scene scene;
  scene.disk.wanted = 256 * kMiB;
  scene.look(50 * kGiB);
  CHECK(scene.disk.ballast == 256 * kMiB);
  scene.look(0);
  CHECK(scene.disk.releases == 0);  // the store has not complained
  scene.watch.full(scene.now);
  scene.watch.full(scene.now);
  CHECK(scene.disk.releases == 1);
  scene.look(50 * kGiB);
  CHECK(scene.disk.ballast == 0);  // not before the store is healed
  scene.watch.healed();
  scene.look(5 * kGiB + kGiB / 2);
  CHECK(scene.disk.ballast == 0);  // it would itself make the disk low
  scene.look(6 * kGiB);
  CHECK(scene.disk.ballast == 256 * kMiB);
}

TEST_CASE("disk watch: it is overdue when there was room for 30 seconds and no healing") {
  Scene scene;
  scene.look(0);
  scene.watch.full(scene.now);
  for (int second = 0; second < 100; ++second) {
    scene.look(100 * kMiB);
  }
  CHECK_FALSE(scene.watch.overdue(scene.now));  // no room, no hurry
  scene.look(kGiB);
  scene.look(0);
  for (int second = 0; second < 30; ++second) {
    scene.look(kGiB);
  }
  CHECK_FALSE(scene.watch.overdue(scene.now));
  scene.look(kGiB);
  CHECK(scene.watch.overdue(scene.now));
  scene.watch.healed();
  CHECK_FALSE(scene.watch.overdue(scene.now));
}
