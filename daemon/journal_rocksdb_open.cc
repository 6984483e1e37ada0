// How the store is opened: what it is made of, which schema it has, and which term begins.
#include "base/log.h"
#include "blobs/file.h"
#include "daemon/disk.h"
#include "daemon/journal_keys.h"
#include "daemon/journal_rocksdb_impl.h"
#include "daemon/record_codec.h"

#include <fmt/format.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/sst_file_manager.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

namespace sweepd::daemon {

using namespace rocks;  // NOLINT(google-build-using-namespace): the other half of one room

namespace {

using rocksdb::Status;

constexpr std::size_t kWalBytesMax = 256 << 20;  // bounds the replay after a crash
constexpr std::size_t kMemtableBytesMin = 1 << 20;
constexpr std::size_t kMemtableBytesMax = 32 << 20;
constexpr std::uint64_t kReadMemoryBytes = 32 << 20;
constexpr int kOpenFilesMax = 512;
// A log row larger than this is stored outside the sorted files, so that it is not copied by every
// compaction.
constexpr std::size_t kBlobBytesMin = 4096;

// Errors that no caller sees, because they happen on the store's own threads.
class Watcher final : public rocksdb::EventListener {
 public:
  Watcher(OnFatal fatal, std::function<void()> no_room, const std::atomic<bool>& wants_heal)
      : fatal_(std::move(fatal)), no_room_(std::move(no_room)), wants_heal_(wants_heal) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, Status* status) override {
    // Who begins a new log while the write fails that spoils the last one.
    const bool follows = wants_heal_ && reason == rocksdb::BackgroundErrorReason::kMemTable;
    if (stops_writes(*status)) {
      no_room_();
    } else if (!is_no_room(*status) && !follows && !status->IsShutdownInProgress()) {
      fatal_(translated(*status, "a thread of the store failed"));
    }
  }

  // RocksDB would go on with the files it has as soon as there is a little room, family by family.
  // What it repairs may be a compaction alone: a log that a write has spoiled meanwhile is then
  // left to some families and not to others, and the store can never be opened again.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason,
                            Status status,
                            bool* by_itself) override {
    *by_itself = *by_itself && !is_no_room(status);
  }

 private:
  // A compaction without room is none of them: nothing is spoiled. Should writes have to wait for
  // it they are refused, and whoever is refused tells.
  static bool stops_writes(const Status& status) {
    return is_no_room(status) && status.severity() >= Status::Severity::kHardError;
  }

  OnFatal fatal_;
  std::function<void()> no_room_;
  const std::atomic<bool>& wants_heal_;
};

// What RocksDB has to say goes into our log. Its own file would lie on the disk that is full when
// it has most to say, and Debian's build ends the process when a line cannot be written.
class StoreLog final : public rocksdb::Logger {
 public:
  StoreLog() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using Logger::Logv;

  void Logv(const char* format, va_list arguments) override {
    std::array<char, 512> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    log_warn("store: {}", text.data());
  }
};

rocksdb::DBOptions db_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_total_wal_size = kWalBytesMax;
  options.max_open_files = kOpenFilesMax;
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<StoreLog>();
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.sst_file_manager.reset(rocksdb::NewSstFileManager(rocksdb::Env::Default()));
  return options;
}

// The store reserves the room of a memtable ahead, and healing wants room for what is in memory: on
// a small file system that must not be most of it.
std::size_t memtable_bytes(const std::string& folder) {
  const Result<DiskSpace> space = disk_space(folder);
  const std::uint64_t total = space.ok() ? space->total_bytes : 0;
  return total == 0 ? kMemtableBytesMax
                    : std::clamp<std::size_t>(total / 128, kMemtableBytesMin, kMemtableBytesMax);
}

rocksdb::ColumnFamilyOptions family_options(const std::string& name,
                                            const std::shared_ptr<rocksdb::Cache>& cache,
                                            std::size_t memtable) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = memtable;
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

bool holds_store(const std::string& folder) {
  std::error_code error;
  return std::filesystem::exists(folder + "/CURRENT", error);
}

Result<void> check_schema(const std::string& folder, std::uint64_t schema) {
  if (schema <= kSchemaVersion) {
    return {};
  }
  return Error{
      Errc::kWrongState,
      fmt::format("the store in {} has schema version {}, written by a newer sweepd; this one "
                  "reads versions up to {}: install the newer sweepd, or restore an older backup",
                  folder,
                  schema,
                  kSchemaVersion)};
}

// The value of a row of `meta`; empty when there is none.
Status get_meta(rocksdb::DB& db,
                rocksdb::ColumnFamilyHandle* meta,
                const char* key,
                std::string& value) {
  const Status status = db.Get({}, meta, key, &value);
  return status.IsNotFound() ? Status::OK() : status;
}

}  // namespace

Result<std::optional<StoreStamp>> read_stamp(const std::string& folder) {
  if (!holds_store(folder)) {
    return std::optional<StoreStamp>();
  }
  std::vector<std::string> names;
  const rocksdb::DBOptions options = db_options();
  Status status = rocksdb::DB::ListColumnFamilies(options, folder, &names);
  if (status.ok() && std::find(names.begin(), names.end(), kMeta) == names.end()) {
    return std::optional<StoreStamp>();
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  if (status.ok()) {
    status = rocksdb::DB::OpenForReadOnly(
        options, folder, {{"default", {}}, {kMeta, {}}}, &handles, &opened);
  }
  if (!status.ok()) {
    return translated(status, fmt::format("cannot open the store in {}", folder));
  }
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::string schema;
  std::string term;
  StoreStamp stamp;
  status = get_meta(*db, handles[1], "schema", schema);
  if (status.ok()) {
    status = get_meta(*db, handles[1], "program", stamp.program);
  }
  if (status.ok()) {
    status = get_meta(*db, handles[1], "term", term);
  }
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  if (!status.ok()) {
    return translated(status, fmt::format("cannot read the store in {}", folder));
  }
  stamp.schema = keys::last_number(schema).value_or(0);
  stamp.term = keys::last_number(term).value_or(0);
  SWEEPD_TRY_VOID(check_schema(folder, stamp.schema));
  return stamp.schema == 0 ? std::optional<StoreStamp>()
                           : std::optional<StoreStamp>(std::move(stamp));
}

Result<void> RocksJournal::Impl::open_files() {
  rocksdb::DBOptions db_opts = db_options();
  // Memtables are paid for from the cache, so that one number bounds both.
  cache = rocksdb::NewLRUCache(options.memory_bytes);
  db_opts.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(options.memory_bytes / 3 * 2, cache);
  db_opts.listeners.push_back(std::make_shared<Watcher>(
      options.fatal, [this] { no_room(); }, wants_heal));
  std::vector<std::string> names;
  // Fails for a folder without a store, which is then made with the families below.
  rocksdb::DB::ListColumnFamilies(db_opts, folder, &names).PermitUncheckedError();
  for (const char* name : {"default", kState, kRecord, kMetric, kLog, kMeta}) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.emplace_back(name);
    }
  }
  const std::size_t memtable = memtable_bytes(folder);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) {
    descriptors.emplace_back(name, family_options(name, cache, memtable));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const Status status = rocksdb::DB::Open(db_opts, folder, descriptors, &handles, &opened);
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

void RocksJournal::Impl::close_files() {
  for (const auto& [name, family] : families) {
    db->DestroyColumnFamilyHandle(family);
  }
  families.clear();
  db.reset();
}

Result<void> RocksJournal::Impl::prove_room() {
  if (db) {
    in_memory_bytes = 0;
    for (const auto& [name, family] : families) {
      std::uint64_t bytes = 0;
      if (db->GetIntProperty(family, rocksdb::DB::Properties::kCurSizeAllMemTables, &bytes)) {
        in_memory_bytes += bytes;
      }
    }
  }
  SWEEPD_TRY(const DiskSpace space, disk_space(folder));
  const std::uint64_t wanted = in_memory_bytes + 2 * kLargeBatchBytes;
  return space.free_bytes >= wanted
             ? Result<void>()
             : Error{Errc::kUnavailable,
                     fmt::format("opening the store in {} anew wants {}, and {} are free",
                                 folder,
                                 size_text(wanted),
                                 size_text(space.free_bytes))};
}

Result<void> RocksJournal::Impl::open_files_to_read() {
  if (!holds_store(folder)) {
    return Error{Errc::kNotFound, fmt::format("there is no store in {}", folder)};
  }
  rocksdb::DBOptions db_opts = db_options();
  db_opts.create_if_missing = false;
  db_opts.sst_file_manager.reset();
  cache = rocksdb::NewLRUCache(options.memory_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const char* name : {"default", kState, kRecord, kMetric, kLog, kMeta}) {
    descriptors.emplace_back(name, family_options(name, cache, kMemtableBytesMax));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const Status status =
      rocksdb::DB::OpenForReadOnly(db_opts, folder, descriptors, &handles, &opened);
  if (!status.ok()) {
    return translated(status, fmt::format("cannot open the store in {}", folder));
  }
  db.reset(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    families[handle->GetName()] = handle;
  }
  return {};
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

Result<void> RocksJournal::Impl::read_meta() {
  SWEEPD_TRY(const std::uint64_t schema, meta_number("schema"));
  SWEEPD_TRY_VOID(check_schema(folder, schema));
  SWEEPD_TRY(term, meta_number("term"));
  SWEEPD_TRY(const std::uint64_t stored_next, meta_number("next_seq"));
  SWEEPD_TRY(const std::string stored_clock, meta("clock"));
  SWEEPD_TRY(clock, decode_clock(stored_clock));
  SWEEPD_TRY(uuid, meta("uuid"));
  next_seq = std::max<std::uint64_t>(1, stored_next);
  return read_removed();
}

Result<void> RocksJournal::Impl::begin_term() {
  SWEEPD_TRY_VOID(read_meta());
  term = std::max(term, options.term_seen) + 1;
  if (uuid.empty()) {
    uuid = random_uuid();
  }
  rocksdb::WriteBatch batch;
  batch.Put(family(kMeta), "schema", keys::number(kSchemaVersion));
  batch.Put(family(kMeta), "term", keys::number(term));
  batch.Put(family(kMeta), "uuid", uuid);
  if (!options.program.empty()) {
    batch.Put(family(kMeta), "program", options.program);
  }
  return write(batch);
}

Result<std::unique_ptr<RocksJournal>> RocksJournal::open(const std::string& folder,
                                                         StoreOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->folder = folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);  // the room on it is asked for; fails later
  SWEEPD_TRY(const std::optional<StoreStamp> stamp, read_stamp(folder));
  const std::string& program = impl->options.program;
  if (stamp && !program.empty() && stamp->program != program) {
    impl->options.before_upgrade(stamp->program);
  }
  SWEEPD_TRY_VOID(impl->open_files());
  SWEEPD_TRY_VOID(impl->begin_term());
  return std::unique_ptr<RocksJournal>(new RocksJournal(std::move(impl)));
}

Result<std::unique_ptr<RocksJournal>> RocksJournal::open_to_read(const std::string& folder) {
  auto impl = std::make_unique<Impl>();
  // A scan needs no cache to speak of, and a backup is looked at beside a store that has its own.
  impl->options.memory_bytes = kReadMemoryBytes;
  // Nothing is written, so nothing can be lost: whoever reads says what could not be read.
  impl->options.fatal = [](const Error&) {
  };
  impl->folder = folder;
  SWEEPD_TRY_VOID(read_stamp(folder));
  SWEEPD_TRY_VOID(impl->open_files_to_read());
  SWEEPD_TRY_VOID(impl->read_meta());
  return std::unique_ptr<RocksJournal>(new RocksJournal(std::move(impl)));
}

Result<void> RocksJournal::raise_term(std::uint64_t by) {
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  rocksdb::WriteBatch batch;
  batch.Put(impl_->family(kMeta), "term", keys::number(impl_->term + by));
  SWEEPD_TRY_VOID(impl_->write(batch));
  impl_->term += by;
  return {};
}

}  // namespace sweepd::daemon
