// The text of a program's settings file.
#pragma once

#include "base/result.h"

#include <string>

namespace sweepd {

// Refuses what is no file, cannot be opened or is too large for one: a wrong option of whoever
// started the program, so kInvalidArgument.
Result<std::string> read_settings(const std::string& path);

}  // namespace sweepd
