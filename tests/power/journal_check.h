// Whether a journal that was reopened holds what was promised, and nothing that was never asked.
#pragma once

#include "daemon/journal_rocksdb.h"
#include "tests/power/history.h"
#include "tests/power/workload.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sweepd::power {

namespace journal_marks {

// Which: the number of batches or appends up to this one.
constexpr std::int32_t kCommitAsked = 1;
constexpr std::int32_t kCommitted = 2;
constexpr std::int32_t kAppendAsked = 3;
constexpr std::int32_t kAppended = 4;
constexpr std::int32_t kTerm = 5;
constexpr std::int32_t kUuid = 6;

}  // namespace journal_marks

// The first half of the uuid of a store, never 0.
std::uint64_t number_of(const std::string& uuid);

// How many batches of the history the journal holds; none when it holds something else.
std::optional<std::size_t> stored_batches(const History& history, daemon::RocksJournal& journal);

// How many appends it holds whole.
std::optional<std::size_t> stored_appends(const History& history, daemon::RocksJournal& journal);

Verdict check_journal(const History& history, const std::string& folder, const Marks& marks);

}  // namespace sweepd::power
