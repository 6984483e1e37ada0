// In the simulator a failed check of production code ends the seed and not the process: a mutant
// may well drive the core into one, and that counts as caught.
#pragma once

#include <string>

namespace sweepd::sim {

struct CheckFailed {
  std::string what;
};

}  // namespace sweepd::sim
