// The checks of this box: what the agent needs here.
#pragma once

#include "agent/config.h"
#include "agent/doctor/finding.h"

#include <string>

namespace sweepd::agent {

Finding check_shim(const Config& config);

// That the folder, or what it would be made in, can be written and is on a disk of this machine. A
// running agent that holds it is as it should be.
Finding check_state(const std::string& path);

Finding check_disk(const Config& config);

//   wanted: as in Containment::find
Finding check_containment(const std::string& wanted);

// What NVIDIA's library says, what masks leave of it, and what would be withheld now.
Finding check_gpus(const Config& config);

}  // namespace sweepd::agent
