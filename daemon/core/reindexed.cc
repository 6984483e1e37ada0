// Where a trial stands among the others of its sweep.
#include "daemon/core/reindexed.h"

#include <cmath>

namespace sweepd::core {

namespace {

bool may_be_best(const Sweep& sweep, const Trial& trial, double value) {
  const bool ended_well = trial.state == TrialState::kCompleted ||
                          (trial.state == TrialState::kPruned && sweep.spec.stop.allow_pruned);
  return ended_well && std::isfinite(value);
}

// Whether what the attempt left that the trial's value is of is here.
bool has_files(const Trial& trial) {
  return !trial.attempts.empty() && !trial.attempts.back().outcome.tree_digest.empty();
}

}  // namespace

Reindexed::Reindexed(Sweep& sweep, Trial& trial) : sweep_(sweep), trial_(trial) {
  if (const auto value = trial.tally.value()) {
    const sweeps::Rank rank{*value, trial.number};
    (may_be_best(sweep, trial, *value) ? sweep.ranked : sweep.unranked).erase(rank);
    sweep.with_files.erase(rank);
  }
}

Reindexed::~Reindexed() {
  if (const auto value = trial_.tally.value()) {
    const sweeps::Rank rank{*value, trial_.number};
    const bool may = may_be_best(sweep_, trial_, *value);
    (may ? sweep_.ranked : sweep_.unranked).insert(rank);
    if (may && sweep_.spec.run.keep && has_files(trial_)) {
      sweep_.with_files.insert(rank);
    }
  }
}

}  // namespace sweepd::core
