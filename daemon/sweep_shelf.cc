// All sweeps there ever were, and the few ended ones that are in memory.
#include "daemon/sweep_shelf.h"

#include "daemon/recovery.h"

#include <algorithm>
#include <set>

namespace sweepd::daemon {

namespace {

constexpr std::size_t kEndedInMemoryMax = 64;

// The sweep whose header a record changes; 0 for records that change none.
struct ChangedHeader {
  SweepId operator()(const core::SweepAccepted& record) const { return record.sweep; }

  SweepId operator()(const core::SweepStateChanged& record) const { return record.sweep; }

  SweepId operator()(const core::SweepClosing&) const { return {}; }

  SweepId operator()(const core::SweepEnded& record) const { return record.sweep; }

  SweepId operator()(const core::SweepReopened& record) const { return record.sweep; }

  SweepId operator()(const core::TrialsProposed&) const { return {}; }

  SweepId operator()(const core::TrialRequeued&) const { return {}; }

  SweepId operator()(const core::TrialClosed&) const { return {}; }

  SweepId operator()(const core::AttemptAssigned&) const { return {}; }

  SweepId operator()(const core::AttemptAdvanced&) const { return {}; }

  SweepId operator()(const core::ReportRecorded&) const { return {}; }

  SweepId operator()(const core::VerdictReached&) const { return {}; }

  SweepId operator()(const core::StopRequested&) const { return {}; }

  SweepId operator()(const core::AttemptClosed&) const { return {}; }

  SweepId operator()(const core::AgentRegistered&) const { return {}; }

  SweepId operator()(const core::AgentStateChanged&) const { return {}; }

  SweepId operator()(const core::ModelRegistered&) const { return {}; }

  SweepId operator()(const core::ControlApplied&) const { return {}; }

  SweepId operator()(const core::StorageLevelChanged&) const { return {}; }

  SweepId operator()(const core::StoreRestored&) const { return {}; }

  SweepId operator()(const core::SweepRemoved&) const { return {}; }

  SweepId operator()(const core::OutputsDropped&) const { return {}; }

  SweepId operator()(const core::StoreWentBack&) const { return {}; }

  SweepId operator()(const core::StartsDeferred&) const { return {}; }

  SweepId operator()(const core::ReturnsAwaited&) const { return {}; }

  SweepId operator()(const core::LeaseChanged&) const { return {}; }

  SweepId operator()(const core::AgentCharged&) const { return {}; }

  SweepId operator()(const core::AgentProven&) const { return {}; }

  SweepId operator()(const core::AgentDrained&) const { return {}; }

  SweepId operator()(const core::AgentResumed&) const { return {}; }
};

}  // namespace

Result<core::State> SweepShelf::recover() {
  SWEEPD_TRY(const std::vector<SweepHeader> headers, journal_.headers());
  headers_.clear();
  names_.clear();
  recent_.clear();
  for (const SweepHeader& header : headers) {
    headers_.emplace(header.id, header);
    names_.push_back({header.id, header.name});
  }
  return recover_state(journal_, headers);
}

void SweepShelf::use(SweepId id) {
  recent_.remove(id);
  recent_.push_front(id);
}

Result<void> SweepShelf::bring(core::State& state, SweepId id) {
  const auto header = headers_.find(id);
  // One that was removed in this turn still has a header, and its journal may tell of no end.
  if (header == headers_.end() || state.live.contains(id) || state.removed.contains(id)) {
    return {};
  }
  if (!state.sweeps.contains(id)) {
    SWEEPD_TRY(RebuiltSweep rebuilt, rebuild_sweep(journal_, id));
    core::adopt_sweep(state, std::move(rebuilt.sweep));
    state.requests.merge(rebuilt.requests);
  }
  use(id);
  return {};
}

void SweepShelf::forget(SweepId id) {
  headers_.erase(id);
  std::erase_if(names_, [id](const core::SweepName& name) { return name.id == id; });
  recent_.remove(id);
}

std::vector<SweepHeader> SweepShelf::update(const core::State& state,
                                            const std::vector<core::Record>& records) {
  std::set<SweepId> changed;
  for (const core::Record& record : records) {
    if (const auto* removed = std::get_if<core::SweepRemoved>(&record)) {
      changed.erase(removed->sweep);  // it may have ended in the same batch
      forget(removed->sweep);
    } else if (const SweepId id = std::visit(ChangedHeader{}, record)) {
      changed.insert(id);
    }
  }
  std::vector<SweepHeader> headers;
  for (const SweepId id : changed) {
    headers.push_back(header_of(state.sweeps.at(id)));
    if (!headers_.contains(id)) {
      names_.push_back({id, headers.back().name});
    }
    headers_[id] = headers.back();
    if (core::is_terminal(headers.back().state)) {
      use(id);
    }
  }
  return headers;
}

void SweepShelf::trim(core::State& state) {
  recent_.remove_if([&](SweepId id) { return state.live.contains(id); });
  while (recent_.size() > kEndedInMemoryMax) {
    state.sweeps.erase(recent_.back());
    recent_.pop_back();
  }
}

}  // namespace sweepd::daemon
