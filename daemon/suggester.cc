// Turns the core's wish for proposals into proposals.
#include "daemon/suggester.h"

#include <algorithm>
#include <utility>

namespace sweepd::daemon {

namespace {

// Of one turn: some 10 ms of a sampler that is lucky, and some 100 ms of one that is not.
constexpr std::uint32_t kProposalsMax = 256;
constexpr std::uint32_t kDrawsMax = sweeps::kDrawsMax;
constexpr std::uint32_t kProposalsOfSweepMax = 64;

}  // namespace

bool Suggester::tired() const {
  return proposals_ >= kProposalsMax || draws_ >= kDrawsMax;
}

void Suggester::begin_turn(const core::State& state) {
  proposals_ = 0;
  draws_ = 0;
  std::erase_if(proposers_, [&](const auto& entry) { return !state.live.contains(entry.first); });
}

void Suggester::forget() {
  proposers_.clear();
}

core::TrialsSuggested Suggester::suggest(const core::State& state, const core::Suggest& wanted) {
  core::TrialsSuggested answer{wanted.sweep, wanted.first, {}, false};
  const auto sweep = state.sweeps.find(wanted.sweep);
  if (sweep == state.sweeps.end()) {
    return answer;
  }
  const sweeps::Proposer& proposer =
      proposers_.try_emplace(wanted.sweep, sweep->second.spec).first->second;
  const std::uint32_t count = std::min(wanted.count, kProposalsOfSweepMax);
  for (std::uint32_t i = 0; i < count && !answer.exhausted && !tired(); ++i) {
    sweeps::Proposal proposal = proposer.propose(TrialNumber{wanted.first.value + i});
    ++proposals_;
    draws_ += proposal.draws;
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
