// The check of the rows: each can be read, and together they are one history without gaps.
#include "daemon/fsck_parts.h"
#include "daemon/journal_keys.h"
#include "daemon/record_codec.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sweepd::daemon::fsck_parts {

namespace {

constexpr std::size_t kRecordKeyBytes = 16;
constexpr std::size_t kMetricKeyBytes = 24;
constexpr std::size_t kLogKeyBytes = 25;

std::uint64_t number_at(std::string_view key, std::size_t offset) {
  return keys::last_number(key.substr(0, offset + 8)).value_or(0);
}

AttemptKey attempt_at(std::string_view key) {
  const std::uint64_t trial_and_attempt = number_at(key, 8);
  return {{number_at(key, 0)},
          {static_cast<std::uint32_t>(trial_and_attempt >> 32U)},
          {static_cast<std::uint32_t>(trial_and_attempt & UINT32_MAX)}};
}

// Sequence numbers first, first + 1, … of one row. A long history of one sweep is one such run.
struct Run {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  bool operator<(const Run& other) const { return first < other.first; }
};

void add(std::vector<Run>& runs, const Run& run) {
  if (!runs.empty() && runs.back().first + runs.back().count == run.first) {
    runs.back().count += run.count;
  } else {
    runs.push_back(run);
  }
}

DeletedRecords sum_of_gaps(const std::vector<Run>& runs) {
  DeletedRecords sum;
  std::uint64_t next = 1;
  for (const Run& run : runs) {
    for (; next < run.first; ++next) {
      sum.add(next);
    }
    next = std::max(next, run.first + run.count);
  }
  return sum;
}

// Whether there is nothing more to say about gaps: what is missing is what was deleted with removed
// sweeps; or it is not, and nobody knows which of the gaps are the wrong ones.
bool gaps_are_known(Check& check, const std::vector<Run>& runs) {
  std::uint64_t next = 1;
  std::uint64_t missing = 0;
  for (const Run& run : runs) {
    missing += run.first > next ? run.first - next : 0;
    next = std::max(next, run.first + run.count);
  }
  if (missing == check.deleted.count && sum_of_gaps(runs) == check.deleted) {
    return true;
  }
  if (check.deleted.count > 0) {
    check.find("sequence-gap",
               "records",
               fmt::format("{} records are missing, and others were deleted with their sweeps: {}",
                           missing,
                           check.deleted.count));
  }
  return check.deleted.count > 0;
}

void check_sequence(Check& check, std::vector<Run>& runs) {
  std::sort(runs.begin(), runs.end());
  const bool known = gaps_are_known(check, runs);
  std::uint64_t next = 1;
  for (const Run& run : runs) {
    const std::string where = fmt::format("record {}", std::min(next, run.first));
    if (run.first > next && !known) {
      check.find(
          "sequence-gap", where, fmt::format("records {} to {} are missing", next, run.first - 1));
    } else if (run.first < next) {
      check.find("sequence-repeated",
                 where,
                 fmt::format("the number {} was given to two records", run.first));
    }
    next = std::max(next, run.first + run.count);
  }
  if (next != check.journal().next_seq()) {
    check.find("sequence-end",
               "meta next_seq",
               fmt::format("the next record would be {}, and the last one there is is {}",
                           check.journal().next_seq(),
                           next - 1));
  }
}

void check_removal(Check& check, const core::SweepRemoved& removal, const std::string& where) {
  if (!check.removed.insert(removal.sweep).second) {
    check.find("removed-twice", where, fmt::format("sweep {}", removal.sweep.value));
  }
  if (check.known.contains(removal.sweep)) {
    check.find("removed-and-there",
               fmt::format("sweep {}", removal.sweep.value),
               "it was removed, and has a header");
  }
}

// A journal without a header is read by nobody. Journal 0, which tells of removals, comes first.
void check_owner(Check& check, SweepId sweep, SweepId before) {
  if (!sweep || sweep == before || check.known.contains(sweep)) {
    return;
  }
  const std::string where = fmt::format("sweep {}", sweep.value);
  const bool removed = check.removed.contains(sweep);
  if (!removed) {
    check.find("header-missing", where, "there are records of it, and no header");
  } else if (!check.deleting.contains(sweep)) {
    check.find("rows-left", where, "it was removed, and nobody would delete what is left of it");
  }
}

// What the later steps need of the records of a row.
void take(Check& check, const std::vector<core::Record>& row, const std::string& where) {
  for (const core::Record& record : row) {
    check.needed.read(record);
    if (const auto* removal = std::get_if<core::SweepRemoved>(&record)) {
      check_removal(check, *removal, where);
    }
    const auto* report = std::get_if<core::ReportRecorded>(&record);
    if (report != nullptr && !check.deleting.contains(report->attempt.sweep)) {
      std::uint64_t& last = check.reports[report->attempt];
      if (report->seq != last + 1) {
        check.find("report-order",
                   where,
                   fmt::format("report {} of {} comes after report {}",
                               report->seq,
                               to_string(report->attempt),
                               last));
      }
      last = report->seq;
      ++check.report().reports;
    }
  }
}

}  // namespace

Result<void> check_meta(Check& check) {
  if (check.journal().term() == 0 || check.journal().uuid().empty()) {
    check.find("meta-missing", "meta", "the store has no term or no uuid");
  }
  const auto look = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (key.starts_with(keys::kRemovedPrefix)) {
      check.deleting.insert({keys::last_number(key).value_or(0)});
    } else if (key == keys::kDeleted) {
      const Result<DeletedRecords> deleted = DeletedRecords::decode(value);
      if (deleted.ok()) {
        check.deleted = *deleted;
      } else {
        check.find("meta-damaged", "meta deleted", deleted.error().message);
      }
    }
    return true;
  };
  return check.journal().each(Family::kMeta, "", look);
}

Result<void> check_headers(Check& check) {
  return check.journal().each(
      Family::kState, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
        const Result<SweepHeader> header = decode_header(value);
        const std::uint64_t number = keys::last_number(key).value_or(0);
        const std::string where = fmt::format("header of sweep {}", number);
        if (!header.ok()) {
          check.find("header-damaged", where, header.error().message);
        } else if (key.size() != 8 || header->id.value != number) {
          check.find("header-misplaced", where, fmt::format("it is of sweep {}", header->id.value));
        } else {
          check.known.insert(header->id);
          check.headers.push_back(*header);
          ++check.report().sweeps;
        }
        SWEEPD_TRY_VOID(check.row("headers"));
        return true;
      });
}

Result<void> check_records(Check& check) {
  std::vector<Run> runs;
  std::vector<core::Record> row;
  SweepId before;
  const auto look = [&](std::string_view key, std::string_view value) -> Result<bool> {
    SWEEPD_TRY_VOID(check.row("records"));
    const SweepId sweep{number_at(key, 0)};
    check_owner(check, sweep, std::exchange(before, sweep));
    const std::uint64_t seq = keys::last_number(key).value_or(0);
    const std::string where = fmt::format("record {} of sweep {}", seq, sweep.value);
    row.clear();
    if (key.size() != kRecordKeyBytes) {
      check.find("record-misplaced", where, fmt::format("a key of {} bytes", key.size()));
    } else if (const Result<void> read = decode_row(value, row); !read.ok()) {
      check.find("record-damaged", where, read.error().message);
      add(runs, {seq, 1});
    } else if (core::journal_of(row.front()) != sweep) {
      check.find("record-misplaced",
                 where,
                 fmt::format("it is of sweep {}", core::journal_of(row.front()).value));
    } else {
      add(runs, {seq, row.size()});
      check.report().records += row.size();
      take(check, row, where);
    }
    return true;
  };
  SWEEPD_TRY_VOID(check.journal().each(Family::kRecord, "", look));
  for (TreeReference& reference : check.needed.take()) {
    check.trees.emplace(std::move(reference.digest), std::move(reference.who));
  }
  check_sequence(check, runs);
  return {};
}

Result<void> check_metrics(Check& check) {
  std::map<AttemptKey, std::uint64_t> stored;
  const auto look = [&](std::string_view key, std::string_view value) -> Result<bool> {
    SWEEPD_TRY_VOID(check.row("metrics"));
    const AttemptKey attempt = attempt_at(key);
    if (check.deleting.contains(attempt.sweep)) {
      return true;  // whole, in part or gone: all are right
    }
    const std::uint64_t first = keys::last_number(key).value_or(0);
    const std::string where = fmt::format("metrics of {} from {} on", to_string(attempt), first);
    const Result<std::vector<core::Report>> row = decode_metrics(value, first);
    if (!row.ok() || key.size() != kMetricKeyBytes) {
      check.find("metric-damaged", where, row.ok() ? "a key of no row" : row.error().message);
      return true;
    }
    std::uint64_t& last = stored[attempt];
    if (first != last + 1) {
      check.find("metric-gap", where, fmt::format("the row before ends with report {}", last));
    }
    last = first + row->size() - 1;
    return true;
  };
  SWEEPD_TRY_VOID(check.journal().each(Family::kMetric, "", look));
  const auto compare = [&](const AttemptKey& attempt) {
    const auto recorded = check.reports.find(attempt);
    const auto kept = stored.find(attempt);
    const std::uint64_t in_journal = recorded == check.reports.end() ? 0 : recorded->second;
    const std::uint64_t in_rows = kept == stored.end() ? 0 : kept->second;
    if (in_journal != in_rows) {
      check.find(
          "metric-count",
          fmt::format("metrics of {}", to_string(attempt)),
          fmt::format(
              "the journal has {} reports, {} are stored with their metrics", in_journal, in_rows));
    }
  };
  for (const auto& [attempt, last] : check.reports) {
    compare(attempt);
  }
  for (const auto& [attempt, last] : stored) {
    if (!check.reports.contains(attempt)) {
      compare(attempt);
    }
  }
  return {};
}

Result<void> check_logs(Check& check) {
  std::string log;
  std::uint64_t end = 0;
  bool cut = false;
  return check.journal().each(
      Family::kLog, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
        SWEEPD_TRY_VOID(check.row("logs"));
        const std::string where = fmt::format("log of {}", to_string(attempt_at(key)));
        if (key.size() != kLogKeyBytes) {
          check.find("log-misplaced", where, fmt::format("a key of {} bytes", key.size()));
          return true;
        }
        const std::string_view prefix = key.substr(0, kLogKeyBytes - 8);
        const std::uint64_t begin = keys::last_number(key).value_or(0);
        if (prefix != log) {
          log = prefix;
          end = 0;
          cut = false;
        }
        // The middle of a long log is cut out, once.
        const bool gap = begin != end;
        const bool allowed = begin > end && end >= LogLimits().head_bytes && !cut;
        cut = cut || gap;
        if (gap && !allowed) {
          check.find("log-gap", where, fmt::format("bytes {} to {} are missing", end, begin));
        }
        end = begin + value.size();
        check.report().log_bytes += value.size();
        return true;
      });
}

}  // namespace sweepd::daemon::fsck_parts
