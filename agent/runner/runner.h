// Runs attempts: gives them folders and slots, listens to their shims, delivers what they leave.
#pragma once

#include "agent/config.h"
#include "agent/ledger.h"
#include "agent/runner/attempt.h"
#include "agent/runner/slots.h"
#include "agent/runner/tree_cache.h"
#include "agent/runner/work_folders.h"
#include "agent/session.h"
#include "agent/state_folder.h"
#include "agent/trash.h"
#include "base/ids.h"
#include "base/time.h"
#include "blobs/bulk_session.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::agent {

// What a runner works with; all outlive it.
struct RunnerParts {
  const Config& config;
  const StateFolder& folder;
  Session& session;
  Ledger& ledger;
  blobs::BulkSession& bulk;
  Slots& slots;
};

class Runner {
 public:
  // Takes up the attempts of earlier runs of the program, and throws away what others left.
  Runner(const RunnerParts& parts, const Remembered& remembered);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // An attempt whose row in the ledger is on disk, or could not be written.
  void launch(pb::StartAttempt order, const Result<void>& ledger);
  void stop(const Stop& order);
  void forget(const AttemptKey& attempt);
  void reread(const AttemptKey& attempt);
  void recollect(const AttemptKey& attempt);

  void finished(const blobs::Finished& done, Instant now);  // a transfer
  void read_changes();                                      // files grew
  void listen();                                            // shims said something

  // Moves everything on that can be.
  void step(const Clocks& clocks);

  // Where changes of files can be heard; -1: nowhere, then files are looked at again and again.
  int changes_fd() const { return inotify_; }

  std::optional<Instant> next_wake(Instant now) const;

 private:
  void restore(const Remembered& remembered);
  void clear_away(const std::string& folder);
  Attempt* untold(const AttemptKey& key);
  void hear(Attempt& attempt, const shimpb::Notice& notice);
  void stopped_by_shim(Attempt& attempt, pb::ReasonCode code, std::string sentence);
  bool take_farewell(Attempt& attempt);
  void step_found(const Clocks& clocks, Attempt& attempt);
  void step_preparing(const Clocks& clocks, Attempt& attempt);
  void step_running(const Clocks& clocks, Attempt& attempt);
  void step_collecting(const Clocks& clocks, Attempt& attempt);
  Result<void> hand_over(const Clocks& clocks, Attempt& attempt, std::vector<pb::Slot> slots);
  void over(Attempt& attempt, WallTime wall);
  void lost(Attempt& attempt, WallTime wall, std::string sentence);
  void step_ended(const Clocks& clocks, Attempt& attempt);
  void tell(const pb::AttemptEnded& end);
  void report(Attempt& attempt);
  std::string exec_error(const Attempt& attempt, const shimpb::ExecError& refusal) const;
  void grew(std::string_view name);
  void poll_files(Instant now);

  RunnerParts parts_;
  Environment environment_;  // of this program, for trials
  Trash trash_;
  TreeCache trees_;
  WorkFolders work_folders_;
  std::map<AttemptKey, Attempt> attempts_;
  std::set<AttemptKey> orphaned_;  // their shim died; not over until nothing of them is left
  int inotify_ = -1;
  Instant poll_files_at_;
};

}  // namespace sweepd::agent
