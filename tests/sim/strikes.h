// Faults that strike again and again in both kinds of world.
#pragma once

#include "tests/sim/world.h"

#include <cstddef>
#include <functional>

namespace sweepd::sim {

// Lets `strike` happen in the phase of faults, on average once in `every`; 0: never.
void plan_strikes(World& world, Random& luck, Duration every, Heap::Action strike);

// The wall clocks jump.
void plan_wall_jumps(World& world);

// Disks of boxes are full for a while.
//   fill: the disk of that box is full for that long
void plan_full_disks(World& world, std::function<void(std::size_t box, Duration span)> fill);

// A person removes a sweep, or takes an agent off the list, if it may be.
struct Removal {
  std::function<void(std::size_t submission)> sweep;
  std::function<void(std::size_t box)> agent;
};

void plan_removals(World& world, const Removal& removal);

// Upgrades of everything: the daemon first, then the agents, each within half a minute.
struct Upgrade {
  std::function<void()> daemon;
  std::function<void(std::size_t box)> agent;
};

void plan_upgrades(World& world, const Upgrade& upgrade);

}  // namespace sweepd::sim
