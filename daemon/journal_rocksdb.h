// The journal and the logs in RocksDB, the only file that knows it.
#pragma once

#include "daemon/fail_stop.h"
#include "daemon/journal.h"
#include "daemon/store_rows.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::daemon {

// Stores of this schema and older ones can be opened.
constexpr std::uint64_t kSchemaVersion = 1;

// What a store says of itself before anything else of it is looked at.
struct StoreStamp {
  std::uint64_t schema = 0;
  std::string program;     // that began the last term; empty: it did not say
  std::uint64_t term = 0;  // that was begun last

  bool operator==(const StoreStamp&) const = default;
};

// Looks at nothing but the stamp, and changes nothing: what else a newer store holds is unknown,
// and opening it to write would begin to rewrite it. Refuses a newer schema; empty for a folder
// without a store, or with one whose first start was cut off.
Result<std::optional<StoreStamp>> read_stamp(const std::string& folder);

struct StoreOptions {
  LogLimits logs;
  std::uint64_t memory_bytes = 192ULL << 20;  // of cache and memtables together
  // Told about every error after which the store cannot be trusted, whichever thread meets it.
  OnFatal fatal = fail_stop;
  std::uint64_t term_seen = 0;  // the term that begins is larger than this, too
  std::string program = {};     // the version that opens the store, and writes it; empty: not said
  // Called before a store is touched that another version has written last, with that one's
  // version; empty: it did not say.
  std::function<void(const std::string& program)> before_upgrade = [](const std::string&) {
  };
};

class RocksJournal final : public Journal, public LogStore, public StoreRows {
 public:
  // Opens the store in `folder` or makes it, and begins a new term. Refuses what another process
  // uses, a newer schema (before anything else is read) and damaged files.
  static Result<std::unique_ptr<RocksJournal>> open(const std::string& folder,
                                                    StoreOptions options = {});

  // Opens what is there and changes nothing; every write is refused. kNotFound: no store.
  static Result<std::unique_ptr<RocksJournal>> open_to_read(const std::string& folder);

  ~RocksJournal() override;

  std::uint64_t term() const;       // how often the store was opened; larger than any before
  const std::string& uuid() const;  // of the store, drawn when it was made
  const ClockMark& clock() const;   // of the last commit before it was opened

  std::uint64_t next_seq() const override;
  Result<void> commit(const Batch& batch) override;
  Result<void> heal() override;
  bool wants_heal() const override;
  Result<void> start_flush() override;
  StoreUsage usage() override;
  bool has_rows_to_delete() const override;
  Result<void> delete_rows(std::size_t limit) override;
  std::vector<SweepId> take_emptied() override;
  Result<std::vector<SweepHeader>> headers() override;
  Result<std::vector<SequencedRecord>> records(SweepId sweep,
                                               std::uint64_t after_seq,
                                               std::size_t limit) override;
  Result<std::vector<core::Report>> reports(const AttemptKey& attempt,
                                            std::uint64_t after_seq,
                                            std::size_t limit) override;

  Result<std::vector<std::uint64_t>> append(const std::vector<LogAppend>& appends) override;
  Result<std::uint64_t> size(const LogKey& log) override;
  Result<LogPiece> read(const LogKey& log, std::uint64_t offset, std::size_t length) override;

  Result<void> each(Family family, const std::string& prefix, const Visit& visit) override;

  // Writes out everything that is only in memory, and waits for it.
  Result<void> flush();

  // Makes `folder`, which must not exist, a store that holds all that is committed now: links to
  // its files where they can be, else copies. May be called by any thread.
  Result<void> checkpoint(const std::string& folder) const;

  // ---- for the thread of gc, beside the one that commits

  // Folders of files to which a row referred that was deleted.
  Result<std::vector<std::string>> let_go() const;

  // Forgets that they were let go. kUnavailable: the disk is full.
  Result<void> forget_let_go(const std::vector<std::string>& digests);

  // Deletes the metrics and logs of sweeps that were removed long ago: an agent that lost an
  // attempt may have sent its last lines after that.
  Result<void> delete_strays();

  // Gives the room of a sweep that was deleted back to the disk. Takes long; kInterrupted: somebody
  // wants none. kUnavailable: the disk is full.
  Result<void> compact(SweepId sweep);

  // Ends what compacts, and lets none begin before the store is healed the next time: the daemon is
  // about to end. May be called by any thread.
  void stop_compacting();

  // Makes the term larger, durably: after a restore nobody knows how large the last one was.
  Result<void> raise_term(std::uint64_t by);

 private:
  struct Impl;
  explicit RocksJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sweepd::daemon
