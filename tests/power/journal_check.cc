// Comparing a reopened journal, row by row, with the history that was put into it.
#include "tests/power/journal_check.h"

#include "base/result.h"
#include "daemon/core/step.h"
#include "daemon/sweep_shelf.h"
#include "tests/power/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace sweepd::power {

namespace {

using daemon::RocksJournal;
using daemon::SequencedRecord;
using daemon::SweepHeader;
using daemon::test::MemoryJournal;

constexpr std::size_t kAll = 1 << 20;

Error wrong(std::string what) {
  return {Errc::kCorrupt, std::move(what)};
}

Result<std::vector<SequencedRecord>> all_records(daemon::Journal& journal) {
  SWEEPD_TRY(const std::vector<SweepHeader> headers, journal.headers());
  SWEEPD_TRY(std::vector<SequencedRecord> all, journal.records({}, 0, kAll));
  for (const SweepHeader& header : headers) {
    SWEEPD_TRY(std::vector<SequencedRecord> some, journal.records(header.id, 0, kAll));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
  return all;
}

std::set<AttemptKey> attempts_of(const std::vector<SequencedRecord>& records) {
  std::set<AttemptKey> attempts;
  for (const SequencedRecord& record : records) {
    if (const auto* assigned = std::get_if<core::AttemptAssigned>(&record.record)) {
      attempts.insert(assigned->attempt);
    }
  }
  return attempts;
}

// How many batches these records are, all of them the right ones and the last one whole.
Result<std::size_t> batches_of(const History& history,
                               const std::vector<SequencedRecord>& records) {
  std::size_t batch = 0;
  std::size_t place = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].seq != i + 1) {
      return wrong(fmt::format("record {} follows record {}", records[i].seq, i));
    }
    if (batch == history.batches.size() ||
        records[i].record != daemon::test::without_metrics(history.batches[batch].records[place])) {
      return wrong(fmt::format("record {} is another than was committed", i + 1));
    }
    if (++place == history.batches[batch].records.size()) {
      ++batch;
      place = 0;
    }
  }
  if (place != 0) {
    return wrong(fmt::format("batch {} is there in part", batch + 1));
  }
  return batch;
}

Result<void> check_rows(const History& history, RocksJournal& journal, std::size_t batches) {
  const std::unique_ptr<MemoryJournal> right = remembered(history, batches);
  SWEEPD_TRY(const std::vector<SweepHeader> headers, journal.headers());
  SWEEPD_TRY(const std::vector<SweepHeader> right_headers, right->headers());
  if (headers != right_headers) {
    return wrong(fmt::format("the headers are not those after batch {}", batches));
  }
  if (batches > 0 && journal.clock() != history.batches[batches - 1].clock) {
    return wrong(fmt::format("the clock is not that of batch {}", batches));
  }
  SWEEPD_TRY(const std::vector<SequencedRecord> records, all_records(*right));
  for (const AttemptKey& attempt : attempts_of(records)) {
    SWEEPD_TRY(const std::vector<core::Report> reports, journal.reports(attempt, 0, kAll));
    SWEEPD_TRY(const std::vector<core::Report> right_reports, right->reports(attempt, 0, kAll));
    if (reports != right_reports) {
      return wrong(fmt::format("the reports of {} are not those sent", to_string(attempt)));
    }
  }
  SWEEPD_TRY(const core::State state, daemon::SweepShelf(journal).recover());
  SWEEPD_TRY(const core::State right_state, daemon::SweepShelf(*right).recover());
  if (state != right_state) {
    return wrong(fmt::format("the recovered state is not the one after batch {}", batches));
  }
  if (const auto broken = core::check_invariants(state)) {
    return wrong(fmt::format("the recovered state is not sound: {}", *broken));
  }
  return {};
}

Result<void> check_log(const History& history,
                       RocksJournal& journal,
                       const daemon::LogKey& log,
                       const Marks& marks) {
  SWEEPD_TRY(const std::uint64_t size, journal.size(log));
  SWEEPD_TRY(const daemon::LogPiece piece, journal.read(log, 0, kAll));
  const std::string& bytes = piece.bytes;
  const std::string promised = log_after(history, log, marks.last(journal_marks::kAppended));
  const std::string asked = log_after(history, log, marks.last(journal_marks::kAppendAsked));
  if (size != bytes.size() || !asked.starts_with(bytes)) {
    return wrong(fmt::format("a log of {} bytes holds others than were sent", size));
  }
  if (bytes.size() < promised.size()) {
    return wrong(fmt::format("a log has {} of {} acknowledged bytes", size, promised.size()));
  }
  return {};
}

// The journal takes what comes next, once.
Result<void> go_on(const History& history, RocksJournal& journal, std::size_t batches) {
  if (batches == history.batches.size()) {
    return {};
  }
  mark(journal_marks::kCommitAsked, batches + 1);
  SWEEPD_TRY_VOID(journal.commit(history.batches[batches]));
  mark(journal_marks::kCommitted, batches + 1);
  SWEEPD_TRY(const std::vector<SequencedRecord> records, all_records(journal));
  SWEEPD_TRY(const std::size_t found, batches_of(history, records));
  return found == batches + 1 ? Result<void>() : wrong("a batch after the reopening is not there");
}

Result<void> check_reopened(const History& history,
                            RocksJournal& journal,
                            const Marks& marks,
                            Verdict& verdict) {
  if (journal.term() <= marks.last(journal_marks::kTerm)) {
    return wrong(fmt::format("term {} comes again", journal.term()));
  }
  if (!marks.all(journal_marks::kUuid).empty() &&
      !marks.has(journal_marks::kUuid, number_of(journal.uuid()))) {
    return wrong("the store has another uuid than before");
  }
  mark(journal_marks::kTerm, journal.term());
  mark(journal_marks::kUuid, number_of(journal.uuid()));
  SWEEPD_TRY(const std::vector<SequencedRecord> records, all_records(journal));
  SWEEPD_TRY(const std::size_t batches, batches_of(history, records));
  const std::uint64_t promised = marks.last(journal_marks::kCommitted);
  if (batches < promised) {
    verdict.lost += promised - batches;
    return wrong(fmt::format("{} of {} acknowledged batches are there", batches, promised));
  }
  if (batches > marks.last(journal_marks::kCommitAsked)) {
    return wrong(fmt::format("{} batches are there, more than were asked for", batches));
  }
  SWEEPD_TRY_VOID(check_rows(history, journal, batches));
  for (const daemon::LogKey& log : history.logs) {
    if (const Result<void> sound = check_log(history, journal, log, marks); !sound.ok()) {
      ++verdict.lost;
      return sound;
    }
  }
  return go_on(history, journal, batches);
}

}  // namespace

std::uint64_t number_of(const std::string& uuid) {
  return std::stoull(uuid.substr(0, 15), nullptr, 16) + 1;
}

std::optional<std::size_t> stored_batches(const History& history, RocksJournal& journal) {
  const auto records = all_records(journal);
  if (!records.ok()) {
    return std::nullopt;
  }
  const auto batches = batches_of(history, *records);
  return batches.ok() ? std::optional(*batches) : std::nullopt;
}

std::optional<std::size_t> stored_appends(const History& history, RocksJournal& journal) {
  std::size_t whole = history.appends.size();
  for (const daemon::LogKey& log : history.logs) {
    const auto size = journal.size(log);
    if (!size.ok()) {
      return std::nullopt;
    }
    while (whole > 0 && log_after(history, log, whole).size() > *size) {
      --whole;
    }
  }
  return whole;
}

Verdict check_journal(const History& history, const std::string& folder, const Marks& marks) {
  Verdict verdict;
  verdict.acknowledged =
      marks.all(journal_marks::kCommitted).size() + marks.all(journal_marks::kAppended).size();
  const auto start = std::chrono::steady_clock::now();
  const auto journal = RocksJournal::open(folder);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  verdict.reopen_ms = took.count();
  if (!journal.ok()) {
    verdict.violation = fmt::format("does not open: {}", journal.error().message);
    return verdict;
  }
  if (const auto sound = check_reopened(history, **journal, marks, verdict); !sound.ok()) {
    verdict.violation = sound.error().message;
  }
  return verdict;
}

}  // namespace sweepd::power
