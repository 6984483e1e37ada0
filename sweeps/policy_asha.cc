// Asynchronous successive halving, stopping type: only the best share of each rung goes on.
#include "sweeps/policy_asha.h"

#include <algorithm>
#include <cmath>

namespace sweepd::sweeps {

std::vector<double> asha_rungs(const StopSpec& spec) {
  std::vector<double> rungs;
  if (!(spec.resource_min > 0) || !std::isfinite(spec.resource_max) || spec.reduction < 2) {
    return rungs;
  }
  double power = 1;
  double level = std::round(spec.resource_min);
  while (level < spec.resource_max) {
    if (level >= 1 && (rungs.empty() || level > rungs.back())) {
      rungs.push_back(level);
    }
    power *= spec.reduction;
    level = std::round(spec.resource_min * power);
  }
  return rungs;
}

Verdict judge_asha(const StopSpec& spec, const Contest& contest) {
  const std::size_t count = contest.peers.size();
  const std::size_t places = std::max<std::size_t>(1, count / spec.reduction);
  const bool continues = contest.peers.count_better(contest.entered.value) < places;
  return {continues ? Decision::kContinue : Decision::kStop,
          "asha",
          contest.level,
          contest.entered.value,
          contest.peers.kth(places - 1).value,
          static_cast<std::uint32_t>(count)};
}

}  // namespace sweepd::sweeps
