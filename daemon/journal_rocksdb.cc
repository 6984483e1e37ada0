// The journal in RocksDB: synced batches in, short-lived iterators out.
#include "daemon/journal_rocksdb.h"

#include "blobs/file.h"
#include "daemon/journal_keys.h"
#include "daemon/journal_rocksdb_impl.h"
#include "daemon/record_codec.h"

#include <fmt/format.h>

#include <map>
#include <system_error>

namespace sweepd::daemon {

using namespace rocks;  // NOLINT(google-build-using-namespace): the other half of one room

using rocksdb::Status;

// Where RocksDB makes one error of another only the words of the reason are left, as when writes
// are stopped for want of a compaction that had no room.
bool rocks::is_no_room(const Status& status) {
  return status.IsNoSpace() || status.IsCompactionTooLarge() ||
         (!status.ok() && status.ToString().find("No space left on device") != std::string::npos);
}

Error rocks::translated(const Status& status, std::string_view doing) {
  Errc code = Errc::kUnexpected;
  if (is_no_room(status)) {
    code = Errc::kUnavailable;
  } else if (status.IsCorruption()) {
    code = Errc::kCorrupt;
  }
  return {code, fmt::format("{}: {}", doing, status.ToString())};
}

Error rocks::no_room_before(const std::string& folder) {
  return {Errc::kUnavailable,
          fmt::format("there was no room to write to {}, and it is not open anew", folder)};
}

Result<void> RocksJournal::Impl::write(rocksdb::WriteBatch& batch) const {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (wants_heal) {
    return no_room_before(folder);
  }
  const Status status = db->Write(synced, &batch);
  if (status.ok()) {
    return {};
  }
  const Error error = failure(status, fmt::format("cannot write to {}", folder));
  if (error.code == Errc::kUnavailable) {
    no_room();
  } else {
    options.fatal(error);
  }
  return error;
}

Result<RocksJournal::Impl::Use> RocksJournal::Impl::use() const {
  Use use(gate);
  if (!db) {
    return Error{Errc::kUnavailable,
                 fmt::format("there is no room to open the store in {}", folder)};
  }
  return use;
}

Result<RocksJournal::Impl::Use> RocksJournal::Impl::use_to_write() const {
  SWEEPD_TRY(Use use, this->use());
  if (wants_heal) {
    return no_room_before(folder);
  }
  return use;
}

Error RocksJournal::Impl::failure(const Status& status, std::string_view doing) const {
  const bool follows = wants_heal && !is_no_room(status) && !status.IsCorruption();
  return follows ? no_room_before(folder) : translated(status, doing);
}

void RocksJournal::Impl::no_room() const {
  wants_heal = true;
  compacting_unwanted = true;
}

void RocksJournal::Impl::add_records(rocksdb::WriteBatch& batch,
                                     const std::vector<core::Record>& records) const {
  std::span<const core::Record> rest(records);
  std::uint64_t seq = next_seq;
  while (!rest.empty()) {
    const auto row = rest.first(row_length(rest));
    batch.Put(family(kRecord), keys::record(core::journal_of(row.front()), seq), encode_row(row));
    if (const auto* report = std::get_if<core::ReportRecorded>(&row.front())) {
      batch.Put(family(kMetric), keys::metric(report->attempt, report->seq), encode_metrics(row));
    }
    seq += row.size();
    rest = rest.subspan(row.size());
  }
}

Result<void> RocksJournal::Impl::scan(const char* name,
                                      const std::string& prefix,
                                      const std::string& from,
                                      const Visit& visit) const {
  const Rows row(*this, name);
  row->SeekForPrev(from);
  if (!row->Valid() || !row->key().starts_with(prefix)) {
    row->Seek(from);
  }
  for (; row->Valid() && row->key().starts_with(prefix); row->Next()) {
    SWEEPD_TRY(const bool more, visit(view(row->key()), view(row->value())));
    if (!more) {
      break;
    }
  }
  return row->status().ok() ? Result<void>{} : translated(row->status(), "cannot read the store");
}

RocksJournal::RocksJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RocksJournal::~RocksJournal() = default;

std::uint64_t RocksJournal::term() const {
  return impl_->term;
}

const std::string& RocksJournal::uuid() const {
  return impl_->uuid;
}

const ClockMark& RocksJournal::clock() const {
  return impl_->clock;
}

std::uint64_t RocksJournal::next_seq() const {
  return impl_->next_seq;
}

Result<void> RocksJournal::commit(const Batch& batch) {
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  rocksdb::WriteBatch rows;
  impl_->add_records(rows, batch.records);
  for (const SweepHeader& header : batch.headers) {
    rows.Put(impl_->family(kState), keys::number(header.id.value), encode_header(header));
  }
  std::vector<SweepId> removed;
  for (const core::Record& record : batch.records) {
    if (const auto* removal = std::get_if<core::SweepRemoved>(&record)) {
      rows.Delete(impl_->family(kState), keys::number(removal->sweep.value));
      rows.Put(impl_->family(kMeta), keys::removed(removal->sweep), "");
      removed.push_back(removal->sweep);
    }
  }
  const std::uint64_t next = impl_->next_seq + batch.records.size();
  rows.Put(impl_->family(kMeta), "next_seq", keys::number(next));
  rows.Put(impl_->family(kMeta), "clock", encode_clock(batch.clock));
  SWEEPD_TRY_VOID(impl_->write(rows));
  impl_->next_seq = next;
  impl_->removed.insert(removed.begin(), removed.end());
  return {};
}

Result<std::vector<SweepHeader>> RocksJournal::headers() {
  SWEEPD_TRY(const Impl::Use use, impl_->use());
  std::vector<SweepHeader> headers;
  const auto take = [&](std::string_view, std::string_view value) -> Result<bool> {
    SWEEPD_TRY(SweepHeader header, decode_header(value));
    headers.push_back(std::move(header));
    return true;
  };
  SWEEPD_TRY_VOID(impl_->scan(kState, "", keys::number(0), take));
  return headers;
}

Result<std::vector<SequencedRecord>> RocksJournal::records(SweepId sweep,
                                                           std::uint64_t after_seq,
                                                           std::size_t limit) {
  SWEEPD_TRY(const Impl::Use use, impl_->use());
  std::vector<SequencedRecord> found;
  std::vector<core::Record> row;
  const auto take = [&](std::string_view key, std::string_view value) -> Result<bool> {
    row.clear();
    SWEEPD_TRY_VOID(decode_row(value, row));
    std::uint64_t seq = keys::last_number(key).value_or(0);
    for (core::Record& record : row) {
      if (seq > after_seq) {
        found.push_back({seq, std::move(record)});
      }
      ++seq;
    }
    return found.size() < limit;
  };
  const std::string from = keys::record(sweep, after_seq + 1);
  SWEEPD_TRY_VOID(impl_->scan(kRecord, keys::number(sweep.value), from, take));
  return found;
}

Result<std::vector<core::Report>> RocksJournal::reports(const AttemptKey& attempt,
                                                        std::uint64_t after_seq,
                                                        std::size_t limit) {
  SWEEPD_TRY(const Impl::Use use, impl_->use());
  std::vector<core::Report> found;
  const auto take = [&](std::string_view key, std::string_view value) -> Result<bool> {
    const std::uint64_t first = keys::last_number(key).value_or(0);
    SWEEPD_TRY(std::vector<core::Report> row, decode_metrics(value, first));
    for (core::Report& report : row) {
      if (report.seq > after_seq && found.size() < limit) {
        found.push_back(std::move(report));
      }
    }
    return found.size() < limit;
  };
  const std::string from = keys::metric(attempt, after_seq + 1);
  SWEEPD_TRY_VOID(impl_->scan(kMetric, keys::attempt(attempt), from, take));
  return found;
}

}  // namespace sweepd::daemon
