// Finds `name: value` and its relatives in a line of text.
#pragma once

#include "agent/doors/points.h"

#include <string_view>
#include <vector>

namespace sweepd::agent {

// A metric and how precisely it was printed.
struct Printed {
  Point point;
  double unit = 0;  // of the last digit: 0.001 of "0.250" and of "1.2e-2"; 0 of a whole number
};

// The metrics of a line by the built-in rules, each name once; the objective under its own name.
// May be only companions.
std::vector<Printed> scan_line(std::string_view line, std::string_view objective);

}  // namespace sweepd::agent
