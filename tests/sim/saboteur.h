// How the mutants of the daemon side work: they bend events, records, effects and the state between
// the core and the world. Without a mutant nothing is touched.
#pragma once

#include "daemon/core/step.h"
#include "tests/sim/mutant.h"

#include <map>
#include <vector>

namespace sweepd::sim {

class Saboteur {
 public:
  explicit Saboteur(Mutant mutant) : mutant_(mutant) {}

  // Before the core decides. Returns false when the event is kept from it.
  bool before(core::State& state, core::EventBody& body);

  // After the core has decided.
  void after(core::State& state, const core::EventBody& body, core::Outcome& outcome);

  // In place of apply_record in a recovery.
  void apply(core::State& state, const core::Record& record) const;

  // The numbers of attempts as the world outside sees them, and back.
  AttemptKey outside(AttemptKey key) const;
  AttemptKey inside(const core::State& state, AttemptKey key) const;

 private:
  void bend_report(core::State& state, core::ReportsArrived& event) const;
  void bend_record(core::State& state, core::Record& record) const;
  void bend_charge(core::State& state, const core::Record& record) const;

  Mutant mutant_;
  std::map<SweepId, sweeps::Policy> policies_;  // as they were before the step
};

}  // namespace sweepd::sim
