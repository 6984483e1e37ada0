// Numbers, spans of time and sizes in the form that people read in tables and sentences.
#pragma once

#include "base/counted.h"

#include <cstdint>
#include <string>

namespace sweepd::cli {

// Four significant digits: "0.9871", "1.2e-05", "123457" for whole numbers, "nan", "inf".
std::string number_text(double value);

// The shortest form that reads back to the same bits: "0.1", "1e-05", "nan".
std::string exact_number_text(double value);

// "640ms", "12s", "6m12s", "1h04m", "2d03h".
std::string span_text(std::int64_t us);

// The largest unit only: "12s", "6m", "3h", "2d".
std::string age_text(std::int64_t us);

// "214 KiB", "1.4 MiB"; powers of 1024.
std::string bytes_text(std::uint64_t bytes);

// "14:51:58" in the time zone of the machine.
std::string clock_text(std::int64_t wall_us);

// "2026-11-21T14:51:58.123456Z": UTC, always in this form, for JSON.
std::string iso_text(std::int64_t wall_us);

// Microseconds since 1970, now.
std::int64_t wall_now_us();

}  // namespace sweepd::cli
