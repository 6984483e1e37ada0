// The GPUs of a box for people and for programs.
#pragma once

#include "agent/devices.h"

#include <string>

namespace sweepd::agent {

// A line for each device that is offered.
std::string devices_text(const DeviceList& list);

// {"driver", "devices": [{"uuid", "name", "number", "memory_bytes", …}], "notes"}
std::string devices_json(const DeviceList& list);

}  // namespace sweepd::agent
