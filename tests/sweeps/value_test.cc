// Tests of values and their one spelling.
#include "sweeps/value.h"

#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace sweepd::sweeps {
namespace {

TEST_CASE("values: ints, bools and text are spelled as they are") {
  CHECK_EQ(to_text(true), "true");
  CHECK_EQ(to_text(false), "false");
  CHECK_EQ(to_text(std::int64_t{64}), "64");
  CHECK_EQ(to_text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  CHECK_EQ(to_text(std::string("adam w")), "adam w");
  CHECK_EQ(to_text(std::string()), "");
}

TEST_CASE("values: floats are spelled shortest, and always as floats") {
  CHECK_EQ(to_text(0.1), "0.1");
  CHECK_EQ(to_text(0.1 + 0.2), "0.30000000000000004");
  CHECK_EQ(to_text(1.0), "1.0");
  CHECK_EQ(to_text(-64.0), "-64.0");
  CHECK_EQ(to_text(0.0), "0.0");
  CHECK_EQ(to_text(1e-4), "0.0001");
  CHECK_EQ(to_text(1e22), "1e+22");
  CHECK_EQ(to_text(5e-324), "5e-324");
  CHECK_EQ(to_text(std::numeric_limits<double>::infinity()), "inf");
}

TEST_CASE("values: every float reads back to the same bits") {
  for (const double value : {1.0 / 3, 2e-308, 1.7976931348623157e308, -0.0, 123456789.123456789}) {
    const std::string text = to_text(value);
    double back = 1;
    std::from_chars(text.data(), text.data() + text.size(), back);
    CHECK_EQ(back, value);
    CHECK_EQ(std::signbit(back), std::signbit(value));
  }
}

TEST_CASE("assignments: a parameter is found by its name") {
  const Assignment assignment = {{"lr", 0.1}, {"layers", std::int64_t{3}}};
  REQUIRE(find(assignment, "layers") != nullptr);
  CHECK(*find(assignment, "layers") == Value(std::int64_t{3}));
  CHECK(find(assignment, "layer") == nullptr);
}

}  // namespace
}  // namespace sweepd::sweeps
