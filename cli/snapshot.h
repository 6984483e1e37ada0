// The code folder that a sweep ships: measuring it, and bringing what is missing to the daemon.
#pragma once

#include "base/result.h"
#include "cli/session.h"

#include <cstdint>
#include <string>

namespace sweepd::cli {

struct CodeSize {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
};

// What would be shipped of a folder, without `.sweepignore`d files.
Result<CodeSize> measure_code(const std::string& folder);

// Uploads what the daemon does not have yet, with progress, and gives the digest of the snapshot.
Result<std::string> ship_code(Session& session, const std::string& folder);

}  // namespace sweepd::cli
