// Truncation selection: at each evaluation the worst share of the ranking stops.
#pragma once

#include "sweeps/contest.h"
#include "sweeps/policy.h"

namespace sweepd::sweeps {

// Stops a trial that is among the worst floor(p/100 · n) of the n trials at the level, by best
// value so far; of equal values the later trial is the worse. The threshold is the worst value that
// goes on.
Verdict judge_truncation(const StopSpec& spec, const Contest& contest);

}  // namespace sweepd::sweeps
