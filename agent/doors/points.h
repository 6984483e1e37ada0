// What a door reads from one line: metrics that belong together.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sweepd::agent {

// A metric and its value. NaN and infinities are values.
struct Point {
  std::string name;
  double value = 0;

  bool operator==(const Point&) const = default;
};

// In the order of the line; a name appears once, with its last value.
using Points = std::vector<Point>;

// Sets the value of a name, adding it if it is new.
void set_point(Points& points, std::string_view name, double value);

const Point* find_point(const Points& points, std::string_view name);

// Whether the name counts progress rather than results: epoch, step, iter, batch, global_step and
// what people make of them in upper case. A line of such names alone is no report.
bool is_companion(std::string_view name);

// "nan", "inf", "infinity" with a sign, in any case, or a decimal number: the whole text.
bool read_number(std::string_view text, double& value);

}  // namespace sweepd::agent
