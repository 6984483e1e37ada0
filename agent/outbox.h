// The reports of an attempt that are not known to be stored: numbered, sent, and sent again. Pure.
#pragma once

#include "base/time.h"
#include "wire/sweepd.pb.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace sweepd::agent {

class Outbox {
 public:
  // Reports 1..stored are stored already.
  explicit Outbox(std::uint64_t stored = 0) : acked_(stored), sent_(stored) {}

  // Of an attempt of an earlier run of the program: its reports are read once more from the first
  // on, and those that are said to be stored are not sent again.
  static Outbox repeating() {
    Outbox outbox;
    outbox.repeats_ = true;
    return outbox;
  }

  // Gives the report the next number and keeps it, unless it is known to be stored.
  void add(pb::Report report);

  // Reports up to `seq` are stored. Less than was said before, and more than there is, is no news.
  void acknowledge(Instant now, std::uint64_t seq);

  // Whether reports after `seq` are not here any more, because they were said to be stored.
  bool has_let_go(std::uint64_t seq) const { return seq < std::max(acked_, stored_); }

  // Nobody takes them any more: all count as delivered.
  void drop();

  // What was sent went to somebody who is gone.
  void send_again() { sent_ = acked_; }

  // What is to be sent now: what was not sent yet, within a window, and everything again when
  // nothing of it was acknowledged for a second. Each batch is a message that the daemon takes.
  std::vector<pb::ReportBatch> take_due(Instant now);

  // When sent reports count as lost; none when none are under way.
  std::optional<Instant> next_wake() const;

  std::uint64_t last() const { return acked_ + unacked_.size(); }

  std::size_t waiting() const { return unacked_.size(); }

 private:
  pb::ReportBatch next_batch();

  std::deque<pb::Report> unacked_;  // consecutive, the first is number acked_ + 1
  std::uint64_t acked_ = 0;         // reports 1..acked_ are stored
  std::uint64_t sent_ = 0;          // reports up to this one are under way
  std::uint64_t stored_ = 0;        // while repeating: the largest number that was acknowledged
  bool repeats_ = false;
  Instant resend_at_;
};

}  // namespace sweepd::agent
