// What is taken out of a drawn scenario, so that a violation is seen with less around it.
#pragma once

#include "base/result.h"
#include "tests/sim/scenario.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sim {

// One thing less. Numbers are those of the drawn scenario, so that cuts do not depend on each
// other.
struct Cut {
  std::string what;        // "boxes", "faults.loss", …
  std::size_t number = 0;  // which one, from 1; 0: there is only one
  std::int64_t to = 0;     // "trials": so many; "faulty": so many seconds; "chance": other luck

  bool operator==(const Cut&) const = default;
};

// `boxes:2,faults.loss,trials:1=3,faulty=40`; empty text: no cuts.
Result<std::vector<Cut>> parse_cuts(std::string_view text);
std::string to_text(const std::vector<Cut>& cuts);

// The drawn scenario without what is cut. Fails when something is named that it does not have.
Result<Scenario> cut(const Scenario& drawn, const std::vector<Cut>& cuts);

// Every single cut that may be tried next, the largest first; some of them change nothing.
//   needed_s: so many seconds of faults suffice
std::vector<Cut> candidates(const Scenario& drawn,
                            const std::vector<Cut>& cuts,
                            std::int64_t needed_s);

// `cuts` with one more, which takes the place of an earlier one of the same thing.
std::vector<Cut> with(std::vector<Cut> cuts, const Cut& another);

// How much there is to understand in a scenario. What a cut takes out makes it smaller.
std::size_t size_of(const Scenario& scenario);

// For people: one line for each thing in it.
std::string describe(const Scenario& scenario);

}  // namespace sweepd::sim
