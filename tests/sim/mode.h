// How much of the production code a simulated world is built around, and what it may lose.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace sweepd::sim {

enum class Mode {
  kCore,
  // Around the production programs: the daemon's loop, gateways, codecs and recovery, and the
  // agent's session. Slower, so for fewer seeds.
  kSystem,
  kLosses,  // the same, and the daemon's disk may lose the end of its history
};

constexpr std::array<std::pair<std::string_view, Mode>, 3> kModes = {
    {{"core", Mode::kCore}, {"system", Mode::kSystem}, {"losses", Mode::kLosses}}};

constexpr std::string_view to_text(Mode mode) {
  return kModes[static_cast<std::size_t>(mode)].first;
}

constexpr std::optional<Mode> find_mode(std::string_view name) {
  for (const auto& [text, mode] : kModes) {
    if (text == name) {
      return mode;
    }
  }
  return std::nullopt;
}

}  // namespace sweepd::sim
