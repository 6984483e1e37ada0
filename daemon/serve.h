// A daemon from its set-up to its end.
#pragma once

#include "base/result.h"
#include "daemon/config.h"

#include <string>

namespace sweepd::daemon {

struct ServeOptions {
  std::string version;       // of the program
  bool commit_each = false;  // one sync for each message, for measurements
};

// Opens folder, store and doors and turns the loop until somebody wants it to stop. An error is one
// of the start; one of the store ends the process where it happens.
Result<void> serve(const Config& config, const ServeOptions& options);

}  // namespace sweepd::daemon
