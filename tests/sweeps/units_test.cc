// Spans of time and sizes, as people write them.
#include "sweeps/units.h"

#include <doctest/doctest.h>

using namespace sweepd;
using namespace sweepd::sweeps;

namespace {

std::int64_t us(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration ? duration->us : -1;
}

std::string duration_fault(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration ? "" : duration.error().message;
}

std::string size_fault(std::string_view text) {
  const auto size = parse_size(text);
  return size ? "" : size.error().message;
}

}  // namespace

TEST_CASE("units: a span of time has units, the larger first") {
  CHECK(us("250ms") == 250'000);
  CHECK(us("30s") == 30'000'000);
  CHECK(us("45m") == 45LL * 60 * 1'000'000);
  CHECK(us("1h30m") == 90LL * 60 * 1'000'000);
  CHECK(us("1.5h") == 90LL * 60 * 1'000'000);
  CHECK(us("1d") == 24LL * 3600 * 1'000'000);
  CHECK(us("2w1d") == 15LL * 24 * 3600 * 1'000'000);
  CHECK(us("0s") == 0);
}

TEST_CASE("units: a span that is none is refused in words") {
  CHECK(duration_fault("45") == "'45' needs a unit: ms, s, m, h, d or w");
  CHECK(duration_fault("") == "'' is not a span of time like 45m or 1h30m");
  CHECK(duration_fault("-5m") == "'-5m' is not a span of time like 45m or 1h30m");
  CHECK(duration_fault("m") == "'m' is not a span of time like 45m or 1h30m");
  CHECK(duration_fault("1.2.3s") == "'1.2.3s' is not a span of time like 45m or 1h30m");
  CHECK(duration_fault("5min") == "'min' is not a unit of time: ms, s, m, h, d or w");
  CHECK(duration_fault("5 m") == "' m' is not a unit of time: ms, s, m, h, d or w");
  CHECK(duration_fault("30m1h") ==
        "'30m1h' has its units out of order: the larger first, each once");
  CHECK(duration_fault("1h1h") == "'1h1h' has its units out of order: the larger first, each once");
  CHECK(duration_fault("9999999999w") == "'9999999999w' is more than a century");
  CHECK(duration_fault("1h30") == "'1h30' needs a unit: ms, s, m, h, d or w");
}

TEST_CASE("units: a span is written in its largest exact units and reads back") {
  CHECK(to_text(Duration{0}) == "0s");
  CHECK(to_text(seconds(90)) == "1m30s");
  CHECK(to_text(milliseconds(1500)) == "1s500ms");
  CHECK(to_text(seconds(86400 * 8)) == "1w1d");
  CHECK(to_text(seconds(-60)) == "-1m");
  for (const auto* text : {"1w2d3h4m5s6ms", "45m", "999ms"}) {
    CHECK(to_text(*parse_duration(text)) == text);
  }
}

TEST_CASE("units: a size has one number and one unit") {
  CHECK(*parse_size("0B") == 0);
  CHECK(*parse_size("16GiB") == 16ULL * 1024 * 1024 * 1024);
  CHECK(*parse_size("1.5KiB") == 1536);
  CHECK(*parse_size("2TB") == 2'000'000'000'000ULL);
  CHECK(size_fault("16") == "'16' needs a unit: B, KB, MB, GB, TB, KiB, MiB, GiB or TiB");
  CHECK(size_fault("16gb") ==
        "'gb' is not a unit of size: B, KB, MB, GB, TB, KiB, MiB, GiB or TiB");
  CHECK(size_fault("GiB") == "'GiB' is not a size like 16GiB");
  CHECK(size_fault("-1GiB") == "'-1GiB' is not a size like 16GiB");
  CHECK(size_fault("99999999999TiB") == "'99999999999TiB' is larger than any disk");
}
