// Numbers of things in sentences.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sweepd {

// "1 trial", "3 trials".
std::string counted(std::uint64_t count, std::string_view noun);

// "1 process", "3 processes".
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace sweepd
