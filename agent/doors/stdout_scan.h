// Finds `name: value` and its relatives in a line of text.
#pragma once

#include "agent/doors/points.h"

#include <string_view>

namespace sweepd::agent {

// The metrics of a line by the built-in rules; the objective under its own name. May be only
// companions.
Points scan_line(std::string_view line, std::string_view objective);

}  // namespace sweepd::agent
