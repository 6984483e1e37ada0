// Ways in which production code, or the disk under it, could be broken; each must be caught.
#pragma once

#include "tests/power/trace.h"
#include "tests/power/workload.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace sweepd::power {

// What happens to a sync on the tape.
enum class SyncFate {
  kKept,
  kLost,     // the disk lies, or the code forgot it
  kDelayed,  // until after the next rename of the file: the code has the order wrong
};

struct MutantInfo {
  std::string_view name;
  std::string_view what;
  WorkloadKind workload = WorkloadKind::kJournal;
  // Of a sync of the file that was opened under `path`; `before`: syncs of it so far.
  SyncFate (*fate)(std::string_view path, std::uint64_t before) = nullptr;
  Habit habit = Habit::kNone;
  bool (*swallows)(std::string_view path) = nullptr;  // failures of syncs, when they are made
};

const std::vector<MutantInfo>& mutants();
const MutantInfo* find_mutant(std::string_view name);

// The tape as it would be if the code were the mutant.
std::vector<Event> mutated(std::vector<Event> events, const MutantInfo& mutant);

}  // namespace sweepd::power
