// Scripts that complete the words of sweepctl in a shell.
#pragma once

#include "cli/arguments.h"

#include <optional>
#include <string>
#include <vector>

namespace sweepd::cli {

// "bash", …; and the shell of that name.
std::vector<std::string> shell_names();
std::optional<Shell> shell_named(const std::string& name);

// To be sourced by that shell. Where nothing of sweepctl fits, files are offered; of the command of
// `run`, after `--`, always.
std::string completion_script(Shell shell, const std::vector<NextWords>& words);

}  // namespace sweepd::cli
