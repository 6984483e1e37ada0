// The identities of sweeps, trials, attempts, agents and requests, as types that cannot be mixed
// up.
#include "base/ids.h"

#include <fmt/core.h>

namespace sweepd {

std::string to_string(SweepId id) {
  return fmt::format("{}", id.value);
}

std::string to_string(const TrialKey& key) {
  return fmt::format("{}/{}", key.sweep.value, key.trial.value);
}

std::string to_string(const AttemptKey& key) {
  return fmt::format("{}/{}#{}", key.sweep.value, key.trial.value, key.attempt.value);
}

}  // namespace sweepd
