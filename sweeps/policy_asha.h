// Asynchronous successive halving, stopping type: only the best share of each rung goes on.
#pragma once

#include "sweeps/contest.h"
#include "sweeps/policy.h"

#include <vector>

namespace sweepd::sweeps {

// The resource levels where trials are compared: round(min·η^k) for k = 0, 1, … while below max;
// levels below 1 and repeated ones are left out. By a loop over whole numbers: logarithms give one
// rung too few for 243 = 3^5.
std::vector<double> asha_rungs(const StopSpec& spec);

// On entering a rung of n values, own included, the trial goes on iff fewer than max(1, floor(n/η))
// are strictly better, so equal values go on together. The rule of Li et al., A system for
// massively parallel hyperparameter tuning, MLSys 2020, in the integer form that needs no quantile.
Verdict judge_asha(const StopSpec& spec, const Contest& contest);

}  // namespace sweepd::sweeps
