// Which journal a record belongs to.
#include "daemon/core/record.h"

namespace sweepd::core {

namespace {

struct JournalOf {
  SweepId operator()(const SweepAccepted& record) const { return record.sweep; }

  SweepId operator()(const SweepStateChanged& record) const { return record.sweep; }

  SweepId operator()(const SweepClosing& record) const { return record.sweep; }

  SweepId operator()(const SweepEnded& record) const { return record.sweep; }

  SweepId operator()(const SweepReopened& record) const { return record.sweep; }

  SweepId operator()(const TrialsProposed& record) const { return record.sweep; }

  SweepId operator()(const TrialRequeued& record) const { return record.trial.sweep; }

  SweepId operator()(const TrialClosed& record) const { return record.trial.sweep; }

  SweepId operator()(const AttemptAssigned& record) const { return record.attempt.sweep; }

  SweepId operator()(const AttemptAdvanced& record) const { return record.attempt.sweep; }

  SweepId operator()(const ReportRecorded& record) const { return record.attempt.sweep; }

  SweepId operator()(const VerdictReached& record) const { return record.attempt.sweep; }

  SweepId operator()(const StopRequested& record) const { return record.attempt.sweep; }

  SweepId operator()(const AttemptClosed& record) const { return record.attempt.sweep; }

  SweepId operator()(const AgentRegistered&) const { return {}; }

  SweepId operator()(const AgentStateChanged&) const { return {}; }

  SweepId operator()(const ModelRegistered&) const { return {}; }

  SweepId operator()(const ControlApplied& record) const { return record.sweep; }

  SweepId operator()(const StorageLevelChanged&) const { return {}; }

  SweepId operator()(const StoreRestored&) const { return {}; }

  SweepId operator()(const SweepRemoved&) const { return {}; }

  SweepId operator()(const OutputsDropped& record) const { return record.attempt.sweep; }

  SweepId operator()(const StoreWentBack&) const { return {}; }

  SweepId operator()(const StartsDeferred&) const { return {}; }

  SweepId operator()(const ReturnsAwaited&) const { return {}; }

  SweepId operator()(const LeaseChanged&) const { return {}; }

  SweepId operator()(const AgentCharged&) const { return {}; }

  SweepId operator()(const AgentProven&) const { return {}; }

  SweepId operator()(const AgentDrained&) const { return {}; }

  SweepId operator()(const AgentResumed&) const { return {}; }
};

}  // namespace

SweepId journal_of(const Record& record) {
  return std::visit(JournalOf{}, record);
}

}  // namespace sweepd::core
