// The logs in RocksDB: contiguous rows of bytes, cut at a limit.
#include "daemon/journal_keys.h"
#include "daemon/journal_rocksdb_impl.h"

#include <algorithm>
#include <utility>

namespace sweepd::daemon {

using namespace rocks;  // NOLINT(google-build-using-namespace): the other half of one room
using rocksdb::Slice;

namespace {

// Up to where the middle of a log of this size has been cut out.
std::uint64_t cut_end(const LogLimits& limits, std::uint64_t size) {
  if (size <= limits.head_bytes + limits.tail_bytes) {
    return 0;
  }
  const std::uint64_t end = (size - limits.tail_bytes) / limits.step_bytes * limits.step_bytes;
  return end > limits.head_bytes ? end : 0;
}

}  // namespace

Result<std::uint64_t> RocksJournal::Impl::log_size(const LogKey& log) const {
  const std::string prefix = keys::log_prefix(log);
  const Rows row(*this, kLog);
  row->SeekForPrev(keys::log(log, UINT64_MAX));
  if (!row->status().ok()) {
    return translated(row->status(), "cannot read the store");
  }
  if (!row->Valid() || !row->key().starts_with(prefix)) {
    return std::uint64_t{0};
  }
  return keys::last_number(view(row->key())).value_or(0) + row->value().size();
}

std::uint64_t RocksJournal::Impl::add_log(rocksdb::WriteBatch& rows,
                                          const LogAppend& append,
                                          std::uint64_t& size) const {
  const std::uint64_t end = append.offset + append.bytes.size();
  if (append.offset > size || end <= size) {
    return size;
  }
  const std::string_view fresh = std::string_view(append.bytes).substr(size - append.offset);
  rows.Put(family(kLog), keys::log(append.log, size), Slice(fresh.data(), fresh.size()));
  // Whole rows: those that begin in the part that is cut out now.
  const std::uint64_t before = cut_end(options.logs, std::exchange(size, end));
  const std::uint64_t after = cut_end(options.logs, size);
  if (after > before) {
    const std::uint64_t from = std::max(before, options.logs.head_bytes);
    rows.DeleteRange(family(kLog), keys::log(append.log, from), keys::log(append.log, after));
  }
  return end;
}

Result<std::vector<std::uint64_t>> RocksJournal::append(const std::vector<LogAppend>& appends) {
  SWEEPD_TRY(const Impl::Use use, impl_->use_to_write());
  std::map<LogKey, std::uint64_t> sizes;
  std::vector<std::uint64_t> stored;
  rocksdb::WriteBatch rows;
  for (const LogAppend& append : appends) {
    if (!sizes.contains(append.log)) {
      SWEEPD_TRY(sizes[append.log], impl_->log_size(append.log));
    }
    std::uint64_t& size = sizes[append.log];
    stored.push_back(impl_->add_log(rows, append, size));
  }
  if (rows.Count() == 0) {
    return stored;
  }
  SWEEPD_TRY_VOID(impl_->write(rows));
  return stored;
}

Result<std::uint64_t> RocksJournal::size(const LogKey& log) {
  SWEEPD_TRY(const Impl::Use use, impl_->use());
  return impl_->log_size(log);
}

Result<LogPiece> RocksJournal::read(const LogKey& log, std::uint64_t offset, std::size_t length) {
  SWEEPD_TRY(const Impl::Use use, impl_->use());
  LogPiece piece{offset, {}};
  const auto take = [&](std::string_view key, std::string_view value) -> Result<bool> {
    const std::uint64_t begin = keys::last_number(key).value_or(0);
    const std::uint64_t wanted = piece.offset + piece.bytes.size();
    if (begin > wanted && !piece.bytes.empty()) {
      return false;  // the cut is for the next to see
    }
    piece.offset = piece.bytes.empty() ? std::max(begin, wanted) : piece.offset;
    const std::uint64_t skipped = begin > wanted ? 0 : wanted - begin;
    if (skipped < value.size()) {
      piece.bytes += value.substr(skipped, length - piece.bytes.size());
    }
    return piece.bytes.size() < length;
  };
  SWEEPD_TRY_VOID(impl_->scan(kLog, keys::log_prefix(log), keys::log(log, offset), take));
  return piece;
}

}  // namespace sweepd::daemon
