// Scripts that complete the words of sweepctl in a shell.
#pragma once

#include "cli/arguments.h"

#include <string>
#include <vector>

namespace sweepd::cli {

// To be sourced by that shell. Where nothing of sweepctl fits, files are offered; of the command of
// `run`, after `--`, always.
std::string completion_script(Shell shell, const std::vector<NextWords>& words);

}  // namespace sweepd::cli
