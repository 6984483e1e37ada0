// Turns the core's wish for proposals into proposals.
#include "daemon/suggester.h"

#include "sweeps/sampler.h"

namespace sweepd::daemon {

core::TrialsSuggested suggest(const core::State& state, const core::Suggest& wanted) {
  core::TrialsSuggested answer{wanted.sweep, wanted.first, {}, false};
  const auto sweep = state.sweeps.find(wanted.sweep);
  if (sweep == state.sweeps.end()) {
    return answer;
  }
  for (std::uint32_t i = 0; i < wanted.count && !answer.exhausted; ++i) {
    sweeps::Proposal proposal =
        sweeps::propose(sweep->second.spec, TrialNumber{wanted.first.value + i});
    if (proposal.assignment) {
      answer.assignments.push_back(*std::move(proposal.assignment));
    }
    answer.exhausted = proposal.availability == sweeps::Availability::kExhausted;
    if (proposal.availability == sweeps::Availability::kWait) {
      break;
    }
  }
  return answer;
}

}  // namespace sweepd::daemon
