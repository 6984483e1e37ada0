// The seeds that once found something, run again for ever.
#pragma once

#include "base/result.h"
#include "tests/sim/simulation.h"

#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sim {

struct Regression {
  Plan plan;
  std::string what;  // it once found
};

// Lines of mode (`core`, `system` or `losses`), seed, cuts (`-`: none) and what was found; `#`
// begins a comment. Fails at the first line that is none, and says which.
Result<std::vector<Regression>> read_regressions(std::string_view text);

// The line to add for a plan that violates.
std::string regression_line(const Plan& plan, std::string_view what);

}  // namespace sweepd::sim
