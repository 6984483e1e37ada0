// Ships what an attempt leaves behind: outputs and logs as one tree.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "blobs/bulk_session.h"
#include "blobs/scan.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::agent {

// What was shipped; an empty digest: there was nothing.
struct Collected {
  std::string digest;
  std::uint32_t files = 0;
  std::uint64_t bytes = 0;
  std::string skipped;  // a sentence about the files that could not be taken; empty: all were

  bool operator==(const Collected&) const = default;
};

class Collector {
 public:
  // `only`: files and folders below `folder`.
  Collector(std::string folder, std::vector<std::string> only);

  // Reads a little, starts the transfer when all is read. True: done, see `result`. Begins again
  // for as long as this box lacks something, and a few times when it fails otherwise; a daemon
  // without room is no failure.
  bool step(Instant now, blobs::BulkSession& bulk);

  // Takes the end of the transfer; false for those of others.
  bool finished(const blobs::Finished& done, Instant now);

  const std::optional<Result<Collected>>& result() const { return result_; }

  // Whether `step` has something to do without waiting for the daemon.
  bool busy() const { return !job_ && !result_; }

  std::optional<Instant> next_wake() const;
  void cancel(blobs::BulkSession& bulk);

 private:
  bool nothing_there() const;
  void fail(Instant now, const Error& error);
  void ship(blobs::BulkSession& bulk);

  std::string folder_;
  std::vector<std::string> only_;
  std::optional<blobs::Scanner> scanner_;
  std::optional<blobs::JobId> job_;
  Collected collected_;
  std::optional<Result<Collected>> result_;
  Instant retry_at_;
  int failures_ = 0;
};

}  // namespace sweepd::agent
