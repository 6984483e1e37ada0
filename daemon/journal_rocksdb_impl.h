// What the files of the store share: its families of rows and its handles. Internal to
// journal_rocksdb*.
#pragma once

#include "daemon/journal_rocksdb.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::daemon {

namespace rocks {

// Families of rows: headers of sweeps; the journal; metrics of reports; bytes of logs; what is
// known of the store.
inline constexpr const char* kState = "state";
inline constexpr const char* kRecord = "record";
inline constexpr const char* kMetric = "metric";
inline constexpr const char* kLog = "log";
inline constexpr const char* kMeta = "meta";

// Room that a disk must have again before changes are accepted.
inline constexpr std::size_t kLargeBatchBytes = 4 << 20;

// Whether it failed for want of room on the disk.
bool is_no_room(const rocksdb::Status& status);

// The status as an error in words; kUnavailable for a disk that is full.
Error translated(const rocksdb::Status& status, std::string_view doing);

// kUnavailable: whoever met the full disk was another one.
Error no_room_before(const std::string& folder);

inline std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

}  // namespace rocks

struct RocksJournal::Impl {
  std::string folder;
  StoreOptions options;
  std::shared_ptr<rocksdb::Cache> cache;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> families;
  std::unique_ptr<rocksdb::DB> db;
  std::uint64_t term = 0;
  std::string uuid;
  ClockMark clock;
  std::uint64_t next_seq = 1;
  std::set<SweepId> removed;     // of which rows are left
  std::vector<SweepId> emptied;  // of which none is, since somebody asked
  // There was no room for something, whichever thread met it: nothing more is written before the
  // files are opened anew. RocksDB 7.8 ends the process when it writes to a file again after that.
  mutable std::atomic<bool> wants_heal{false};
  mutable std::atomic<bool> compacting_unwanted{false};
  std::uint64_t in_memory_bytes = 0;  // when somebody last asked while the files were open
  mutable std::atomic<std::uint64_t> iterators{0};
  mutable std::shared_mutex gate;  // shared by whoever uses the files

  ~Impl() { close_files(); }

  // Whoever reads for long makes way for who opens the files anew.
  void no_room() const;

  // What is said of a failure to write. After one for want of room others follow from it, which
  // have other names: a flush finds the log spoiled. Those of the disk itself the store's own
  // threads tell of.
  Error failure(const rocksdb::Status& status, std::string_view doing) const;

  // The files cannot be closed while one lives. kUnavailable: they are closed, for want of room.
  using Use = std::shared_lock<std::shared_mutex>;
  Result<Use> use() const;
  // The same for whoever writes to them; refused after something found no room, too.
  Result<Use> use_to_write() const;

  rocksdb::ColumnFamilyHandle* family(const char* name) const { return families.at(name); }

  Result<void> open_files();
  void close_files();
  // That there is some for the tables of what is only in the log, which opening the files anew
  // writes, and for a large batch; else kUnavailable.
  Result<void> prove_room();
  Result<void> open_files_to_read();
  Result<void> read_meta();
  Result<void> begin_term();
  Result<std::string> meta(const char* key) const;
  Result<std::uint64_t> meta_number(const char* key) const;
  // Synced. An error that is no lack of room is fatal before it is returned.
  Result<void> write(rocksdb::WriteBatch& batch) const;
  Result<void> read_removed();
  void add_records(rocksdb::WriteBatch& batch, const std::vector<core::Record>& records) const;
  Result<std::uint64_t> log_size(const LogKey& log) const;

  // Adds what is new of an append to a log of `size`; gives how much then counts as stored.
  std::uint64_t add_log(rocksdb::WriteBatch& rows,
                        const LogAppend& append,
                        std::uint64_t& size) const;

  // An iterator that is counted for as long as it lives.
  class Rows {
   public:
    Rows(const Impl& impl, const char* name)
        : count_(impl.iterators), rows_(impl.db->NewIterator({}, impl.family(name))) {
      ++count_;
    }

    ~Rows() { --count_; }

    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    rocksdb::Iterator* operator->() const { return rows_.get(); }

   private:
    std::atomic<std::uint64_t>& count_;
    std::unique_ptr<rocksdb::Iterator> rows_;
  };

  using Visit = StoreRows::Visit;

  // Calls `visit` with the rows of a family whose keys begin with `prefix`, from the last one at or
  // before `from` on (or the first after it), until it returns false.
  Result<void> scan(const char* name,
                    const std::string& prefix,
                    const std::string& from,
                    const Visit& visit) const;
};

}  // namespace sweepd::daemon
