// The bandit policy: a trial that falls behind the best one by more than a slack stops.
#pragma once

#include "sweeps/contest.h"
#include "sweeps/policy.h"

namespace sweepd::sweeps {

// HyperDrive's rule for values of either sign. With the best value B of the level, oriented, the
// cut is B + a, or B widened by the factor 1 + f away from the good side: B·(1+f) where B > 0 and
// B/(1+f) where not. HyperDrive's own formula b + b·f < B would stop the best trial itself where
// values are negative.
Verdict judge_bandit(const StopSpec& spec, const Contest& contest);

}  // namespace sweepd::sweeps
