// Ships a growing log to the daemon, piece by piece, each until it is stored.
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "blobs/bulk_session.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sweepd::agent {

class LogFeed {
 public:
  struct Source {
    AttemptKey attempt;
    pb::LogStream stream = pb::STDOUT;
    std::string path;
  };

  explicit LogFeed(Source source) : source_(std::move(source)) {}

  ~LogFeed();
  LogFeed(LogFeed&& other) noexcept;
  LogFeed& operator=(LogFeed&&) = delete;

  // Something may have been written: sends it when there is enough of it, when enough time has
  // passed, or `last`: nothing more will be written.
  void step(Instant now, bool last, blobs::BulkSession& bulk);

  // Takes the end of a transfer of its own; false for others'.
  bool finished(const blobs::Finished& done, Instant now);

  // Whether everything that was there at the last step is stored (or refused for ever).
  bool delivered() const { return !job_ && (refused_ || sent_ == size_); }

  void grew() { grew_ = true; }

  std::optional<Instant> next_wake() const;
  void cancel(blobs::BulkSession& bulk);

 private:
  void look();
  void send(blobs::BulkSession& bulk);
  bool open();

  Source source_;
  int fd_ = -1;
  std::uint64_t size_ = 0;    // of the file, when it was last looked at
  std::uint64_t sent_ = 0;    // stored up to here, or under way
  std::uint64_t offset_ = 0;  // of the piece that is under way
  std::optional<blobs::JobId> job_;
  Instant send_at_;   // a small piece not before
  Instant retry_at_;  // any piece not before
  bool grew_ = false;
  bool refused_ = false;
};

}  // namespace sweepd::agent
