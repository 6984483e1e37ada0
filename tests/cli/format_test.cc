#include "cli/format.h"

#include <doctest/doctest.h>

#include <limits>

namespace sweepd::cli {

TEST_CASE("format: numbers for people have four significant digits") {
  CHECK(number_text(0.98712345) == "0.9871");
  CHECK(number_text(0.0031071) == "0.003107");
  CHECK(number_text(1.25e-7) == "1.25e-07");
  CHECK(number_text(20) == "20");
  CHECK(number_text(123456) == "123456");
  CHECK(number_text(-0.5) == "-0.5");
  CHECK(number_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("format: exact numbers read back to the same bits") {
  CHECK(exact_number_text(0.1) == "0.1");
  CHECK(exact_number_text(1.0 / 3) == "0.3333333333333333");
  CHECK(exact_number_text(std::numeric_limits<double>::infinity()) == "inf");
}

TEST_CASE("format: spans of time in the two units that matter") {
  CHECK(span_text(640'000) == "640ms");
  CHECK(span_text(12'000'000) == "12s");
  CHECK(span_text(372'000'000) == "6m12s");
  CHECK(span_text(3'840'000'000) == "1h04m");
  CHECK(span_text(183'600'000'000) == "2d03h");
  CHECK(span_text(-5) == "0s");
  CHECK(age_text(59'000'000) == "59s");
  CHECK(age_text(7'200'000'000) == "2h");
}

TEST_CASE("format: sizes never read 1024 of a unit") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1023) == "1023 B");
  CHECK(bytes_text(1024) == "1.0 KiB");
  CHECK(bytes_text(214 * 1024) == "214 KiB");
  CHECK(bytes_text(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(bytes_text(std::numeric_limits<std::uint64_t>::max()) == "16384 PiB");
}

TEST_CASE("format: times for programs are ISO 8601 in UTC with microseconds") {
  CHECK(iso_text(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(iso_text(1'700'000'000'123'456) == "2023-11-14T22:13:20.123456Z");
  CHECK(iso_text(-1) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("format: one is not many") {}

}  // namespace sweepd::cli
