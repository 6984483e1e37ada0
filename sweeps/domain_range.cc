// Domains between two bounds: floats, floats on a step grid, and integers.
#include "base/check.h"
#include "sweeps/domain_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sweepd::sweeps::parts {

Error not_in_domain(const Value& value, const std::string& why) {
  return Error{Errc::kInvalidArgument, fmt::format("{} {}", to_text(value), why)};
}

double decimal(double x, double slack) {
  const std::string text = fmt::format("{:.12g}", x);
  double rounded = x;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  // The sum with 0.0 turns -0.0 into 0.0.
  return (std::fabs(rounded - x) <= slack ? rounded : x) + 0.0;
}

namespace {

// Points low, low+step, … of which the last does not pass the upper bound. Indices are what is
// drawn, so that values never accumulate rounding.
struct StepGrid {
  double low = 0;
  double step = 1;
  std::uint64_t count = 1;
  bool log = false;
};

// More points than this could not be told apart by a u of 53 bits, nor mapped back without a slip.
constexpr double kPointsMax = 0x1p50;
constexpr double kLogValueMax = 0x1p44;  // in steps; the logarithm takes some bits of u for itself

double step_of(const FloatRange& range) {
  SWEEPD_CHECK(range.step.has_value());
  return *range.step;
}

// The allowance is for upper bounds like 0.3 that rounding puts just below three steps of 0.1.
double steps_between(const FloatRange& range) {
  return std::floor((range.high - range.low) / step_of(range) + 1e-9);
}

StepGrid grid_of(const FloatRange& range) {
  return {
      range.low, step_of(range), static_cast<std::uint64_t>(steps_between(range)) + 1, range.log};
}

// Unsigned, because the way from the lowest to the highest int does not fit a signed one.
std::uint64_t steps_between(const IntRange& range) {
  return (static_cast<std::uint64_t>(range.high) - static_cast<std::uint64_t>(range.low)) /
         static_cast<std::uint64_t>(range.step);
}

StepGrid grid_of(const IntRange& range) {
  return {static_cast<double>(range.low),
          static_cast<double>(range.step),
          steps_between(range) + 1,
          range.log};
}

// The logarithms of the edges half a step beyond the first and last point: without the half steps
// the end points would be drawn half as often as the others.
struct LogEdges {
  double low = 0;
  double width = 0;
};

LogEdges log_edges(const StepGrid& grid) {
  const double last = grid.low + static_cast<double>(grid.count - 1) * grid.step;
  const double low = std::log(grid.low - grid.step / 2);
  return {low, std::log(last + grid.step / 2) - low};
}

std::uint64_t index_near(const StepGrid& grid, double value) {
  const double index = std::round((value - grid.low) / grid.step);
  return static_cast<std::uint64_t>(std::clamp(index, 0.0, static_cast<double>(grid.count - 1)));
}

std::uint64_t index_at(const StepGrid& grid, double u) {
  if (!grid.log) {
    const auto index = static_cast<std::uint64_t>(u * static_cast<double>(grid.count));
    return std::min(index, grid.count - 1);
  }
  const LogEdges edges = log_edges(grid);
  return index_near(grid, std::exp(edges.low + u * edges.width));
}

double unit_at(const StepGrid& grid, std::uint64_t index) {
  if (!grid.log) {
    return (static_cast<double>(index) + 0.5) / static_cast<double>(grid.count);
  }
  const LogEdges edges = log_edges(grid);
  return (std::log(grid.low + static_cast<double>(index) * grid.step) - edges.low) / edges.width;
}

double point(const FloatRange& range, std::uint64_t index) {
  const double value = range.low + static_cast<double>(index) * step_of(range);
  const double slack = std::max(std::fabs(range.low), std::fabs(range.high)) * 0x1p-52;
  return std::clamp(decimal(value, slack), range.low, range.high);
}

Error upside_down(const std::string& low, const std::string& high) {
  return Error{Errc::kInvalidArgument,
               fmt::format("the lower bound {} is above the upper bound {}", low, high)};
}

// What is wrong with a grid of so many steps between its first and last point.
Result<void> fault_in_grid(const StepGrid& grid, double steps) {
  if (!(steps < kPointsMax)) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("a range of {} steps is too fine, at most {} are allowed", steps, kPointsMax)};
  }
  if (grid.log && grid.low <= grid.step / 2) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("a logarithmic range with step {} needs a lower bound above {}, not {}",
                    grid.step,
                    grid.step / 2,
                    grid.low)};
  }
  if (grid.log && grid.low / grid.step + steps > kLogValueMax) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("a logarithmic range reaches at most {} steps from zero", kLogValueMax)};
  }
  return {};
}

}  // namespace

// --- floats ---

std::optional<std::uint64_t> count_of(const FloatRange& range) {
  if (range.step) {
    return grid_of(range).count;
  }
  return range.low == range.high ? std::optional<std::uint64_t>(1) : std::nullopt;
}

Value at_unit(const FloatRange& range, double u) {
  if (range.step) {
    return point(range, index_at(grid_of(range), u));
  }
  double value = range.low + u * (range.high - range.low);
  if (range.log) {
    const double low = std::log(range.low);
    value = std::exp(low + u * (std::log(range.high) - low));
  }
  // exp(log(high)) can be past high by an ulp.
  return std::clamp(value, range.low, range.high);
}

Value at_index(const FloatRange& range, std::uint64_t k) {
  return range.step ? point(range, k) : range.low;
}

Result<double> unit_of(const FloatRange& range, const Value& value) {
  const std::optional<double> number = number_in(value);
  if (!number) {
    return not_in_domain(value, "is not a number");
  }
  if (!(*number >= range.low && *number <= range.high)) {
    return not_in_domain(value, fmt::format("is outside [{}, {}]", range.low, range.high));
  }
  if (range.step) {
    const std::uint64_t index = index_near(grid_of(range), *number);
    // A person writes 0.3 for the point that binary arithmetic puts beside it.
    if (std::fabs(point(range, index) - *number) > 1e-9 * *range.step) {
      return not_in_domain(value,
                           fmt::format("is not {} plus a multiple of {}", range.low, *range.step));
    }
    return unit_at(grid_of(range), index);
  }
  if (range.low == range.high) {
    return 0.5;
  }
  if (range.log) {
    const double low = std::log(range.low);
    return (std::log(*number) - low) / (std::log(range.high) - low);
  }
  return (*number - range.low) / (range.high - range.low);
}

Value spelled_by(const FloatRange& range, const Value& value) {
  const double number = number_in(value).value_or(range.low);
  return range.step ? point(range, index_near(grid_of(range), number)) : number;
}

Result<void> fault_in(const FloatRange& range) {
  if (!std::isfinite(range.low) || !std::isfinite(range.high) ||
      !std::isfinite(range.high - range.low)) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format(
            "the bounds {} and {} are not finite, or too far apart", range.low, range.high)};
  }
  if (range.low > range.high) {
    return upside_down(to_text(range.low), to_text(range.high));
  }
  if (range.log && range.low <= 0) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("a logarithmic range needs a lower bound above 0, not {}: bounds are "
                             "the values themselves, not their exponents",
                             range.low)};
  }
  if (!range.step) {
    return {};
  }
  if (!std::isfinite(*range.step) || *range.step <= 0) {
    return Error{Errc::kInvalidArgument, fmt::format("the step {} is not above 0", *range.step)};
  }
  return fault_in_grid({range.low, *range.step, 1, range.log}, steps_between(range));
}

// --- integers ---

std::optional<std::uint64_t> count_of(const IntRange& range) {
  return grid_of(range).count;
}

Value at_unit(const IntRange& range, double u) {
  return at_index(range, index_at(grid_of(range), u));
}

Value at_index(const IntRange& range, std::uint64_t k) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(range.low) +
                                   k * static_cast<std::uint64_t>(range.step));
}

Result<double> unit_of(const IntRange& range, const Value& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) {
    return not_in_domain(value, "is not an integer");
  }
  if (*number < range.low || *number > range.high) {
    return not_in_domain(value, fmt::format("is outside [{}, {}]", range.low, range.high));
  }
  const auto offset = static_cast<std::uint64_t>(*number) - static_cast<std::uint64_t>(range.low);
  const auto step = static_cast<std::uint64_t>(range.step);
  if (offset % step != 0) {
    return not_in_domain(value,
                         fmt::format("is not {} plus a multiple of {}", range.low, range.step));
  }
  return unit_at(grid_of(range), offset / step);
}

Value spelled_by(const IntRange&, const Value& value) {
  return value;
}

Result<void> fault_in(const IntRange& range) {
  if (range.low > range.high) {
    return upside_down(to_text(range.low), to_text(range.high));
  }
  if (range.step <= 0) {
    return Error{Errc::kInvalidArgument, fmt::format("the step {} is not above 0", range.step)};
  }
  return fault_in_grid(
      {static_cast<double>(range.low), static_cast<double>(range.step), 1, range.log},
      static_cast<double>(steps_between(range)));
}

}  // namespace sweepd::sweeps::parts
