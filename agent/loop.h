// The one thread of the agent: waits for everything at once and gives each part its turn.
#pragma once

#include "agent/config.h"
#include "base/result.h"

namespace sweepd::agent {

// Runs until a signal asks to go and everything is handed back. Blocks the signals it handles, so
// call it before any other thread exists. Fails only at the start.
Result<void> run_agent(const Config& config);

}  // namespace sweepd::agent
