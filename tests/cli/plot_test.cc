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
  CHECK(lines[0] == "          1 |  :'");
  CHECK(lines[1] == "          0 |..: ");
}

TEST_CASE("plot: braille cells fill their width exactly") {
  const std::array<double, 5> values{3, 1, 4, 1, 5};
  for (const std::string& line : plot_curve(values, {30, 6}, true)) {
    CHECK(display_width(line) == kPlotAxisColumns + 30);
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

TEST_CASE("plot: labels of any length keep the curve in place, and none is said twice in a row") {
  const std::array<double, 2> tiny{-1.2345e-101, -1.2341e-101};
  for (const std::string& line : plot_curve(tiny, {10, 4}, false)) {
    CHECK(display_width(line) == kPlotAxisColumns + 10);
  }
  const std::array<double, 2> flat{5, 5};
  const std::vector<std::string> lines = plot_curve(flat, {2, 3}, false);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("          5 |"));
  CHECK(lines[1].starts_with("            |"));
}

TEST_CASE(
    "plot: the axis below has ticks with the numbers of the values, first and last among them") {
  CHECK(plot_axis(41, 31, false) ==
        std::vector<std::string>{"            ++------+-------+------+-------+",
                                 "             1     11      21     31      41"});
  CHECK(plot_axis(3, 21, true) == std::vector<std::string>{"            └┬─────────┬─────────┬",
                                                           "             1         2         3"});
  CHECK(plot_axis(1000, 9, false) ==
        std::vector<std::string>{"            ++--------", "             1"});
  CHECK(plot_axis(0, 20, true).empty());
  for (std::size_t width = 1; width < 120; ++width) {
    for (const std::size_t values : {1U, 2U, 3U, 40U, 999U, 1'000'000U}) {
      CAPTURE(width);
      CAPTURE(values);
      const std::vector<std::string> axis = plot_axis(values, width, true);
      CHECK(display_width(axis[0]) == kPlotAxisColumns + width);
      CHECK(display_width(axis[1]) <= kPlotAxisColumns + width);
    }
  }
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
