// The code folder that a sweep ships: reading it, and bringing what is missing to the daemon.
#pragma once

#include "base/result.h"
#include "blobs/scan.h"
#include "cli/session.h"

#include <string>

namespace sweepd::cli {

// What would be shipped of a folder, without `.sweepignore`d files.
Result<blobs::LocalTree> scan_code(const std::string& folder);

// Uploads what the daemon does not have yet, with progress, and gives the digest of the snapshot.
Result<std::string> ship_code(Session& session, blobs::LocalTree code);

}  // namespace sweepd::cli
