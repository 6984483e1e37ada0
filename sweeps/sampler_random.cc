// Independent uniform draws: points of the unit cube, one per trial.
#include "sweeps/sampler_random.h"

#include "base/rng.h"

namespace sweepd::sweeps {

std::vector<double> random_point(const RandomKey& key, std::size_t dimensions) {
  Rng rng({key.seed, Stream::kRandomSampler, key.trial.value, key.retry});
  std::vector<double> point;
  point.reserve(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) {
    point.push_back(rng.uniform());
  }
  return point;
}

}  // namespace sweepd::sweeps
