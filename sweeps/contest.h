// One comparison that a policy decides: a trial against its peers at one level of the resource.
#pragma once

#include "sweeps/ranked_values.h"

namespace sweepd::sweeps {

struct Contest {
  const RankedValues& peers;  // what every trial at this level entered, own included
  double level = 0;           // the report number or the resource
  Rank entered;               // what the trial entered itself
  double best = 0;            // the best value of its reports so far; oriented
};

}  // namespace sweepd::sweeps
