// Power cuts: one recording of a workload, and many images of what a disk may hold of it.
#pragma once

#include "tests/power/mutant.h"
#include "tests/power/workload.h"

#include <cstdint>
#include <string>

namespace sweepd::power {

struct CutPlan {
  WorkloadKind workload = WorkloadKind::kJournal;
  std::uint64_t seed = 1;
  std::uint64_t first = 1;
  std::uint64_t last = 300;
  const MutantInfo* mutant = nullptr;
  std::string trace;               // a recording to use instead of making one
  std::string folder;              // to work in
  bool stop_at_violation = false;  // and say nothing of it
};

struct CutFigures {
  std::uint64_t events = 0;  // of the recording
  std::uint64_t cuts = 0;
  std::uint64_t again = 0;  // of them cut a second time, while the first was recovered from
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;
  std::uint64_t violations = 0;
  std::uint64_t first_violation = 0;  // the number of the cut
  double slowest_ms = 0;
};

// Prints a line for each violation.
CutFigures run_cuts(const CutPlan& plan);

}  // namespace sweepd::power
