// `sweep-agent doctor`: what keeps this box from working, step by step.
#pragma once

#include "agent/config.h"
#include "agent/doctor/finding.h"
#include "base/result.h"

#include <string>

namespace sweepd::agent {

// Makes all checks that can be made and tells each. Changes nothing that stays: no folder is made,
// nothing is registered. Takes some seconds where nobody answers.
//   config: as it could be read, or why not
//   file:   that it came from; empty: none was named
// Returns the exit code: 0, or the number of the first check that failed.
int examine(const Result<Config>& config, const std::string& file, const Told& told);

}  // namespace sweepd::agent
