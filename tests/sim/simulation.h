// One simulated world from one seed: faults first, then peace, in which everything must come to an
// end.
#pragma once

#include "tests/sim/mutant.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sweepd::sim {

struct Finding {
  std::optional<std::string> violation;
  std::uint64_t events = 0;  // that happened
  std::int64_t virtual_us = 0;
};

struct Plan {
  std::uint64_t seed = 0;
  Mutant mutant = Mutant::kNone;
  bool trace = false;
};

// The same plan gives the same finding, always.
Finding simulate(const Plan& plan);

// The same story around the production programs: the daemon's loop, gateways, codecs and recovery,
// and the agent's session. Slower, so for fewer seeds.
Finding simulate_system(const Plan& plan);

}  // namespace sweepd::sim
