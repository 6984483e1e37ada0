// The median stopping rule: a trial whose best is worse than the typical average stops.
#pragma once

#include "sweeps/contest.h"
#include "sweeps/policy.h"

namespace sweepd::sweeps {

// Stops a trial whose best value up to the level is strictly worse than the median of the running
// means of all trials at the level, own included (Golovin et al., KDD 2017, with HyperDrive's
// choice of peers: all trials, not only completed ones). With fewer than `min_peers` means every
// trial goes on.
Verdict judge_median(const StopSpec& spec, const Contest& contest);

}  // namespace sweepd::sweeps
