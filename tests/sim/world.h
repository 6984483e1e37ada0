// What every part of the simulated world shares: time, chance, the auditor and the kind of world it
// is.
#pragma once

#include "tests/sim/auditor.h"
#include "tests/sim/heap.h"
#include "tests/sim/mutant.h"
#include "tests/sim/random.h"
#include "tests/sim/scenario.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace sweepd::sim {

struct World {
  Scenario scenario;
  Mutant mutant = Mutant::kNone;
  bool tracing = false;
  bool faulty = true;  // the first phase; in the second one everything works
  Heap heap;
  Random random;
  Auditor auditor;

  World(Scenario drawn, Mutant kind, bool trace)
      : scenario(std::move(drawn)),
        mutant(kind),
        tracing(trace),
        random(Random(scenario.seed).fork(99 + 1000 * scenario.chance)),
        auditor(scenario, heap) {}

  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Instant now() const { return heap.now(); }

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

constexpr Duration scaled(Duration span, double factor) {
  return {static_cast<std::int64_t>(static_cast<double>(span.us) * factor)};
}

}  // namespace sweepd::sim
