// Independent uniform draws: points of the unit cube, one per trial.
#pragma once

#include "base/ids.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sweepd::sweeps {

// Which draw.
struct RandomKey {
  std::uint64_t seed = 0;
  TrialNumber trial;
  std::uint32_t retry = 0;  // 0, 1, … where the point before was refused
};

// Uniform coordinates in [0, 1). A coordinate does not depend on how many follow it, so that a
// parameter added at the end of the file leaves the others as they were.
std::vector<double> random_point(const RandomKey& key, std::size_t dimensions);

}  // namespace sweepd::sweeps
