// Numbers of things in sentences.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sweepd {

// "1 trial", "3 trials".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace sweepd
