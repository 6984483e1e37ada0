// Dispatch of events to their handlers, and what every decision ends with.
#include "daemon/core/step.h"

#include "daemon/core/decider.h"
#include "daemon/core/view.h"

#include <type_traits>

namespace sweepd::core {

namespace {

// Whether the record may let a queued trial start: a slot or a trial became free.
struct ChangesSchedule {
  bool operator()(const SweepAccepted&) const { return false; }

  bool operator()(const SweepStateChanged&) const { return true; }

  bool operator()(const SweepClosing&) const { return false; }

  bool operator()(const SweepEnded&) const { return false; }

  bool operator()(const SweepReopened&) const { return true; }

  bool operator()(const TrialsProposed&) const { return true; }

  bool operator()(const TrialRequeued&) const { return true; }

  bool operator()(const TrialClosed&) const { return true; }

  bool operator()(const AttemptAssigned&) const { return false; }

  bool operator()(const AttemptAdvanced& record) const {
    return record.state == AttemptState::kFinishing;
  }

  bool operator()(const ReportRecorded&) const { return false; }

  bool operator()(const VerdictReached&) const { return false; }

  bool operator()(const StopRequested&) const { return false; }

  bool operator()(const AttemptClosed&) const { return true; }

  bool operator()(const AgentRegistered&) const { return true; }

  bool operator()(const AgentStateChanged&) const { return true; }

  bool operator()(const ModelRegistered&) const { return false; }

  bool operator()(const ControlApplied&) const { return false; }

  bool operator()(const StorageLevelChanged& record) const {
    return record.level == StorageLevel::kPlenty;
  }

  bool operator()(const StoreRestored&) const { return false; }

  bool operator()(const SweepRemoved&) const { return false; }

  bool operator()(const OutputsDropped&) const { return false; }

  bool operator()(const StoreWentBack&) const { return false; }

  bool operator()(const StartsDeferred&) const { return false; }

  bool operator()(const ReturnsAwaited&) const { return false; }

  bool operator()(const LeaseChanged&) const { return false; }

  bool operator()(const AgentCharged& record) const { return record.charge != Charge::kMade; }

  bool operator()(const AgentProven&) const { return true; }

  bool operator()(const AgentDrained&) const { return true; }

  bool operator()(const AgentResumed&) const { return true; }
};

}  // namespace

void Decider::decide(Record record) {
  apply_record(state_, record);
  if (const SweepId sweep = journal_of(record)) {
    touched_.insert(sweep);
  }
  schedulable_ = schedulable_ || std::visit(ChangesSchedule{}, record);
  outcome_.records.push_back(std::move(record));
}

Outcome step(State& state, const Event& event) {
  Decider decider(state, event.at);
  std::visit([&decider](const auto& body) { on(decider, body); }, event.body);
  if (decider.schedulable()) {
    schedule(decider);
  }
  const std::set<SweepId> touched = decider.touched();
  for (const SweepId sweep : touched) {
    settle_sweep(decider, sweep);
  }
  return std::move(decider).take();
}

std::vector<Effect> owed(const State& state, Instant now) {
  std::vector<Effect> effects;
  for (const auto& [agent, keys] : state.held) {
    for (const AttemptKey& key : keys) {
      const Attempt& attempt = *find_attempt(state, key);
      if (attempt.stop) {
        const Sweep& sweep = state.sweeps.at(key.sweep);
        effects.emplace_back(
            StopAttempt{agent, key, attempt.stop->reason, sweep.spec.limits.grace});
      } else if (attempt.state == AttemptState::kAssigned && !may_run_twice(state, now)) {
        effects.emplace_back(StartAttempt{agent, key});
      }
    }
  }
  return effects;
}

}  // namespace sweepd::core
