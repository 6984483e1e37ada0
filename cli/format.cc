// The rules of rounding for people; nothing here is read back by a program except exact and ISO
// forms.
#include "cli/format.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <ctime>

namespace sweepd::cli {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

}  // namespace

std::string number_text(double value) {
  if (!std::isfinite(value)) {
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
  return whole ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}

std::string exact_number_text(double value) {
  if (!std::isfinite(value)) {
    return number_text(value);
  }
  return fmt::format("{}", value);
}

std::string span_text(std::int64_t us) {
  if (us < 0) {
    return "0s";
  }
  if (us < kSecond) {
    return fmt::format("{}ms", us / 1000);
  }
  if (us < kMinute) {
    return fmt::format("{}s", us / kSecond);
  }
  if (us < kHour) {
    return fmt::format("{}m{:02}s", us / kMinute, us % kMinute / kSecond);
  }
  if (us < kDay) {
    return fmt::format("{}h{:02}m", us / kHour, us % kHour / kMinute);
  }
  return fmt::format("{}d{:02}h", us / kDay, us % kDay / kHour);
}

std::string age_text(std::int64_t us) {
  if (us < kMinute) {
    return fmt::format("{}s", us < 0 ? 0 : us / kSecond);
  }
  if (us < kHour) {
    return fmt::format("{}m", us / kMinute);
  }
  return us < kDay ? fmt::format("{}h", us / kHour) : fmt::format("{}d", us / kDay);
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const bool coarse = unit == 0 || value >= 99.95;
  return coarse ? fmt::format("{:.0f} {}", value, kUnits.at(unit))
                : fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

std::string clock_text(std::int64_t wall_us) {
  const auto seconds = static_cast<std::time_t>(wall_us / kSecond);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

std::string iso_text(std::int64_t wall_us) {
  const std::int64_t fraction = ((wall_us % kSecond) + kSecond) % kSecond;
  const auto seconds = static_cast<std::time_t>((wall_us - fraction) / kSecond);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                     utc.tm_year + 1900,
                     utc.tm_mon + 1,
                     utc.tm_mday,
                     utc.tm_hour,
                     utc.tm_min,
                     utc.tm_sec,
                     fraction);
}

std::int64_t wall_now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace sweepd::cli
