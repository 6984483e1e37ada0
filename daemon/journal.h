// What the daemon needs of a disk: one synced batch at a time, and ways to read back what it holds.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "daemon/core/record.h"
#include "daemon/time_line.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sweepd::daemon {

// A record with its place in the order of all records of the daemon: 1, 2, 3 …
struct SequencedRecord {
  std::uint64_t seq = 0;
  core::Record record;

  bool operator==(const SequencedRecord&) const = default;
};

// What is known of a sweep without reading its journal. Written whenever the sweep's state changes,
// so the figures of a live sweep are old and those of an ended one final.
struct SweepHeader {
  SweepId id;
  RequestId request;
  std::string name;
  std::string experiment;
  std::string user;
  bool job = false;
  core::SweepState state = core::SweepState::kRunning;
  core::Reason reason;
  WallTime submitted;
  WallTime ended;  // 0: not yet
  std::string metric;
  sweeps::Goal goal = sweeps::Goal::kMinimize;
  std::uint32_t trials_total = 0;
  std::map<core::TrialState, std::uint32_t> counts;
  TrialNumber best_trial;  // 0: none yet
  double best_value = 0;   // as the script reports it
  std::uint64_t reports = 0;

  bool operator==(const SweepHeader&) const = default;
};

// Everything that one poll of the sockets decided.
struct Batch {
  std::vector<core::Record> records;  // in order
  std::vector<SweepHeader> headers;   // of the sweeps whose state they change
  ClockMark clock;
};

// What the store takes of disk and memory.
struct StoreUsage {
  std::uint64_t log_ahead_bytes = 0;  // of the write-ahead log
  std::uint64_t table_bytes = 0;      // of sorted files and large values
  std::uint64_t memory_bytes = 0;     // of cache and memtables
  std::uint64_t iterators = 0;        // alive; none outlives a request
};

// The journal of the decisions. Used by one thread.
class Journal {
 public:
  virtual ~Journal() = default;

  // Stores all of it or nothing; when it returns, the batch survives a power cut. kUnavailable: the
  // disk is full.
  virtual Result<void> commit(const Batch& batch) = 0;

  // Makes commits possible again after a full disk. kUnavailable: it still is full; the store may
  // be closed then, and everything is refused as unavailable, reading too, until it is healed.
  // kWrongState: another thread is using the store.
  virtual Result<void> heal() = 0;

  // Whether anybody, a commit, the logs or a thread of the store, has met a full disk since it was
  // healed last: until it is healed everything that writes is refused as unavailable.
  virtual bool wants_heal() const { return false; }

  // Begins to write out what is only in memory and in the log ahead of it. Families that are
  // written seldom would else keep all of that log.
  virtual Result<void> start_flush() { return {}; }

  virtual StoreUsage usage() { return {}; }

  // Whether rows are left of sweeps that were removed.
  virtual bool has_rows_to_delete() const { return false; }

  // Deletes about so many of them in one synced batch; what is deleted survives a power cut, and
  // the rest is found again after one. kUnavailable: the disk is full.
  virtual Result<void> delete_rows(std::size_t) { return {}; }

  // The sweeps of which nothing was left since this was last asked.
  virtual std::vector<SweepId> take_emptied() { return {}; }

  virtual std::uint64_t next_seq() const = 0;  // of the next record

  virtual Result<std::vector<SweepHeader>> headers() = 0;  // of all sweeps, by number

  // Records of a sweep (0: of agents and models) after `after_seq`, in order; at least one unless
  // there is none, and about `limit`.
  virtual Result<std::vector<SequencedRecord>> records(SweepId sweep,
                                                       std::uint64_t after_seq,
                                                       std::size_t limit) = 0;

  // Reports of an attempt after `after_seq` with all their metrics, at most `limit`.
  virtual Result<std::vector<core::Report>> reports(const AttemptKey& attempt,
                                                    std::uint64_t after_seq,
                                                    std::size_t limit) = 0;
};

// How much is kept of a stream of an attempt. A script that prints without end must not fill the
// disk of all; how it began and how it ended is what people look for.
struct LogLimits {
  std::uint64_t head_bytes = 1ULL << 20;
  std::uint64_t tail_bytes = 9ULL << 20;  // at least
  std::uint64_t step_bytes = 1ULL << 20;  // what lies between goes in pieces of this size
};

enum class LogStream : int { kStdout = 1, kStderr = 2 };  // stored; append-only

struct LogKey {
  AttemptKey attempt;
  LogStream stream = LogStream::kStdout;

  auto operator<=>(const LogKey&) const = default;
};

struct LogAppend {
  LogKey log;
  std::uint64_t offset = 0;  // of the first byte
  std::string bytes;
};

struct LogPiece {
  std::uint64_t offset = 0;  // of the first byte; beyond what was asked for when that is not kept
  std::string bytes;
};

// The logs of attempts: bytes from 0 on, of which the middle may be cut out. Used by any thread.
class LogStore {
 public:
  virtual ~LogStore() = default;

  // Appends in order and syncs once. What is stored already is skipped; an append that would leave
  // a gap is left out. Returns for each how much of its log is then stored: less than its offset
  // means a gap. Of a long log the middle is dropped as it grows. kUnavailable: the disk is full.
  virtual Result<std::vector<std::uint64_t>> append(const std::vector<LogAppend>& appends) = 0;

  virtual Result<std::uint64_t> size(const LogKey& log) = 0;

  // Up to `length` bytes from `offset` on, or from the next that is kept; fewer only before a cut
  // and at the end of what is stored.
  virtual Result<LogPiece> read(const LogKey& log, std::uint64_t offset, std::size_t length) = 0;
};

}  // namespace sweepd::daemon
