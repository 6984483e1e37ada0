// The right to be the only process on something, as a locked file that tells who has it.
#pragma once

#include "base/result.h"
#include "blobs/file.h"

#include <string>

namespace sweepd::daemon {

// A file locked for as long as `file` is open; or who has locked it.
struct LockFile {
  blobs::File file;    // none: somebody else has the lock
  std::string holder;  // the pid of who has it, then
};

// Locks the file at `path`, made where there is none, and writes the pid of this process into it.
// The lock ends with the process, however that ends; the file stays.
Result<LockFile> claim_lock(const std::string& path);

// The pid that the holder of a lock wrote into its open file.
std::string read_pid(int file);

}  // namespace sweepd::daemon
