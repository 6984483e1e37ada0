// The whole of sweepctl as one function, so that tests can run it.
#pragma once

#include "cli/terminal.h"

#include <string>
#include <vector>

namespace sweepd::cli {

// Runs one command line (without the program's name) and gives the exit code. Reads $SWEEPD_SERVER.
int run_cli(const std::vector<std::string>& arguments, Console& console);

}  // namespace sweepd::cli
