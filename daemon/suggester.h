// Turns the core's wish for proposals into proposals.
#pragma once

#include "base/ids.h"
#include "daemon/core/effect.h"
#include "daemon/core/event.h"
#include "daemon/core/state.h"
#include "sweeps/sampler.h"

#include <cstdint>
#include <map>

namespace sweepd::daemon {

// Proposes in the core's thread, so it stops when it has worked enough for one turn: heartbeats
// wait meanwhile. A sampler that thinks will get a thread of its own behind the same event. Used by
// one thread.
class Suggester {
 public:
  // As many of the proposals as this turn allows, and none when it allows no more; the core asks
  // again for the others when it is told of these.
  core::TrialsSuggested suggest(const core::State& state, const core::Suggest& wanted);

  // Whether this turn allows no more: ask again in the next one.
  bool tired() const;

  // Begins a turn, and forgets sweeps that are not live any more.
  void begin_turn(const core::State& state);

  // Forgets all: numbers of sweeps may stand for others than before.
  void forget();

 private:
  std::map<SweepId, sweeps::Proposer> proposers_;  // of live sweeps that were asked about
  std::uint32_t proposals_ = 0;                    // of this turn
  std::uint32_t draws_ = 0;
};

}  // namespace sweepd::daemon
