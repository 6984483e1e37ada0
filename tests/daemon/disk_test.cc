// The room of a file system, and a reserve that is really there.
#include "daemon/disk.h"

#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

#include <sys/mount.h>
#include <sys/stat.h>

using namespace sweepd;
using daemon::Ballast;
using daemon::size_text;

namespace {

std::uint64_t taken_bytes(const std::string& path) {
  struct stat found {};

  return stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_blocks) * 512 : 0;
}

}  // namespace

TEST_CASE("disk: a file system has a size and less room than that") {
  const daemon::test::Folder folder;
  const auto space = disk_space(folder.path());
  REQUIRE(space.ok());
  CHECK(space->total_bytes > 0);
  CHECK(space->free_bytes <= space->total_bytes);
  CHECK_FALSE(disk_space(folder.path() + "/nowhere").ok());
}

TEST_CASE("disk: sizes in words") {
  CHECK(size_text(12) == "12 bytes");
  CHECK(size_text(1536) == "1.5 KiB");
  CHECK(size_text(3ULL << 30) == "3.0 GiB");
}

TEST_CASE("ballast: it takes real room piece by piece, and gives all of it back") {
  const daemon::test::Folder folder;
  const std::string path = folder.path() + "/ballast";
  const Ballast ballast(path, 40 << 20);
  CHECK(ballast.wanted_bytes() == 40 << 20);
  CHECK_FALSE(ballast.release());
  REQUIRE(ballast.grow().ok());
  CHECK(ballast.held_bytes() == 32 << 20);
  REQUIRE(ballast.grow().ok());
  CHECK(ballast.wanted_bytes() == 0);
  CHECK(taken_bytes(path) >= 40 << 20);  // allocated, not a hole
  const Ballast after_restart(path, 40 << 20);
  CHECK(after_restart.wanted_bytes() == 0);
  CHECK(after_restart.release());
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(ballast.wanted_bytes() == 40 << 20);
}

TEST_CASE("ballast: what does not fit is not kept half") {
  const daemon::test::Folder folder;
  if (mount("none", folder.path().c_str(), "tmpfs", 0, "size=8m") != 0) {
    MESSAGE("SKIPPED: mounting a small file system is not allowed here");
    return;
  }
  const Ballast ballast(folder.path() + "/ballast", 32 << 20);
  CHECK(ballast.grow().error().code == Errc::kUnavailable);
  CHECK(ballast.held_bytes() == 0);
  CHECK(disk_space(folder.path())->free_bytes > 7 << 20);
  umount2(folder.path().c_str(), MNT_DETACH);
}
