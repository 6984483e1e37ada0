// What every part of the simulated world shares: time, chance, the auditor and the kind of world it
// is.
#pragma once

#include "tests/sim/auditor.h"
#include "tests/sim/heap.h"
#include "tests/sim/mutant.h"
#include "tests/sim/random.h"
#include "tests/sim/scenario.h"
#include "tests/sim/wall_clocks.h"

#include <fmt/format.h>

#include <cstdio>
#include <set>
#include <string>
#include <utility>

namespace sweepd::sim {

// The luck of the faults that came to the simulator later. Each has a stream of its own, so that
// seeds without it go on telling what they told before.
struct Luck {
  Random wall_clocks;
  Random disks;
  Random upgrades;
  Random people;
  Random removals;
  Random mistakes;
  Random watermarks;
  Random losses;
  Random files;
  Random leases;
  Random reboots;

  explicit Luck(const Random& base)
      : wall_clocks(base.fork(1)),
        disks(base.fork(2)),
        upgrades(base.fork(3)),
        people(base.fork(4)),
        removals(base.fork(5)),
        mistakes(base.fork(6)),
        watermarks(base.fork(7)),
        losses(base.fork(8)),
        files(base.fork(9)),
        leases(base.fork(10)),
        reboots(base.fork(11)) {}
};

struct World {
  Scenario scenario;
  Mutant mutant = Mutant::kNone;
  bool tracing = false;
  bool losses = false;  // the daemon's disk may lose the end of its history
  bool faulty = true;   // the first phase; in the second one everything works
  int version = 1;      // of the programs that start now
  Heap heap;
  Random random;
  Luck luck;
  Auditor auditor;
  WallClocks wall_clocks;
  std::set<std::string> trees;  // that boxes have sent, and that the daemon still has

  World(Scenario drawn, Mutant kind, bool trace)
      : scenario(std::move(drawn)),
        mutant(kind),
        tracing(trace),
        random(Random(scenario.seed).fork(99 + 1000 * scenario.chance)),
        luck(random.fork(98)),
        auditor(scenario, heap),
        wall_clocks(scenario.boxes.size() + 1) {}

  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Instant now() const { return heap.now(); }

  // What the wall clock of that place shows: a label.
  WallTime wall(Place place) const { return wall_clocks.read(place, now()); }

  Duration between(Duration low, Duration high) { return {random.between(low.us, high.us)}; }

  template <typename... Args>
  void trace(fmt::format_string<Args...> format, Args&&... args) const {
    if (tracing) {
      fmt::print("{:12.6f} {}\n",
                 static_cast<double>(now().us) / 1e6,
                 fmt::format(format, std::forward<Args>(args)...));
    }
  }
};

// The digest of what an attempt leaves: as long as a real one.
inline std::string tree_of(const AttemptKey& key) {
  return fmt::format("{:024}{:020}{:020}", key.sweep.value, key.trial.value, key.attempt.value);
}

constexpr Duration scaled(Duration span, double factor) {
  return {static_cast<std::int64_t>(static_cast<double>(span.us) * factor)};
}

}  // namespace sweepd::sim
