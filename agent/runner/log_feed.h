// Ships a growing log to the daemon, piece by piece, each until it is stored.
#pragma once

#include "agent/runner/redraws.h"
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
    std::string
        place;  // a file that remembers how far it got, once the store holds less than `path`
  };

  explicit LogFeed(Source source) : source_(std::move(source)) {}

  ~LogFeed();
  LogFeed(LogFeed&& other) noexcept;
  LogFeed& operator=(LogFeed&&) = delete;

  // Goes on where an earlier run of the program was.
  void resume();

  // Something may have been written: sends it when there is enough of it, when enough time has
  // passed, or `last`: nothing more will be written.
  void step(Instant now, bool last, blobs::BulkSession& bulk);

  // Takes the end of a transfer of its own; false for others'.
  bool finished(const blobs::Finished& done, Instant now);

  // Whether everything that was there at the last step is stored (or refused for ever).
  bool delivered() const {
    return !job_ && (refused_ || (read_ == size_ && piece_.empty() && redraws_.empty()));
  }

  void grew() { grew_ = true; }

  std::optional<Instant> next_wake() const;
  void cancel(blobs::BulkSession& bulk);

 private:
  // Two places in the file and in the store that belong together.
  struct Mark {
    std::uint64_t file = 0;
    std::uint64_t stored = 0;
  };

  // Before and after a piece, as the file of places holds them.
  struct Marks {
    Mark before;
    Mark after;
  };

  void look();
  bool open();
  void read(Instant now, bool last);
  void send(blobs::BulkSession& bulk);
  void write_place(const Marks& marks) const;
  void stored(std::uint64_t size);

  Source source_;
  int fd_ = -1;
  std::uint64_t size_ = 0;  // of the file, when it was last looked at
  std::uint64_t read_ = 0;  // of the file
  Redraws redraws_;
  std::string piece_;  // that is under way or waits to be sent
  Mark piece_at_;      // where it begins
  std::optional<blobs::JobId> job_;
  std::optional<Marks> found_;  // by an earlier run of the program
  Instant send_at_;             // a small piece not before
  Instant retry_at_;            // any piece not before
  bool grew_ = false;
  bool refused_ = false;
};

}  // namespace sweepd::agent
