// The state folder: who may use it, and where it may be.
#include "daemon/state_folder.h"

#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <optional>

using namespace sweepd;
using daemon::StateFolder;
using daemon::test::Folder;

TEST_CASE("state folder: it is made for its owner only") {
  const Folder folder;
  const std::string path = folder.path() + "/a/b";
  const auto claimed = StateFolder::claim(path);
  REQUIRE(claimed.ok());

  struct stat info {};

  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  CHECK(claimed->journal() == path + "/journal");
}

TEST_CASE(
    "state folder: a second daemon is refused with the pid of the first, until that lets go") {
  const Folder folder;
  std::optional<StateFolder> first(*StateFolder::claim(folder.path()));
  const auto second = StateFolder::claim(folder.path());
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == Errc::kUnavailable);
  CHECK(second.error().message.find("another sweepd (pid " + std::to_string(getpid()) +
                                    ") is using " + folder.path()) == 0);
  first.reset();
  CHECK(StateFolder::claim(folder.path()).ok());
}

TEST_CASE("state folder: a pid file that was left behind does not keep anybody out") {
  const Folder folder;
  std::ofstream(folder.path() + "/sweepd.pid") << "1\n";
  CHECK(StateFolder::claim(folder.path()).ok());
}

TEST_CASE("state folder: a path that cannot be a folder is refused with its name") {
  const Folder folder;
  std::ofstream(folder.path() + "/file") << "x";
  const auto claimed = StateFolder::claim(folder.path() + "/file/state");
  REQUIRE_FALSE(claimed.ok());
  CHECK(claimed.error().message.find(folder.path() + "/file/state") != std::string::npos);
}
