// The checks of the way to the daemon, and of the daemon at its end.
#pragma once

#include "agent/doctor/finding.h"

#include <string>

namespace sweepd::agent {

// Reads the address, looks the name up, knocks at each port, asks at each door what changes
// nothing, and compares versions and clocks. No check waits longer than three seconds, and what
// cannot succeed any more is not tried.
void check_daemon(const std::string& server, const Told& told);

}  // namespace sweepd::agent
