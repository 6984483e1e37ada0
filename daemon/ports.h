// The world as the loop sees it, small enough for a test or a simulator to stand in.
#pragma once

#include "base/disk_space.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/endpoint.h"
#include "wire/socket.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::daemon {

// The control and client doors.
class Doors {
 public:
  virtual ~Doors() = default;
  virtual std::optional<wire::Incoming> receive(wire::Door door) = 0;  // never blocks
  virtual wire::Sent send(wire::Door door, const std::string& peer, std::string_view bytes) = 0;
  // Returns when there is something to receive, when somebody wants the daemon to stop, or when
  // time is up.
  virtual void wait(Duration timeout) = 0;
  virtual bool stopping() = 0;  // somebody wants the daemon to stop
};

// What is stored of folders of files.
class TreeIndex {
 public:
  virtual ~TreeIndex() = default;
  // Whether the manifest of this digest is stored, with every file it names.
  virtual bool has_tree(const std::string& digest) = 0;
  // Whether the manifest names a file at `path` or below it; nothing when it cannot be read, or not
  // in a moment.
  virtual std::optional<bool> names(const std::string& digest, const std::string& path) = 0;
};

// The disk that holds the state. Used by the thread of the loop.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<DiskSpace> space() = 0;
  virtual std::uint64_t ballast_missing() = 0;      // bytes of the reserve that are not held
  virtual bool release_ballast() = 0;               // gives the reserve up; false: there was none
  virtual Result<void> grow_ballast() = 0;          // takes a piece more of it
  virtual void keep_free(std::uint64_t bytes) = 0;  // logs and artifacts are taken as long as it is
};

// How a backup stands.
struct BackupStatus {
  std::string folder;  // empty: none was asked for since the daemon started
  std::string phase;   // "copying the store", "copying files", "checking", "done", "failed"
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: not known
  std::uint64_t sweeps = 0;
  std::uint64_t records = 0;
  std::uint64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
  std::optional<Error> failure;
};

// Backups are made elsewhere, one at a time. Used by the thread of the loop.
class Backups {
 public:
  virtual ~Backups() = default;
  // Begins one. A request that is repeated begins nothing; kWrongState while another is under way.
  virtual Result<void> start(const RequestId& request, const std::string& folder) = 0;
  virtual BackupStatus status() = 0;  // of the last one
};

// What somebody wants of gc.
struct GcWish {
  bool dry_run = false;          // counts, and deletes nothing
  std::vector<SweepId> without;  // dry run: only what the removal of these sweeps would free
  bool weigh = false;            // dry run: only what the sweeps of `without` take
};

// What gc is to do.
struct GcOrder {
  GcWish wish;
  std::vector<SweepId> emptied;  // whose rows are deleted: their room is given back
  Instant began;                 // now: what is offered from here on stays
};

// What a sweep takes: the files of its trees, whoever else needs them, and its rows before they are
// compressed; records and metrics only where it was weighed.
struct GcSweep {
  SweepId sweep;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t record_bytes = 0;
  std::uint64_t metric_bytes = 0;

  std::uint64_t total() const { return bytes + log_bytes + record_bytes + metric_bytes; }

  bool operator==(const GcSweep&) const = default;
};

struct GcResult {
  std::uint64_t files = 0;  // deleted, or that would be
  std::uint64_t bytes = 0;
  std::uint64_t kept_files = 0;  // that nothing refers to, and that were offered or sent lately
  std::uint64_t kept_bytes = 0;
  std::vector<GcSweep> sweeps;  // of GcWish::without
  bool again = false;           // some were let go and kept: it is worth another try

  bool operator==(const GcResult&) const = default;
};

// How a run of gc stands.
struct GcProgress {
  std::string phase;
  std::uint64_t done = 0;
  std::uint64_t total = 0;                 // 0: not known
  std::optional<Result<GcResult>> result;  // when it is over
};

// gc runs elsewhere, one run at a time. Used by the thread of the loop.
class Gc {
 public:
  virtual ~Gc() = default;
  // Before anything is decided at that time.
  virtual void set_now(Instant now) = 0;
  virtual void start(const GcOrder& order) = 0;  // only when none runs
  virtual std::optional<GcProgress> look() = 0;  // at the run that was started; empty: none was
};

// A message that waits for its commit.
struct Outgoing {
  wire::Door door = wire::Door::kControl;
  std::string peer;
  std::string bytes;
};

}  // namespace sweepd::daemon
