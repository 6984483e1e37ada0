// Thins out progress bars: of the lines that a program draws over each other few are worth keeping.
#pragma once

#include "base/time.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sweepd::agent {

// A line that ends with a carriage return is replaced by the one that follows it; one a second is
// kept as it is, so that a reader sees the bar move. All other bytes go through unchanged, in
// order; of a line that does not end yet they wait for up to a second.
class Redraws {
 public:
  // Takes what the program wrote.
  void take(std::string_view bytes, Instant now);

  // What is to be stored by now; `all`: nothing more will come.
  std::string give(Instant now, bool all);

  // How many of the bytes that were taken last are not decided yet.
  std::size_t held_bytes() const { return redraw_.size() + line_.size(); }

  bool empty() const { return out_.empty() && held_bytes() == 0; }

  // When `give` has something although nothing was taken.
  std::optional<Instant> next_wake() const;

 private:
  void end_line(char end, Instant now);

  std::string out_;
  std::string redraw_;  // the newest line that ended with a carriage return; not given yet
  std::string line_;    // the bytes of the line that has not ended
  bool begun_ = false;  // some of that line is given already
  Instant redraw_at_;   // when one may be given
  Instant line_at_;     // when an unfinished line is given
};

}  // namespace sweepd::agent
