// Any number of transfers over one connection to the daemon's bulk door, without blocking.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "blobs/get_jobs.h"
#include "blobs/job.h"
#include "blobs/log_job.h"
#include "blobs/put_tree_job.h"
#include "blobs/scan.h"
#include "wire/socket.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::blobs {

// Of both sides of the bulk door. The queue of a peer holds all that a session has under way.
wire::SocketOptions bulk_socket_options();

using JobId = std::uint64_t;  // 1, 2, 3 … in its session

struct Finished {
  JobId job = 0;
  Result<Outcome> outcome;
};

// For a single-threaded loop: poll `dealer()` until `next_deadline`, call `pump`, take what is
// finished. Everything is asked again until it is answered, over reconnections and restarts of the
// daemon; a transfer ends by itself only when it is complete, refused, or its files fail. `now` is
// any clock of the caller's that never goes back.
class BulkSession {
 public:
  static Result<BulkSession> connect(wire::Context& context, const std::string& address);
  ~BulkSession();
  BulkSession(BulkSession&&) noexcept;
  BulkSession& operator=(BulkSession&&) noexcept;

  // Errors that show before anything is asked come out of pump, too. Trees are sent in the order in
  // which they were put, as far as one of them fills the connection; everything else has every
  // second turn.
  JobId put_tree(LocalTree local, NoRoom no_room = NoRoom::kEnds);
  JobId get_tree(TreeWanted wanted);
  JobId get_blob(const BlobWanted& wanted);
  JobId append_log(LogBytes log);

  // Forgets a transfer; nothing of it comes out of pump. What was stored stays stored.
  void cancel(JobId job);

  const wire::Dealer& dealer() const;

  // Takes answers, sends what may be sent, and returns at once.
  std::vector<Finished> pump(Instant now);

  // When pump is due even without an answer; nothing while there is nothing to do.
  std::optional<Instant> next_deadline(Instant now) const;

  // Nothing for a transfer that is finished, cancelled or unknown.
  std::optional<Progress> progress(JobId job) const;

  // When the daemon last answered anything; nothing: not yet.
  std::optional<Instant> last_answer() const;

 private:
  struct Impl;
  explicit BulkSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sweepd::blobs
