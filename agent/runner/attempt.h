// One attempt on this box, from the order to the acknowledged end: its folders, files and outcome.
#pragma once

#include "agent/runner/collector.h"
#include "agent/runner/environment.h"
#include "agent/runner/log_feed.h"
#include "agent/runner/spool_reader.h"
#include "agent/session.h"
#include "agent/shim/protocol.h"
#include "base/clocks.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/sweepd.pb.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::agent {

class Attempt {
 public:
  enum class Stage {
    kFound,       // of an earlier run of the program; what became of it is not known yet
    kPreparing,   // waits for its snapshot and its slots
    kRunning,     // a shim has it
    kCollecting,  // no process is left; reports, logs and outputs are on their way
    kEnded,       // the end is told, and repeated until it is acknowledged
  };

  Attempt(pb::StartAttempt order, AttemptPaths paths);

  // One that an earlier run of the program started.
  //   over: what that run knew of its end, when no process of it was left already
  static Attempt found(pb::StartAttempt order,
                       AttemptPaths paths,
                       const std::optional<pb::AttemptEnded>& over);

  // One whose end an earlier run of the program has told: what it left stays until that is
  // acknowledged.
  static Attempt told(pb::AttemptEnded end, AttemptPaths paths);

  const AttemptKey& key() const { return key_; }

  const pb::StartAttempt& order() const { return order_; }

  const AttemptPaths& paths() const { return paths_; }

  Stage stage() const { return stage_; }

  // Whether it ever had a working folder.
  bool prepared() const { return prepared_; }

  // With the working folder in place: makes the files beside it and says what is to be run.
  struct Setting {
    std::vector<pb::Slot> slots;
    std::int32_t nice = 0;
    Environment inherited;
    Instant lease_end;
  };

  Result<shimpb::Run> prepare(const Clocks& clocks, Setting setting);

  // ---- what happened to it; each moves the stage at most forward

  void handed_over(const Clocks& clocks);  // to the shim
  void adopted();                          // its shim is found
  void start_over();  // no shim ever had it: it can be prepared as if the order had just come
  void could_not_start(pb::ReasonCode code, std::string sentence);
  void program_started(const shimpb::Notice& notice);
  void program_exited(const shimpb::Notice& notice);
  void emptied(WallTime wall);     // no process is left
  void failed(pb::Reason reason);  // the first one stays

  // Its shim is gone without having closed the spool: what is in it is all there will be, and its
  // outputs are of a program that was cut off.
  void abandoned();

  // Its shim said that the lease ended and that it ends the attempt.
  void lapsed() { lapsed_ = true; }

  // Whether the shim should have said so by now: then it stands still, and its tree runs on.
  bool shim_stands_still(Instant now, Instant lease_end) const;

  // An order to stop. The grace for the shim; none when it is stopped as fast already.
  std::optional<Duration> stop(const Stop& order);

  // The end of the lease when the shim has to be told anew.
  std::optional<Instant> take_lease(Instant end);

  // ---- its output

  void grew() { grew_ = true; }

  // What is new in the spool. Reads nothing while `wanted` is false.
  std::vector<pb::Report> read(bool wanted);

  // From here on the spool is read once more from its begin.
  void reread();

  // Whether that is under way though the end is told already.
  bool rereads() const { return stage_ == Stage::kEnded && reread_; }

  void feed_logs(Instant now, blobs::BulkSession& bulk);

  // Goes on with delivering; true when outputs are shipped, everything is read and the logs are
  // stored.
  bool collect(Instant now, blobs::BulkSession& bulk);
  bool finished(const blobs::Finished& done, Instant now);  // false: not a transfer of this attempt

  // What is known of its end before everything is delivered.
  const pb::AttemptEnded& so_far() const { return end_; }

  // Whether a shim ever had it: the spool is made before the program is started.
  bool was_handed_over() const;

  // What is told to the daemon. From here on the attempt only waits to be forgotten.
  pb::AttemptEnded end(const Clocks& clocks);

  // The daemon misses files of what was told: they are collected anew, as long as they are here.
  void recollect();

  // Goes on with that; what is to be told when it is done.
  std::optional<pb::AttemptEnded> recollected(Instant now, blobs::BulkSession& bulk);

  // Gives up transfers.
  void cancel(blobs::BulkSession& bulk);

  std::optional<Instant> next_wake(Instant now) const;

 private:
  void take(const Result<Collected>& collected);

  AttemptKey key_;
  pb::StartAttempt order_;
  AttemptPaths paths_;
  Stage stage_ = Stage::kPreparing;
  SpoolReader spool_;
  std::array<LogFeed, 2> logs_;
  Collector collector_;
  bool prepared_ = false;
  bool grew_ = false;
  bool abandoned_ = false;
  bool lapsed_ = false;
  bool drained_ = false;  // everything that was reported is read
  bool reread_ = false;
  bool discard_ = false;
  bool recollecting_ = false;
  int recollections_ = 0;
  std::optional<Duration> stopping_;  // with this grace
  Instant lease_told_;
  pb::AttemptEnded end_;
};

// The folders that are collected at the end, as the order names them.
std::vector<std::string> collected_folders(const pb::StartAttempt& order);

}  // namespace sweepd::agent
