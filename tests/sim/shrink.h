// From a seed that violates to the least that still does.
#pragma once

#include "tests/sim/simulation.h"

#include <string>

namespace sweepd::sim {

struct Shrunk {
  Plan plan;  // with the cuts that were found
  Finding finding;
  std::size_t size_before = 0;
  std::size_t size = 0;
  std::size_t runs = 0;
};

// The check that failed, whatever it failed about: two violations of one kind count as the same.
std::string kind_of(const std::string& violation);

// Takes out of the scenario whatever can go while a violation of the same kind remains, again and
// again, until nothing more can. Greedy: another order may find something smaller. A cut shifts the
// luck of all that comes later, so each is tried with some other luck as well before it is given
// up.
//   plan: violates, as `finding` says
Shrunk shrink(const Plan& plan, const Finding& finding);

}  // namespace sweepd::sim
