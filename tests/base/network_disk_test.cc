// Which disks are not of this machine.
#include "base/network_disk.h"

#include <doctest/doctest.h>

using namespace sweepd;

TEST_CASE("disk: network file systems are known by their numbers, local ones are not among them") {
  CHECK(network_file_system(0x6969) == "NFS");
  CHECK(network_file_system(0xFF534D42) == "SMB/CIFS");
  CHECK(network_file_system(0x65735546) == "FUSE (sshfs and the like)");
  CHECK(network_file_system(0xEF53).empty());      // ext4
  CHECK(network_file_system(0x01021994).empty());  // tmpfs
}

TEST_CASE("disk: a path that is not there is named") {
  const Result<std::string> found = network_disk("/nowhere/at/all");
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().message == "cannot look at /nowhere/at/all: No such file or directory");
}
