// How far long work is: a bar with rate and time left on a terminal, one line a step in a pipe. On
// stderr.
#pragma once

#include "cli/terminal.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace sweepd::cli {

// "▕█████░░░░░▏" or "[#####-----]": `fraction` in [0, 1], `cells` columns inside.
std::string bar_text(double fraction, std::size_t cells, bool unicode);

struct ProgressState {
  std::string what;  // "uploading code"
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  bool bytes = false;  // the counts are bytes
  std::int64_t elapsed_us = 0;
};

// "uploading code  ▕██░░▏ 12.0 MiB of 31 MiB, 5.1 MiB/s, 4s left"
std::string progress_text(const ProgressState& state, bool unicode);

// Draws over its own line on a terminal, at most ten times a second. In a pipe it writes a line at
// each tenth.
class Progress {
 public:
  Progress(Console& console, std::string what, bool bytes);
  ~Progress();  // ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t done, std::uint64_t total);

  // Takes the bar away, so that a line can be written; the next update draws it again.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void draw();

  Console& console_;
  ProgressState state_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point drawn_{};
  std::uint64_t tenths_ = 0;  // written so far in a pipe
  bool visible_ = false;
};

}  // namespace sweepd::cli
