// Whose files are kept: run.keep.
#include "daemon/core/decider.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

namespace sweepd::core {

namespace {

// The attempt that a trial's value is of.
AttemptKey valued(const Sweep& sweep, TrialNumber number) {
  return {sweep.id, number, sweep.trial(number).attempts.back().number};
}

// Whether the trial may be the best one, and its files are here.
bool is_kept(const Sweep& sweep, TrialNumber number) {
  const auto value = sweep.trial(number).tally.value();
  return value && sweep.with_files.contains({*value, number});
}

}  // namespace

// Trials that may be the best one never cease to be that, and no other ever gets files again, so
// whatever is not among the best once will not be later. The best keeps its files because N is at
// least 1: the registration at the end of the sweep finds them.
void drop_outputs(Decider& decider, const AttemptKey& key) {
  const Sweep& sweep = decider.state().sweeps.at(key.sweep);
  if (!sweep.spec.run.keep) {
    return;
  }
  const bool left_files = !find_attempt(decider.state(), key)->outcome.tree_digest.empty();
  if (left_files && !is_kept(sweep, key.trial)) {
    decider.decide(OutputsDropped{key});
  } else if (sweep.with_files.size() > *sweep.spec.run.keep) {
    decider.decide(OutputsDropped{valued(sweep, sweep.with_files.rbegin()->trial)});
  }
}

std::string why_dropped(const Sweep& sweep, const AttemptKey& key) {
  const std::uint32_t keep = sweep.spec.run.keep.value_or(0);
  return keep == 1
             ? fmt::format("run.keep = 1 kept only the files of the best trial; {} was not it",
                           to_string(key))
             : fmt::format(
                   "run.keep = {} kept only the files of the best {}; {} was not "
                   "among them",
                   keep,
                   keep,
                   to_string(key));
}

}  // namespace sweepd::core
