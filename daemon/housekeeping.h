// When what is not needed any more is deleted: rows of removed sweeps in small pieces, then what
// nothing refers to, on a thread of its own, never while a backup copies.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "daemon/core/state.h"
#include "daemon/journal.h"
#include "daemon/ports.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::daemon {

// How the last run of gc that somebody asked for stands.
struct GcStatus {
  std::uint64_t run = 0;  // of its request's bits; 0: nobody asked since the daemon started
  bool dry_run = false;
  GcProgress progress;
};

// Used by the thread of the loop.
class Housekeeping {
 public:
  struct Ports {
    Journal& journal;
    Gc& gc;
    Backups& backups;
  };

  explicit Housekeeping(const Ports& ports) : ports_(ports) {}

  // The daemon starts now: what an earlier one left is looked for after a while.
  void start(Instant now);

  // What was decided is on the disk. Files that it lets go are looked for soon.
  void committed(const std::vector<core::Record>& records, Instant now);

  // One small step, between turns: all that was decided is committed. An error means that the store
  // cannot be trusted any more.
  Result<void> step(const core::State& state, Instant now);

  // The time of the turn that begins, before anything is decided in it.
  void begin_turn(Instant now) { ports_.gc.set_now(now); }

  // How long the loop may wait for messages.
  Duration patience(Duration usual) const;

  // Wants a run for somebody. A request that is repeated wants nothing more; kWrongState while
  // somebody else's waits or runs.
  Result<void> ask(const RequestId& request, GcWish wish);

  GcStatus status() const;

 private:
  struct Run {
    RequestId request;
    GcWish wish;
    bool begun = false;
    GcProgress progress;
  };

  bool asked_is_open() const { return asked_ && !asked_->progress.result; }

  void look(Instant now);
  void take_result(const Result<GcResult>& result, Instant now);
  Instant due(core::StorageLevel room) const;
  Result<void> delete_rows(Instant now);
  bool backup_under_way() const;
  void begin_run(Instant now);

  Ports ports_;
  std::optional<Run> asked_;  // the last one that somebody asked for
  bool running_ = false;      // a run of gc, for somebody or by ourselves
  bool for_somebody_ = false;
  std::vector<SweepId> emptied_;     // whose room the next run gives back
  std::vector<SweepId> compacting_;  // and the run under way
  Instant next_rows_;
  Instant next_run_;
  std::optional<Instant> dropped_;  // since when there are files that the next run may delete
  bool hindered_ = false;           // the last run had to leave some
  Instant began_;                   // of the last run that deletes
  Instant ended_;
};

}  // namespace sweepd::daemon
