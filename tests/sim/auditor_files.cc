// What the auditor demands of run.keep: the best so many of those trials that left files have them,
// and no other attempt that is over does.
#include "tests/sim/auditor.h"

#include <fmt/format.h>

namespace sweepd::sim {

void Auditor::take(const core::OutputsDropped& record) {
  const std::string about = to_string(record.attempt);
  Attempt* of = attempt(record.attempt);
  if (!require(of != nullptr && of->end && of->left_files && !of->dropped,
               "files are let go once, and of an attempt that is over",
               about)) {
    return;
  }
  require(sweep(record.attempt.sweep)->accepted.spec.run.keep.has_value(),
          "files are let go where the sweep file says so",
          about);
  of->dropped = true;
}

void Auditor::check_files(const Sweep& sweep) {
  const auto keep = sweep.accepted.spec.run.keep;
  if (!keep) {
    return;
  }
  std::set<AttemptKey> kept;
  for (const TrialNumber number : ranked(sweep)) {
    const Trial& trial = sweep.trials[number.value - 1];
    const auto last = static_cast<std::uint32_t>(trial.attempts.size());
    if (kept.size() < *keep && trial.attempts.back().left_files) {
      kept.insert({sweep.accepted.sweep, number, {last}});
    }
  }
  for (std::uint32_t number = 1; number <= sweep.trials.size(); ++number) {
    const std::vector<Attempt>& attempts = sweep.trials[number - 1].attempts;
    for (std::uint32_t i = 1; i <= attempts.size(); ++i) {
      const AttemptKey key{sweep.accepted.sweep, {number}, {i}};
      require(!attempts[i - 1].left_files || attempts[i - 1].dropped != kept.contains(key),
              fmt::format("run.keep = {} keeps the files of the best, and no others", *keep),
              to_string(key));
    }
  }
}

}  // namespace sweepd::sim
