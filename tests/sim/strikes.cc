// Faults that strike again and again in both kinds of world.
#include "tests/sim/strikes.h"

#include <cmath>
#include <utility>

namespace sweepd::sim {

void plan_strikes(World& world, Random& luck, Duration every, Heap::Action strike) {
  if (every.us == 0) {
    return;
  }
  const Duration wait = scaled(every, -std::log(1 - luck.unit()));
  world.heap.after(wait, [&world, &luck, every, strike = std::move(strike)] {
    if (world.faulty) {
      strike();
      plan_strikes(world, luck, every, strike);
    }
  });
}

void plan_wall_jumps(World& world) {
  plan_strikes(world, world.luck.wall_clocks, world.scenario.faults.wall_jump_every, [&world] {
    const Place place = world.wall_clocks.jump(world.luck.wall_clocks);
    world.trace("the wall clock of place {} jumps", place);
  });
}

void plan_full_disks(World& world, std::function<void(std::size_t box, Duration span)> fill) {
  Random& luck = world.luck.disks;
  plan_strikes(world, luck, world.scenario.faults.full_disk_every, [&world, &luck, fill] {
    const auto boxes = static_cast<std::int64_t>(world.scenario.boxes.size());
    const auto box = static_cast<std::size_t>(luck.between(0, boxes - 1));
    fill(box, {luck.between(seconds(1).us, 2 * world.scenario.lease.us)});
  });
}

void plan_removals(World& world, const Removal& removal) {
  Random& luck = world.luck.removals;
  plan_strikes(world, luck, world.scenario.faults.removal_every, [&world, &luck, removal] {
    const auto one_of = [&luck](std::size_t count) {
      return static_cast<std::size_t>(luck.between(0, static_cast<std::int64_t>(count) - 1));
    };
    const std::size_t submissions = world.scenario.submissions.size();
    if (submissions == 0) {
      return;  // they were cut out
    }
    if (luck.chance(0.3)) {
      removal.agent(one_of(world.scenario.boxes.size()));
    } else {
      removal.sweep(one_of(submissions));
    }
  });
}

void plan_upgrades(World& world, const Upgrade& upgrade) {
  Random& luck = world.luck.upgrades;
  plan_strikes(world, luck, world.scenario.faults.upgrade_every, [&world, &luck, upgrade] {
    ++world.version;
    world.trace("upgrade to version {}", world.version);
    upgrade.daemon();
    for (std::size_t box = 0; box < world.scenario.boxes.size(); ++box) {
      world.heap.after({luck.between(0, seconds(30).us)}, [&world, upgrade, box] {
        if (world.faulty) {
          upgrade.agent(box);
        }
      });
    }
  });
}

}  // namespace sweepd::sim
