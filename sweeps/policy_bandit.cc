// The bandit policy: a trial that falls behind the best one by more than a slack stops.
#include "sweeps/policy_bandit.h"

namespace sweepd::sweeps {

namespace {

double cut(const StopSpec& spec, double best) {
  if (spec.slack_amount) {
    return best + *spec.slack_amount;
  }
  const double widening = 1 + spec.slack_factor.value_or(0);
  return best > 0 ? best * widening : best / widening;
}

}  // namespace

Verdict judge_bandit(const StopSpec& spec, const Contest& contest) {
  const double threshold = cut(spec, contest.peers.kth(0).value);
  const double own = contest.entered.value;
  return {own > threshold ? Decision::kStop : Decision::kContinue,
          "bandit",
          contest.level,
          own,
          threshold,
          static_cast<std::uint32_t>(contest.peers.size())};
}

}  // namespace sweepd::sweeps
