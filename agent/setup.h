// What a run of the agent begins with: what the box is and has.
#pragma once

#include "agent/config.h"
#include "agent/devices.h"
#include "agent/gpu_mask.h"
#include "agent/ledger.h"
#include "agent/session.h"
#include "agent/state_folder.h"
#include "base/result.h"

#include <chrono>
#include <string>

namespace sweepd::agent {

// The program that holds the processes of a trial; fails when it cannot be executed.
Result<std::string> shim_program(const Config& config);

Identity identity_of(const Config& config, const StateFolder& folder, const Ledger& ledger);

// The masks that this program was started under.
GpuMasks masks_of_environment();

// For GPUs that all have to wake first: without persistence mode each takes seconds.
constexpr std::chrono::milliseconds kNvmlStartPatience{60'000};

// The GPUs that are this agent's to offer. What is wrong, and what a mask leaves out, is noted.
// None when the library does not answer in time.
DeviceList offered_devices(const Config& config, std::chrono::milliseconds patience);

}  // namespace sweepd::agent
