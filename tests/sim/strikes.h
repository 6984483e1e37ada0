// Faults that strike again and again in both kinds of world.
#pragma once

#include "tests/sim/world.h"

namespace sweepd::sim {

// Lets `strike` happen in the phase of faults, on average once in `every`; 0: never.
void plan_strikes(World& world, Random& luck, Duration every, Heap::Action strike);

// The wall clocks jump.
void plan_wall_jumps(World& world);

}  // namespace sweepd::sim
