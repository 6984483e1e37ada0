// What the values of options must look like.
#include "cli/argument_values.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <system_error>

namespace sweepd::cli {

namespace {

constexpr std::uint64_t kCountMax = 1'000'000'000;  // no count of ours exceeds it

}  // namespace

std::function<std::string(const std::string& text)> whole_number(std::uint64_t least) {
  return [least](const std::string& text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool good = error == std::errc() && stop == end && number >= least && number <= kCountMax;
    return good ? std::string()
                : fmt::format("'{}' is not a whole number from {} to {}", text, least, kCountMax);
  };
}

Result<std::pair<std::string, std::string>> split_pair(const std::string& text) {
  const std::size_t at = text.find('=');
  if (at == 0 || at == std::string::npos) {
    return Error{Errc::kInvalidArgument, fmt::format("'{}' is not KEY=VALUE", text)};
  }
  return std::pair{text.substr(0, at), text.substr(at + 1)};
}

}  // namespace sweepd::cli
