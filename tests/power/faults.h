// Failing operations: the first, the second, … until a run does not meet that many.
#pragma once

#include "tests/power/mutant.h"
#include "tests/power/workload.h"

#include <cstdint>
#include <string>

namespace sweepd::power {

struct FaultPlan {
  WorkloadKind workload = WorkloadKind::kJournal;
  int error = 0;  // EIO, ENOSPC
  bool forever = false;
  std::uint64_t seed = 1;
  std::uint64_t first = 1;
  std::uint64_t every = 1;  // every how manieth operation
  std::uint64_t last = UINT64_MAX;
  const MutantInfo* mutant = nullptr;
  std::string folder;
  bool stop_at_violation = false;
};

struct FaultFigures {
  std::uint64_t runs = 0;
  std::uint64_t operations = 0;  // of the run that met no fault
  std::uint64_t died = 0;        // runs that the store ended by itself (an assertion of it)
  std::uint64_t acknowledged = 0;
  std::uint64_t violations = 0;
  std::uint64_t first_violation = 0;  // the number of the operation
};

// Prints a line for each violation.
FaultFigures run_faults(const FaultPlan& plan);

}  // namespace sweepd::power
