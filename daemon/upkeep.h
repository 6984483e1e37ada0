// What `sweepd` does besides serving: checking a state folder, and making one from a backup.
#pragma once

#include "base/result.h"

#include <string>

namespace sweepd::daemon {

struct FsckCommand {
  std::string state;
  bool fast = false;
  bool json = false;
};

// Prints the report; the exit code is 0 when nothing was found, else 1.
Result<int> run_fsck(const FsckCommand& command);

struct RestoreCommand {
  std::string backup;
  std::string state;
  bool json = false;
};

Result<int> run_restore(const RestoreCommand& command);

}  // namespace sweepd::daemon
