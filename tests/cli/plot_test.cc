#include "cli/plot.h"

#include "cli/text.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

namespace sweepd::cli {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("plot: a rising line rises from the lower left to the upper right") {
  const std::array<double, 2> values{0, 1};
  const std::vector<std::string> lines = plot_curve(values, {4, 2}, false);
  REQUIRE(lines.size() == 2);
  // Two values fill four columns: the first half low, the second high, joined by a stroke.
  CHECK(lines[0] == "        1 |  :'");
  CHECK(lines[1] == "        0 |..: ");
}

TEST_CASE("plot: braille cells fill their width exactly") {
  const std::array<double, 5> values{3, 1, 4, 1, 5};
  for (const std::string& line : plot_curve(values, {30, 6}, true)) {
    CHECK(display_width(line) == 9 + 1 + 1 + 30);
  }
}

TEST_CASE("plot: nothing finite gives nothing, one value and a flat curve a line") {
  const std::array<double, 2> nothing{kNan, std::numeric_limits<double>::infinity()};
  CHECK(plot_curve(nothing, {10, 4}, true).empty());
  CHECK(sparkline(nothing, 10, true).empty());
  const std::array<double, 1> one{5};
  CHECK(plot_curve(one, {10, 4}, true).size() == 4);
  const std::array<double, 3> huge{-1e308, 0, 1e308};
  CHECK(plot_curve(huge, {10, 4}, true).size() == 4);
}

TEST_CASE("plot: a sparkline spans low to high and leaves gaps") {
  const std::array<double, 4> values{0, 1, kNan, 0.5};
  CHECK(sparkline(values, 10, true) == "▁█ ▅");
  CHECK(display_width(sparkline(values, 2, false)) == 2);
}

TEST_CASE("plot: the best so far never gets worse, and NaN never wins") {
  const std::array<double, 5> values{kNan, 3, 5, kNan, 1};
  const std::vector<double> low = best_so_far(values, false);
  CHECK(std::isnan(low[0]));
  CHECK(std::vector<double>(low.begin() + 1, low.end()) == std::vector<double>{3, 3, 3, 1});
  const std::vector<double> high = best_so_far(values, true);
  CHECK(std::vector<double>(high.begin() + 1, high.end()) == std::vector<double>{3, 5, 5, 5});
}

}  // namespace sweepd::cli
