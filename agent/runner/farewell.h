// What a shim left in a file when there was no agent to hear it.
#pragma once

#include "agent/shim/shim.pb.h"

#include <string>
#include <vector>

namespace sweepd::agent {

// In the order in which it was said; empty when there is no such file.
std::vector<shimpb::Notice> read_farewell(const std::string& path);

}  // namespace sweepd::agent
