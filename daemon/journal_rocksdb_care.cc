// What keeps the store well: healing after a full disk, flushes, figures, checkpoints, whole scans.
#include "daemon/journal_keys.h"
#include "daemon/journal_rocksdb_impl.h"

#include <fmt/format.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>

namespace sweepd::daemon {

using namespace rocks;  // NOLINT(google-build-using-namespace): the other half of one room

namespace {

using rocksdb::Status;

const char* name_of(Family family) {
  switch (family) {
    case Family::kState:
      return kState;
    case Family::kRecord:
      return kRecord;
    case Family::kMetric:
      return kMetric;
    case Family::kLog:
      return kLog;
    case Family::kMeta:
      return kMeta;
  }
  return kMeta;
}

Status flush_all(rocksdb::DB& db,
                 const std::map<std::string, rocksdb::ColumnFamilyHandle*>& families,
                 bool wait) {
  rocksdb::FlushOptions options;
  options.wait = wait;
  options.allow_write_stall = true;  // else it waits, and the loop with it
  std::vector<rocksdb::ColumnFamilyHandle*> all;
  for (const auto& [name, family] : families) {
    all.push_back(family);
  }
  return db.Flush(options, all);
}

}  // namespace

// All that was acknowledged is in the log ahead, which opening reads again; what RocksDB has of a
// failure, some of which it never leaves, ends with the files. They are closed only when there is
// room to open them.
Result<void> RocksJournal::heal() {
  const std::unique_lock alone(impl_->gate, std::try_to_lock);
  if (!alone.owns_lock()) {
    return Error{Errc::kWrongState, fmt::format("the store in {} is being read", impl_->folder)};
  }
  SWEEPD_TRY_VOID(impl_->prove_room());
  impl_->close_files();
  impl_->wants_heal = false;
  impl_->compacting_unwanted = false;
  if (Result<void> opened = impl_->open_files(); !opened.ok()) {
    impl_->no_room();
    return opened;
  }
  // What was written before the failure may be on disk although nobody was told: where it ends is
  // read again.
  rocksdb::WriteBatch probe;
  probe.Put(impl_->family(kMeta), "probe", std::string(kLargeBatchBytes, 'x'));
  SWEEPD_TRY_VOID(impl_->write(probe));
  rocksdb::WriteBatch removal;
  removal.Delete(impl_->family(kMeta), "probe");
  SWEEPD_TRY_VOID(impl_->write(removal));
  SWEEPD_TRY(const std::uint64_t next, impl_->meta_number("next_seq"));
  impl_->next_seq = std::max<std::uint64_t>(1, next);
  SWEEPD_TRY_VOID(impl_->read_removed());
  // A thread of the store may have met the full disk while this one did not.
  return impl_->wants_heal ? no_room_before(impl_->folder) : Result<void>();
}

bool RocksJournal::wants_heal() const {
  return impl_->wants_heal;
}

Result<void> RocksJournal::start_flush() {
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  const Status status = flush_all(*impl_->db, impl_->families, false);
  return status.ok() ? Result<void>{} : impl_->failure(status, "cannot write the store out");
}

Result<void> RocksJournal::flush() {
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  const Status status = flush_all(*impl_->db, impl_->families, true);
  return status.ok() ? Result<void>{} : impl_->failure(status, "cannot write the store out");
}

StoreUsage RocksJournal::usage() {
  StoreUsage usage;
  const Result<Impl::Use> use = impl_->use();
  if (!use.ok()) {
    return usage;
  }
  rocksdb::VectorLogPtr logs;
  if (impl_->db->GetSortedWalFiles(logs).ok()) {
    for (const auto& log : logs) {
      usage.log_ahead_bytes += log->SizeFileBytes();
    }
  }
  for (const auto& [name, family] : impl_->families) {
    for (const std::string& property :
         {rocksdb::DB::Properties::kLiveSstFilesSize, rocksdb::DB::Properties::kLiveBlobFileSize}) {
      std::uint64_t bytes = 0;
      if (impl_->db->GetIntProperty(family, property, &bytes)) {
        usage.table_bytes += bytes;
      }
    }
  }
  usage.memory_bytes = impl_->cache->GetUsage();
  usage.iterators = impl_->iterators;
  return usage;
}

Result<void> RocksJournal::checkpoint(const std::string& folder) const {
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  rocksdb::Checkpoint* made = nullptr;
  Status status = rocksdb::Checkpoint::Create(impl_->db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) {
    status = checkpoint->CreateCheckpoint(folder);
  }
  return status.ok() ? Result<void>{}
                     : impl_->failure(status, fmt::format("cannot copy the store to {}", folder));
}

Result<void> RocksJournal::each(Family family, const std::string& prefix, const Visit& visit) {
  SWEEPD_TRY(const Impl::Use use, impl_->use());
  const Impl::Rows row(*impl_, name_of(family));
  for (row->Seek(prefix); row->Valid() && row->key().starts_with(prefix); row->Next()) {
    if (impl_->wants_heal) {
      return Error{Errc::kInterrupted, "the store is needed for something else"};
    }
    SWEEPD_TRY(const bool more, visit(view(row->key()), view(row->value())));
    if (!more) {
      break;
    }
  }
  return row->status().ok() ? Result<void>{} : translated(row->status(), "cannot read the store");
}

}  // namespace sweepd::daemon
