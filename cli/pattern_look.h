// Whether the patterns of [[metrics.stdout]] are regular expressions, before an agent finds out.
#pragma once

#include "sweeps/sweep_file.h"

#include <vector>

namespace sweepd::cli {

// An error at the place of each that RE2, which the agents use, cannot read.
std::vector<sweeps::Diagnostic> look_at_patterns(const sweeps::ParsedSweep& sweep);

}  // namespace sweepd::cli
