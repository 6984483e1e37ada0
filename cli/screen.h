// The picture that `watch` draws: a pure function from what is known to lines of text.
#pragma once

#include "cli/terminal.h"
#include "wire/sweepd.pb.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace sweepd::cli {

struct WatchView {
  pb::SweepSummary sweep;
  std::string waiting;
  std::vector<double> values;         // of the trials that have one, in the order of their numbers
  std::vector<pb::TrialRow> running;  // that hold a slot
  double resource_max = 0;            // the last rung; 0: unknown, then there are no bars
  std::deque<std::string> events;     // newest first, one line each
  std::int64_t now_us = 0;
  bool away = false;  // the daemon does not answer
};

// At most `terminal.height` lines, none wider than the terminal, without newlines.
std::vector<std::string> draw(const WatchView& view, const Terminal& terminal);

}  // namespace sweepd::cli
