// The door $SWEEPD_METRICS: one JSON object a line, its numbers are the metrics.
#pragma once

#include "agent/doors/points.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace sweepd::agent {

constexpr std::size_t kJsonLineBytesMax = 64 * 1024;

// The top-level numbers of the object, in its order; also the strings that are no JSON number but
// what people write for one: "NaN", "Infinity", "-inf", and the bare NaN and Infinity that Python
// prints. Everything else in it is ignored. None when the line is no JSON object, too long, or
// nests deeper than 8.
std::optional<Points> read_json_line(std::string_view line);

}  // namespace sweepd::agent
