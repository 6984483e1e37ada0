// Spans of time and sizes as people write them: "45m", "1h30m", "16GiB".
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sweepd::sweeps {

// Numbers with units ms, s, m, h, d, w, the larger first, each once: "1h30m", "1.5h", "0s". Never
// negative; a number without a unit is an error.
Result<Duration> parse_duration(std::string_view text);

// The way back in the largest units that are exact: "1h30m"; microseconds below a millisecond are
// dropped.
std::string to_text(Duration duration);

// One number with a unit B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024),
// in bytes.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace sweepd::sweeps
