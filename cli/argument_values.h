// What the values of options must look like.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace sweepd::cli {

// Says what is wrong with a text that should be a whole number from `least` on; nothing when it is
// one. CLI11 alone reads -1 as the largest number that there is.
std::function<std::string(const std::string& text)> whole_number(std::uint64_t least);

// The parts of KEY=VALUE.
Result<std::pair<std::string, std::string>> split_pair(const std::string& text);

}  // namespace sweepd::cli
