// What a door reads from one line.
#include "agent/doors/points.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace sweepd::agent {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

void set_point(Points& points, std::string_view name, double value) {
  for (Point& point : points) {
    if (point.name == name) {
      point.value = value;
      return;
    }
  }
  points.push_back({std::string(name), value});
}

const Point* find_point(const Points& points, std::string_view name) {
  const auto found = std::find_if(
      points.begin(), points.end(), [name](const Point& point) { return point.name == name; });
  return found == points.end() ? nullptr : &*found;
}

bool is_companion(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames = {
      "epoch", "step", "iter", "iteration", "batch", "global_step", "steps"};
  return std::any_of(kNames.begin(), kNames.end(), [name](std::string_view known) {
    return same_word(name, known);
  });
}

bool read_number(std::string_view text, double& value) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    text.remove_prefix(1);
  }
  if (same_word(text, "nan")) {
    value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (same_word(text, "inf") || same_word(text, "infinity")) {
    value = std::numeric_limits<double>::infinity();
  } else {
    const bool starts =
        !text.empty() && (text.front() == '.' || (text.front() >= '0' && text.front() <= '9'));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!starts || end != text.data() + text.size()) {
      return false;
    }
    if (error == std::errc::result_out_of_range) {
      // from_chars does not say which way: an exponent below zero is far too small, else too large.
      const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
      value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    } else if (error != std::errc()) {
      return false;
    }
  }
  value = negative ? -value : value;
  return true;
}

}  // namespace sweepd::agent
