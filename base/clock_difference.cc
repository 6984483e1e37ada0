// Whether the wall clocks of two machines agree well enough for people.
#include "base/clock_difference.h"

#include <fmt/format.h>

namespace sweepd {

std::string clock_difference(WallTime there, WallTime here) {
  constexpr std::int64_t kSecond = seconds(1).us;
  constexpr std::int64_t kAgreeUs = 5 * kSecond;  // more than a slow answer explains
  const std::int64_t ahead_us = there.us - here.us;
  if (there.us == 0 || (ahead_us <= kAgreeUs && ahead_us >= -kAgreeUs)) {
    return {};
  }
  return ahead_us > 0 ? fmt::format("{} s ahead of this machine's", ahead_us / kSecond)
                      : fmt::format("{} s behind this machine's", -ahead_us / kSecond);
}

}  // namespace sweepd
