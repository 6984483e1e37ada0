// The median stopping rule: a trial whose best is worse than the typical average stops.
#include "sweeps/policy_median.h"

#include <limits>

namespace sweepd::sweeps {

Verdict judge_median(const StopSpec& spec, const Contest& contest) {
  const bool enough = contest.peers.size() >= spec.min_peers;
  const double threshold =
      enough ? contest.peers.median() : std::numeric_limits<double>::infinity();
  return {contest.best > threshold ? Decision::kStop : Decision::kContinue,
          "median",
          contest.level,
          contest.best,
          threshold,
          static_cast<std::uint32_t>(contest.peers.size())};
}

}  // namespace sweepd::sweeps
