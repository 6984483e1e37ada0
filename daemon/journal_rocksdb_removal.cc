// Deleting what is left of sweeps that were removed, piece by piece.
#include "base/log.h"
#include "daemon/blob_references.h"
#include "daemon/deleted_records.h"
#include "daemon/journal_keys.h"
#include "daemon/journal_rocksdb_impl.h"
#include "daemon/record_codec.h"

#include <algorithm>
#include <utility>

namespace sweepd::daemon {

using namespace rocks;  // NOLINT(google-build-using-namespace): the other half of one room

namespace {

using rocksdb::Slice;
using rocksdb::Status;

// What one batch deletes of a journal.
struct Piece {
  std::vector<std::string> keys;
  DeletedRecords deleted;  // with all that were before
  std::vector<std::string> trees;
  bool last = true;  // nothing of the journal is left
};

// A row that cannot be read goes as well: it is deleted as one record, and what else it held stays
// missing for whoever checks.
void look_at(std::string_view key, std::string_view value, Piece& piece) {
  const std::uint64_t first = keys::last_number(key).value_or(0);
  piece.keys.emplace_back(key);
  std::vector<core::Record> row;
  if (const Result<void> read = decode_row(value, row); !read.ok()) {
    log_error("a row of a removed sweep cannot be read: {}", read.error().message);
    piece.deleted.add(first);
    return;
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    piece.deleted.add(first + i);
    for (TreeReference& reference : references_of(row[i])) {
      piece.trees.push_back(std::move(reference.digest));
    }
  }
}

// All rows of the families whose keys begin with a sweep.
void delete_all(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family, SweepId sweep) {
  batch.DeleteRange(family, keys::number(sweep.value), keys::number(sweep.value + 1));
}

}  // namespace

Result<void> RocksJournal::Impl::read_removed() {
  removed.clear();
  const std::string prefix(keys::kRemovedPrefix);
  return scan(kMeta, prefix, prefix, [this](std::string_view key, std::string_view) {
    removed.insert({keys::last_number(key).value_or(0)});
    return Result<bool>(true);
  });
}

bool RocksJournal::has_rows_to_delete() const {
  return !impl_->removed.empty();
}

// Each batch is whole in itself. What refers to files is let go in the batch that deletes the
// reference, so that they are found again whenever we are cut off; metrics and logs, which refer to
// nothing, go with the last rows of the journal, and only then is the sweep forgotten.
Result<void> RocksJournal::delete_rows(std::size_t limit) {
  if (impl_->removed.empty()) {
    return {};
  }
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  const SweepId sweep = *impl_->removed.begin();
  Piece piece;
  SWEEPD_TRY(const std::string before, impl_->meta(keys::kDeleted));
  SWEEPD_TRY(piece.deleted, DeletedRecords::decode(before));
  const auto take = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (piece.keys.size() == limit) {
      piece.last = false;
      return false;
    }
    look_at(key, value, piece);
    return true;
  };
  const std::string prefix = keys::number(sweep.value);
  SWEEPD_TRY_VOID(impl_->scan(kRecord, prefix, prefix, take));
  rocksdb::WriteBatch batch;
  for (const std::string& key : piece.keys) {
    batch.Delete(impl_->family(kRecord), key);
  }
  for (const std::string& digest : piece.trees) {
    batch.Put(impl_->family(kMeta), keys::let_go(digest), "");
  }
  batch.Put(impl_->family(kMeta), keys::kDeleted, piece.deleted.encode());
  if (piece.last) {
    delete_all(batch, impl_->family(kMetric), sweep);
    delete_all(batch, impl_->family(kLog), sweep);
    batch.Delete(impl_->family(kMeta), keys::removed(sweep));
  }
  SWEEPD_TRY_VOID(impl_->write(batch));
  if (piece.last) {
    impl_->removed.erase(sweep);
    impl_->emptied.push_back(sweep);
  }
  return {};
}

std::vector<SweepId> RocksJournal::take_emptied() {
  return std::exchange(impl_->emptied, {});
}

Result<std::vector<std::string>> RocksJournal::let_go() const {
  SWEEPD_TRY(const Impl::Use use, impl_->use());
  std::vector<std::string> digests;
  const std::string prefix(keys::kLetGoPrefix);
  SWEEPD_TRY_VOID(impl_->scan(kMeta, prefix, prefix, [&](std::string_view key, std::string_view) {
    digests.emplace_back(key.substr(prefix.size()));
    return Result<bool>(true);
  }));
  return digests;
}

Result<void> RocksJournal::forget_let_go(const std::vector<std::string>& digests) {
  if (digests.empty()) {
    return {};
  }
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  rocksdb::WriteBatch batch;
  for (const std::string& digest : digests) {
    batch.Delete(impl_->family(kMeta), keys::let_go(digest));
  }
  return impl_->write(batch);
}

Result<void> RocksJournal::delete_strays() {
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  rocksdb::WriteBatch batch;
  for (const char* name : {kMetric, kLog}) {
    // From sweep to sweep, not from row to row.
    const Impl::Rows row(*impl_, name);
    for (row->Seek(keys::number(1)); row->Valid();) {
      const SweepId sweep{keys::last_number(view(row->key()).substr(0, 8)).value_or(0)};
      std::string header;
      const Status found =
          impl_->db->Get({}, impl_->family(kState), keys::number(sweep.value), &header);
      const Status left = impl_->db->Get({}, impl_->family(kMeta), keys::removed(sweep), &header);
      if (found.IsNotFound() && left.IsNotFound()) {
        delete_all(batch, impl_->family(name), sweep);
      }
      row->Seek(keys::number(sweep.value + 1));
    }
    if (!row->status().ok()) {
      return translated(row->status(), "cannot read the store");
    }
  }
  return batch.Count() == 0 ? Result<void>() : impl_->write(batch);
}

Result<void> RocksJournal::compact(SweepId sweep) {
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;  // what keeps the store well goes on beside it
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  options.canceled = &impl_->compacting_unwanted;
  const std::string first = keys::number(sweep.value);
  const std::string end = keys::number(sweep.value + 1);
  const Slice begin_slice(first);
  const Slice end_slice(end);
  for (const char* name : {kRecord, kMetric, kLog}) {
    const Status status =
        impl_->db->CompactRange(options, impl_->family(name), &begin_slice, &end_slice);
    if (status.IsIncomplete()) {
      return Error{Errc::kInterrupted, "the store is needed for something else"};
    }
    if (!status.ok()) {
      return impl_->failure(status, "cannot compact the store");
    }
  }
  return {};
}

void RocksJournal::stop_compacting() {
  impl_->compacting_unwanted = true;
}

}  // namespace sweepd::daemon
