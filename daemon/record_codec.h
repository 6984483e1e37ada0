// Records, metrics and headers <-> the bytes of their rows on disk.
#pragma once

#include "base/result.h"
#include "daemon/core/record.h"
#include "daemon/journal.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::daemon {

// How many of the leading records go into one row: one, or a run of consecutive reports of one
// attempt.
//   records: not empty
std::size_t row_length(std::span<const core::Record> records);

// One row: `row_length` records. The metrics of reports are left out.
std::string encode_row(std::span<const core::Record> row);

// Appends the records of a row to `records`. kCorrupt for what no row can be, kWrongState for a row
// of a newer sweepd.
Result<void> decode_row(std::string_view bytes, std::vector<core::Record>& records);

// All metrics of a row of reports.
std::string encode_metrics(std::span<const core::Record> row);

// The reports of a row of metrics; `first_seq` is the number of the first.
Result<std::vector<core::Report>> decode_metrics(std::string_view bytes, std::uint64_t first_seq);

std::string encode_header(const SweepHeader& header);
Result<SweepHeader> decode_header(std::string_view bytes);

std::string encode_clock(const ClockMark& mark);
Result<ClockMark> decode_clock(std::string_view bytes);

}  // namespace sweepd::daemon
