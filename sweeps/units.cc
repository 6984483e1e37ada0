// Reads and writes numbers with units.
#include "sweeps/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace sweepd::sweeps {
namespace {

struct TimeUnit {
  std::string_view name;
  std::int64_t us;
};

// The larger first, as they are written.
constexpr std::array<TimeUnit, 6> kTimeUnits = {{
    {"w", 7LL * 24 * 3600 * 1'000'000},
    {"d", 24LL * 3600 * 1'000'000},
    {"h", 3600LL * 1'000'000},
    {"m", 60LL * 1'000'000},
    {"s", 1'000'000},
    {"ms", 1'000},
}};

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array<SizeUnit, 9> kSizeUnits = {{
    {"B", 1},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
    {"KiB", 1ULL << 10U},
    {"MiB", 1ULL << 20U},
    {"GiB", 1ULL << 30U},
    {"TiB", 1ULL << 40U},
}};

constexpr double kDurationUsMax = 100.0 * 365 * 24 * 3600 * 1e6;  // a century, far from overflow
constexpr double kSizeMax = 9.0e18;

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

// Digits with an optional fraction at the front of `rest`, taken off it.
std::optional<double> take_number(std::string_view& rest) {
  std::size_t length = 0;
  while (length < rest.size() && (is_digit(rest[length]) || rest[length] == '.')) {
    ++length;
  }
  double number = 0;
  const char* end = rest.data() + length;
  const auto [stopped, error] = std::from_chars(rest.data(), end, number, std::chars_format::fixed);
  if (length == 0 || !is_digit(rest.front()) || error != std::errc{} || stopped != end) {
    return std::nullopt;
  }
  rest.remove_prefix(length);
  return number;
}

std::string_view take_letters(std::string_view& rest) {
  std::size_t length = 0;
  while (length < rest.size() && !is_digit(rest[length]) && rest[length] != '.') {
    ++length;
  }
  const std::string_view letters = rest.substr(0, length);
  rest.remove_prefix(length);
  return letters;
}

Error bad(std::string message) {
  return Error{Errc::kInvalidArgument, std::move(message)};
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  double total_us = 0;
  std::size_t next_unit = 0;  // units are written in falling order, each once
  do {
    const std::optional<double> number = take_number(rest);
    if (!number) {
      return bad(fmt::format("'{}' is not a span of time like 45m or 1h30m", text));
    }
    const std::string_view name = take_letters(rest);
    if (name.empty()) {
      return bad(fmt::format("'{}' needs a unit: ms, s, m, h, d or w", text));
    }
    std::size_t unit = 0;
    while (unit < kTimeUnits.size() && kTimeUnits[unit].name != name) {
      ++unit;
    }
    if (unit == kTimeUnits.size()) {
      return bad(fmt::format("'{}' is not a unit of time: ms, s, m, h, d or w", name));
    }
    if (unit < next_unit) {
      return bad(fmt::format("'{}' has its units out of order: the larger first, each once", text));
    }
    next_unit = unit + 1;
    total_us += *number * static_cast<double>(kTimeUnits[unit].us);
  } while (!rest.empty());
  if (total_us > kDurationUsMax) {
    return bad(fmt::format("'{}' is more than a century", text));
  }
  return Duration{std::llround(total_us)};
}

std::string to_text(Duration duration) {
  std::string text = duration.us < 0 ? "-" : "";
  std::int64_t rest = duration.us < 0 ? -duration.us : duration.us;
  for (const TimeUnit& unit : kTimeUnits) {
    if (rest >= unit.us) {
      text += fmt::format("{}{}", rest / unit.us, unit.name);
      rest %= unit.us;
    }
  }
  return text.empty() || text == "-" ? "0s" : text;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  const std::optional<double> number = take_number(rest);
  if (!number) {
    return bad(fmt::format("'{}' is not a size like 16GiB", text));
  }
  if (rest.empty()) {
    return bad(fmt::format("'{}' needs a unit: B, KB, MB, GB, TB, KiB, MiB, GiB or TiB", text));
  }
  for (const SizeUnit& unit : kSizeUnits) {
    if (unit.name == rest) {
      const double bytes = *number * static_cast<double>(unit.bytes);
      if (bytes > kSizeMax) {
        return bad(fmt::format("'{}' is larger than any disk", text));
      }
      return static_cast<std::uint64_t>(bytes);
    }
  }
  return bad(
      fmt::format("'{}' is not a unit of size: B, KB, MB, GB, TB, KiB, MiB, GiB or TiB", rest));
}

}  // namespace sweepd::sweeps
