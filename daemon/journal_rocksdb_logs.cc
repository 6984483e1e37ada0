// The logs in RocksDB: contiguous rows of bytes, cut at a limit.
#include "daemon/journal_keys.h"
#include "daemon/journal_rocksdb_impl.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::daemon {

using namespace rocks;  // NOLINT(google-build-using-namespace): the other half of one room
using rocksdb::Slice;

namespace {

std::string cut_line(std::uint64_t limit) {
  const bool whole = limit % (1 << 20) == 0;
  return fmt::format("\n[sweepd: log limit of {} {} reached, the rest is dropped]\n",
                     whole ? limit >> 20 : limit,
                     whole ? "MiB" : "bytes");
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
  if (size > options.log_bytes_max) {
    return std::max(options.log_bytes_max, end);  // the log is cut already
  }
  if (append.offset > size || end <= size) {
    return size;
  }
  std::string fresh = append.bytes.substr(size - append.offset, options.log_bytes_max - size);
  if (end > options.log_bytes_max) {
    fresh += cut_line(options.log_bytes_max);
  }
  rows.Put(family(kLog), keys::log(append.log, size), Slice(fresh));
  size += fresh.size();
  return end;
}

Result<std::vector<std::uint64_t>> RocksJournal::append(const std::vector<LogAppend>& appends) {
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
  SWEEPD_TRY_VOID(impl_->write_aside(rows));
  return stored;
}

Result<std::uint64_t> RocksJournal::size(const LogKey& log) {
  return impl_->log_size(log);
}

Result<std::string> RocksJournal::read(const LogKey& log,
                                       std::uint64_t offset,
                                       std::size_t length) {
  std::string bytes;
  const auto take = [&](std::string_view key, std::string_view value) -> Result<bool> {
    const std::uint64_t begin = keys::last_number(key).value_or(0);
    const std::uint64_t wanted = offset + bytes.size();
    if (begin > wanted) {
      return Error{Errc::kCorrupt,
                   fmt::format("a log of {} has a gap at byte {}", to_string(log.attempt), wanted)};
    }
    if (wanted - begin < value.size()) {
      bytes += value.substr(wanted - begin, length - bytes.size());
    }
    return bytes.size() < length;
  };
  SWEEPD_TRY_VOID(impl_->scan(kLog, keys::log_prefix(log), keys::log(log, offset), take));
  return bytes;
}

}  // namespace sweepd::daemon
