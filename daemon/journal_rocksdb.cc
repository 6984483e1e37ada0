// The journal in RocksDB: column families, synced batches, short-lived iterators.
#include "daemon/journal_rocksdb.h"

#include "blobs/file.h"
#include "daemon/journal_keys.h"
#include "daemon/journal_rocksdb_impl.h"
#include "daemon/record_codec.h"

#include <fmt/format.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_manager.h>
#include <rocksdb/table.h>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <system_error>

namespace sweepd::daemon {

using namespace rocks;  // NOLINT(google-build-using-namespace): the other half of one room

namespace {

using rocksdb::Slice;
using rocksdb::Status;

constexpr std::size_t kMemtablesBytes = 128 << 20;
constexpr std::size_t kWalBytesMax = 256 << 20;  // bounds the replay after a crash
constexpr int kOpenFilesMax = 512;
// Room that a disk must have again before changes are accepted: one large batch.
constexpr std::size_t kProbeBytes = 4 << 20;
// A log row larger than this is stored outside the sorted files, so that it is not copied by every
// compaction.
constexpr std::size_t kBlobBytesMin = 4096;

rocksdb::DBOptions db_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_total_wal_size = kWalBytesMax;
  options.db_write_buffer_size = kMemtablesBytes;
  options.max_open_files = kOpenFilesMax;
  options.max_background_jobs = 2;
  options.keep_log_file_num = 3;
  options.max_log_file_size = 4 << 20;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.sst_file_manager.reset(rocksdb::NewSstFileManager(rocksdb::Env::Default()));
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const std::string& name,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = 32 << 20;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  if (name == kLog) {
    options.enable_blob_files = true;
    options.min_blob_size = kBlobBytesMin;
    options.blob_compression_type = rocksdb::kZSTD;
    options.enable_blob_garbage_collection = true;
  }
  return options;
}

std::string random_uuid() {
  std::array<unsigned char, 16> bytes{};
  SWEEPD_CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string text;
  for (const unsigned char byte : bytes) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

}  // namespace

Error rocks::translated(const Status& status, std::string_view doing) {
  Errc code = Errc::kUnexpected;
  // Busy: the store itself is just about to find out whether there is room again.
  if (status.IsNoSpace() || status.IsBusy()) {
    code = Errc::kUnavailable;
  } else if (status.IsCorruption()) {
    code = Errc::kCorrupt;
  }
  return {code, fmt::format("{}: {}", doing, status.ToString())};
}

Result<void> RocksJournal::Impl::open_files() {
  const rocksdb::DBOptions options = db_options();
  std::vector<std::string> names;
  // Fails for a folder without a store, which is then made with the families below.
  rocksdb::DB::ListColumnFamilies(options, folder, &names).PermitUncheckedError();
  for (const char* name : {"default", kState, kRecord, kMetric, kLog, kMeta}) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.emplace_back(name);
    }
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) {
    descriptors.emplace_back(name, family_options(name, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const Status status = rocksdb::DB::Open(options, folder, descriptors, &handles, &opened);
  if (!status.ok()) {
    return translated(status, fmt::format("cannot open the store in {}", folder));
  }
  db.reset(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    families[handle->GetName()] = handle;
  }
  // The store syncs what is in its folder, not the name of the folder.
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(folder, error);
  return blobs::sync_folder((whole / "..").lexically_normal().string());
}

Result<std::string> RocksJournal::Impl::meta(const char* key) const {
  std::string value;
  const Status status = db->Get({}, family(kMeta), key, &value);
  if (!status.ok() && !status.IsNotFound()) {
    return translated(status, "cannot read the store");
  }
  return value;
}

Result<std::uint64_t> RocksJournal::Impl::meta_number(const char* key) const {
  SWEEPD_TRY(const std::string value, meta(key));
  return keys::last_number(value).value_or(0);
}

Result<void> RocksJournal::Impl::begin_term() {
  SWEEPD_TRY(const std::uint64_t schema, meta_number("schema"));
  if (schema > kSchemaVersion) {
    return Error{
        Errc::kWrongState,
        fmt::format(
            "the store in {} has schema version {}, written by a newer sweepd; this one reads "
            "versions up to {}",
            folder,
            schema,
            kSchemaVersion)};
  }
  SWEEPD_TRY(const std::uint64_t last_term, meta_number("term"));
  SWEEPD_TRY(const std::uint64_t stored_next, meta_number("next_seq"));
  SWEEPD_TRY(const std::string stored_clock, meta("clock"));
  SWEEPD_TRY(clock, decode_clock(stored_clock));
  SWEEPD_TRY(uuid, meta("uuid"));
  term = last_term + 1;
  next_seq = std::max<std::uint64_t>(1, stored_next);
  if (uuid.empty()) {
    uuid = random_uuid();
  }
  rocksdb::WriteBatch batch;
  batch.Put(family(kMeta), "schema", keys::number(kSchemaVersion));
  batch.Put(family(kMeta), "term", keys::number(term));
  batch.Put(family(kMeta), "uuid", uuid);
  return write(batch);
}

Result<void> RocksJournal::Impl::write(rocksdb::WriteBatch& batch) const {
  rocksdb::WriteOptions options;
  options.sync = true;
  const Status status = db->Write(options, &batch);
  if (!status.ok()) {
    return translated(status, fmt::format("cannot write to {}", folder));
  }
  return {};
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
  const std::unique_ptr<rocksdb::Iterator> row(db->NewIterator({}, family(name)));
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

Result<std::unique_ptr<RocksJournal>> RocksJournal::open(const std::string& folder,
                                                         std::uint64_t log_bytes_max) {
  auto impl = std::make_unique<Impl>();
  impl->log_bytes_max = log_bytes_max;
  impl->folder = folder;
  SWEEPD_TRY_VOID(impl->open_files());
  SWEEPD_TRY_VOID(impl->begin_term());
  return std::unique_ptr<RocksJournal>(new RocksJournal(std::move(impl)));
}

std::uint64_t RocksJournal::term() const {
  return impl_->term;
}

const std::string& RocksJournal::uuid() const {
  return impl_->uuid;
}

const ClockMark& RocksJournal::clock() const {
  return impl_->clock;
}

Result<void> RocksJournal::commit(const Batch& batch) {
  rocksdb::WriteBatch rows;
  impl_->add_records(rows, batch.records);
  for (const SweepHeader& header : batch.headers) {
    rows.Put(impl_->family(kState), keys::number(header.id.value), encode_header(header));
  }
  const std::uint64_t next = impl_->next_seq + batch.records.size();
  rows.Put(impl_->family(kMeta), "next_seq", keys::number(next));
  rows.Put(impl_->family(kMeta), "clock", encode_clock(batch.clock));
  SWEEPD_TRY_VOID(impl_->write(rows));
  impl_->next_seq = next;
  return {};
}

Result<void> RocksJournal::heal() {
  const Status status = impl_->db->Resume();
  if (!status.ok()) {
    return translated(status, fmt::format("cannot write to {}", impl_->folder));
  }
  // What was written before the failure may be on disk although nobody was told: where it ends is
  // read again.
  rocksdb::WriteBatch probe;
  probe.Put(impl_->family(kMeta), "probe", std::string(kProbeBytes, 'x'));
  SWEEPD_TRY_VOID(impl_->write(probe));
  rocksdb::WriteBatch removal;
  removal.Delete(impl_->family(kMeta), "probe");
  SWEEPD_TRY_VOID(impl_->write(removal));
  SWEEPD_TRY(const std::uint64_t next, impl_->meta_number("next_seq"));
  impl_->next_seq = std::max<std::uint64_t>(1, next);
  impl_->wants_heal = false;
  return {};
}

bool RocksJournal::wants_heal() const {
  return impl_->wants_heal;
}

Result<std::vector<SweepHeader>> RocksJournal::headers() {
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
