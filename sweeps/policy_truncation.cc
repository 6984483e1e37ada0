// Truncation selection: at each evaluation the worst share of the ranking stops.
#include "sweeps/policy_truncation.h"

#include <limits>

namespace sweepd::sweeps {

Verdict judge_truncation(const StopSpec& spec, const Contest& contest) {
  const std::size_t count = contest.peers.size();
  const std::size_t cut = count * spec.truncation_percentage / 100;
  const bool stops = contest.peers.count_before(contest.entered) >= count - cut;
  // Nothing is cut from a small ranking, and nothing is worse than infinity.
  const double threshold =
      cut == 0 ? std::numeric_limits<double>::infinity() : contest.peers.kth(count - cut - 1).value;
  return {stops ? Decision::kStop : Decision::kContinue,
          "truncation",
          contest.level,
          contest.entered.value,
          threshold,
          static_cast<std::uint32_t>(count)};
}

}  // namespace sweepd::sweeps
