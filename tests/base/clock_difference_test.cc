// When it is worth a word that two clocks differ.
#include "base/clock_difference.h"

#include <doctest/doctest.h>

using namespace sweepd;

TEST_CASE("clocks: five seconds are nothing, more is told with its direction") {
  constexpr WallTime kHere{1'000'000'000};
  CHECK(clock_difference({kHere.us + 5'000'000}, kHere).empty());
  CHECK(clock_difference({kHere.us - 5'000'000}, kHere).empty());
  CHECK(clock_difference({kHere.us + 12'400'000}, kHere) == "12 s ahead of this machine's");
  CHECK(clock_difference({kHere.us - 6'000'000}, kHere) == "6 s behind this machine's");
  CHECK(clock_difference({0}, kHere).empty());
}
