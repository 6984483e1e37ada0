// What the auditor forgives when the disk of the daemon loses the end of its history: that, and
// nothing else.
#include "tests/sim/auditor.h"

#include <algorithm>
#include <variant>

namespace sweepd::sim {

// The world stays as it is: what ran has run. What is on disk is what is left of the history.
void Auditor::went_back(std::size_t batches) {
  if (violation_) {
    return;
  }
  ++losses_;
  const std::size_t kept = history_.size() - std::min(batches, history_.size());
  for (std::size_t i = kept; i < history_.size(); ++i) {
    forgive(history_[i].second);
  }
  history_.resize(kept);
  batch_.clear();
  forget_disk();
  for (const auto& [at, records] : history_) {
    replayed_at_ = at;
    for (const core::Record& record : records) {
      committed(record);
    }
    batch_committed();
  }
  replayed_at_.reset();
  std::erase_if(promised_, [this](const auto& promise) {
    const auto accepted = accepted_.find(promise.first);
    return accepted == accepted_.end() || accepted->second != promise.second.sweep;
  });
  std::erase_if(told_, [this](const auto& told) { return !carried_out_.contains(told.first); });
}

void Auditor::forgive(const std::vector<core::Record>& lost) {
  records_lost_ += lost.size();
  for (const core::Record& record : lost) {
    if (const auto* assigned = std::get_if<core::AttemptAssigned>(&record)) {
      lost_attempts_.insert(assigned->attempt);
    } else if (const auto* accepted = std::get_if<core::SweepAccepted>(&record)) {
      lost_specs_.insert_or_assign(accepted->sweep, accepted->spec);
    }
  }
}

void Auditor::forget_disk() {
  truths_.clear();
  sweeps_.clear();
  accepted_.clear();
  carried_out_.clear();
  booked_.clear();
  agents_.clear();
  agent_by_uuid_.clear();
  versions_.clear();
  expected_.reset();
  losses_told_ = 0;
}

}  // namespace sweepd::sim
