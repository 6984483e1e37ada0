// The spool of an attempt: what its program reports, numbered and kept in a file until somebody
// takes it.
#pragma once

#include "agent/doors/output_reader.h"
#include "agent/shim/shim.pb.h"
#include "base/clocks.h"

#include <optional>
#include <string>

namespace sweepd::agent::shim {

// The place of a report in the file is its number, so the numbering survives the agent. Written at
// once, synced within a second: what a killed program may lose is nothing, what a machine without
// power may lose was never sent as part of a finished attempt.
class Spool {
 public:
  // Makes the file. A pattern that cannot be read closes the door that it stands for; the agent has
  // refused such an order before.
  explicit Spool(const shimpb::Run& run);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Why the file could not be made, an errno; 0: it could. Without it nothing may be run.
  int error() const { return error_; }

  // Something may have been written: reads a bounded piece of it.
  void read(const Clocks& clocks);

  // What waited long enough for a better door or for its turn, what found no room on the disk, what
  // is to be synced.
  void on_time(const Clocks& clocks);

  // The program is over: reads to the end and closes the spool, a bounded piece at a time. True
  // when it is done.
  bool drain(const Clocks& clocks);

  // Whether `read` has more to do at once.
  bool more() const;

  // Whether the disk had no room: nothing but `next_wake` is worth waking up for.
  bool waits_for_room() const { return !unwritten_.empty(); }

  // When `on_time` is wanted.
  std::optional<Instant> next_wake() const;

 private:
  void take(const std::vector<pb::Report>& reports);
  void close();
  void write(Instant now);

  int fd_;
  int error_;
  std::optional<OutputReader> reader_;
  std::string unwritten_;  // whole frames
  std::uint64_t size_ = 0;
  Instant retry_at_;  // after a disk without room
  bool closed_ = false;
  std::optional<Instant> sync_at_;
};

}  // namespace sweepd::agent::shim
