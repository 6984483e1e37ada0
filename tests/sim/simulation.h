// One simulated world from one seed: faults first, then peace, in which everything must come to an
// end.
#pragma once

#include "tests/sim/cuts.h"
#include "tests/sim/mode.h"
#include "tests/sim/mutant.h"
#include "tests/sim/scenario.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::sim {

struct Finding {
  std::optional<std::string> violation;
  std::uint64_t events = 0;  // that happened
  std::int64_t virtual_us = 0;

  bool operator==(const Finding&) const = default;
};

struct Plan {
  std::uint64_t seed = 0;
  Mode mode = Mode::kCore;
  Mutant mutant = Mutant::kNone;
  bool trace = false;
  std::vector<Cut> cuts = {};  // fit the scenario of the seed
};

// What the seed draws, without what is cut.
Scenario scenario_of(const Plan& plan);

// The same plan gives the same finding, always.
Finding simulate(const Plan& plan);

// The two kinds of world.
Finding simulate_core(const Plan& plan);
Finding simulate_system(const Plan& plan);

}  // namespace sweepd::sim
