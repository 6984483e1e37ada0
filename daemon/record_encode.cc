// Records -> the bytes of their rows.
#include "daemon/record_codec.h"
#include "daemon/store_parts.h"
#include "wire/spec/spec_codec.h"

namespace sweepd::daemon {

namespace {

using core::ReportRecorded;

// Fills a row with one record. Every kind has its own overload, so that a new one breaks the build.
struct Put {
  store::Record& row;

  void operator()(const core::SweepAccepted& record) const {
    store::SweepAccepted& stored = *row.mutable_sweep_accepted();
    stored.set_sweep(record.sweep.value);
    put(*stored.mutable_request(), record.request);
    stored.set_now_us(record.at.now.us);
    stored.set_wall_us(record.at.wall.us);
    *stored.mutable_spec() = wire::to_proto(record.spec);
    stored.set_toml(record.toml);
    stored.set_snapshot_digest(record.snapshot_digest);
    stored.set_user(record.user);
    stored.set_paused(record.paused);
  }

  void operator()(const core::SweepStateChanged& record) const {
    store::SweepStateChanged& stored = *row.mutable_sweep_state_changed();
    stored.set_sweep(record.sweep.value);
    stored.set_state(static_cast<std::int32_t>(record.state));
    put(*stored.mutable_reason(), record.reason);
  }

  void operator()(const core::SweepClosing& record) const {
    store::SweepClosing& stored = *row.mutable_sweep_closing();
    stored.set_sweep(record.sweep.value);
    stored.set_state(static_cast<std::int32_t>(record.state));
    put(*stored.mutable_reason(), record.reason);
  }

  void operator()(const core::SweepEnded& record) const {
    store::SweepEnded& stored = *row.mutable_sweep_ended();
    stored.set_sweep(record.sweep.value);
    stored.set_state(static_cast<std::int32_t>(record.state));
    put(*stored.mutable_reason(), record.reason);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::SweepReopened& record) const {
    store::SweepReopened& stored = *row.mutable_sweep_reopened();
    stored.set_sweep(record.sweep.value);
    put(*stored.mutable_reason(), record.reason);
  }

  void operator()(const core::TrialsProposed& record) const {
    store::TrialsProposed& stored = *row.mutable_trials_proposed();
    stored.set_sweep(record.sweep.value);
    stored.set_first(record.first.value);
    for (const sweeps::Assignment& assignment : record.assignments) {
      *stored.add_assignments() = wire::to_proto(assignment);
    }
    stored.set_exhausted(record.exhausted);
  }

  void operator()(const core::TrialRequeued& record) const {
    store::TrialRequeued& stored = *row.mutable_trial_requeued();
    stored.set_sweep(record.trial.sweep.value);
    stored.set_trial(record.trial.trial.value);
    put(*stored.mutable_reason(), record.reason);
    stored.set_not_before_us(record.not_before.us);
    stored.set_spends_retry(record.spends_retry);
    stored.set_forgives(record.forgives);
    stored.set_failed_on(record.failed_on.value);
  }

  void operator()(const core::TrialClosed& record) const {
    store::TrialClosed& stored = *row.mutable_trial_closed();
    stored.set_sweep(record.trial.sweep.value);
    stored.set_trial(record.trial.trial.value);
    stored.set_state(static_cast<std::int32_t>(record.state));
    put(*stored.mutable_reason(), record.reason);
  }

  void operator()(const core::AttemptAssigned& record) const {
    store::AttemptAssigned& stored = *row.mutable_attempt_assigned();
    put(*stored.mutable_attempt(), record.attempt);
    stored.set_agent(record.agent.value);
    for (const std::uint32_t slot : record.slots) {
      stored.add_slots(slot);
    }
    stored.set_wall_us(record.wall.us);
    stored.set_at_us(record.at.us);
  }

  void operator()(const core::AttemptAdvanced& record) const {
    store::AttemptAdvanced& stored = *row.mutable_attempt_advanced();
    put(*stored.mutable_attempt(), record.attempt);
    stored.set_state(static_cast<std::int32_t>(record.state));
  }

  // The first of a run; the others are added to it.
  void operator()(const ReportRecorded& record) const {
    store::ReportsRecorded& stored = *row.mutable_reports_recorded();
    put(*stored.mutable_attempt(), record.attempt);
    stored.set_first_seq(record.seq);
    add_report(stored, record, 0);
  }

  static void add_report(store::ReportsRecorded& stored,
                         const ReportRecorded& record,
                         std::int64_t wall_before) {
    store::ReportsRecorded::Report& report = *stored.add_reports();
    report.set_wall_us(record.wall.us - wall_before);
    if (record.objective) {
      report.set_objective(*record.objective);
    }
    report.set_resource(record.resource);
  }

  void operator()(const core::VerdictReached& record) const {
    store::VerdictReached& stored = *row.mutable_verdict_reached();
    put(*stored.mutable_attempt(), record.attempt);
    stored.set_decision(static_cast<std::int32_t>(record.verdict.decision));
    stored.set_rule(record.verdict.rule);
    stored.set_at(record.verdict.at);
    stored.set_own(record.verdict.own);
    stored.set_threshold(record.verdict.threshold);
    stored.set_peers(record.verdict.peers);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::StopRequested& record) const {
    store::StopRequested& stored = *row.mutable_stop_requested();
    put(*stored.mutable_attempt(), record.attempt);
    stored.set_state(static_cast<std::int32_t>(record.state));
    put(*stored.mutable_reason(), record.reason);
  }

  void operator()(const core::AttemptClosed& record) const {
    store::AttemptClosed& stored = *row.mutable_attempt_closed();
    put(*stored.mutable_attempt(), record.attempt);
    stored.set_state(static_cast<std::int32_t>(record.state));
    put(*stored.mutable_reason(), record.reason);
    put(*stored.mutable_outcome(), record.outcome);
  }

  void operator()(const core::AgentRegistered& record) const {
    store::AgentRegistered& stored = *row.mutable_agent_registered();
    stored.set_agent(record.agent.value);
    stored.set_uuid(record.uuid);
    stored.set_name(record.name);
    stored.set_boot_id(record.boot_id);
    stored.set_version(record.version);
    for (const core::SlotOffer& offer : record.slots) {
      store::Slot& slot = *stored.add_slots();
      slot.set_index(offer.index);
      slot.set_gpu(offer.gpu);
      slot.set_uuid(offer.uuid);
      slot.set_name(offer.name);
      slot.set_memory_bytes(offer.memory_bytes);
    }
    for (const auto& [name, text] : record.labels) {
      store::Label& label = *stored.add_labels();
      label.set_name(name);
      label.set_text(text);
    }
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::AgentStateChanged& record) const {
    store::AgentStateChanged& stored = *row.mutable_agent_state_changed();
    stored.set_agent(record.agent.value);
    stored.set_state(static_cast<std::int32_t>(record.state));
    stored.set_wall_us(record.wall.us);
    if (record.request != RequestId{}) {
      put(*stored.mutable_request(), record.request);
    }
  }

  void operator()(const core::ModelRegistered& record) const {
    store::ModelRegistered& stored = *row.mutable_model_registered();
    put(*stored.mutable_request(), record.request);
    stored.set_model(record.model);
    stored.set_version(record.version);
    put(*stored.mutable_attempt(), record.attempt);
    stored.set_tree_digest(record.tree_digest);
    stored.set_path(record.path);
    stored.set_metric(record.metric);
    if (record.value) {
      stored.set_value(*record.value);
    }
    *stored.mutable_params() = wire::to_proto(record.params);
    stored.set_snapshot_digest(record.snapshot_digest);
    stored.set_user(record.user);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::ControlApplied& record) const {
    store::ControlApplied& stored = *row.mutable_control_applied();
    put(*stored.mutable_request(), record.request);
    stored.set_sweep(record.sweep.value);
    for (const TrialNumber trial : record.trials) {
      stored.add_trials(trial.value);
    }
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::StorageLevelChanged& record) const {
    store::StorageLevelChanged& stored = *row.mutable_storage_level_changed();
    stored.set_level(static_cast<std::int32_t>(record.level));
    put(*stored.mutable_reason(), record.reason);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::StoreRestored& record) const {
    store::StoreRestored& stored = *row.mutable_store_restored();
    stored.set_sweeps_last(record.sweeps_last);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::StoreWentBack& record) const {
    store::StoreWentBack& stored = *row.mutable_store_went_back();
    stored.set_agent(record.agent.value);
    stored.set_records_lost(record.records_lost);
    stored.set_wall_us(record.wall.us);
    stored.set_sweeps_last(record.sweeps_last);
    stored.set_starts_from_us(record.starts_from.us);
  }

  void operator()(const core::LeaseChanged& record) const {
    store::LeaseChanged& stored = *row.mutable_lease_changed();
    stored.set_lease_us(record.lease.us);
    stored.set_leases_over_us(record.leases_over.us);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::StartsDeferred& record) const {
    store::StartsDeferred& stored = *row.mutable_starts_deferred();
    stored.set_starts_from_us(record.starts_from.us);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::ReturnsAwaited& record) const {
    store::ReturnsAwaited& stored = *row.mutable_returns_awaited();
    for (const AgentId agent : record.agents) {
      stored.add_agents(agent.value);
    }
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::SweepRemoved& record) const {
    store::SweepRemoved& stored = *row.mutable_sweep_removed();
    put(*stored.mutable_request(), record.request);
    stored.set_sweep(record.sweep.value);
    put(*stored.mutable_submission(), record.submission);
    stored.set_trials(record.trials);
    stored.set_user(record.user);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::OutputsDropped& record) const {
    put(*row.mutable_outputs_dropped()->mutable_attempt(), record.attempt);
  }

  void operator()(const core::AgentCharged& record) const {
    store::AgentCharged& stored = *row.mutable_agent_charged();
    stored.set_agent(record.agent.value);
    stored.set_sweep(record.trial.sweep.value);
    stored.set_trial(record.trial.trial.value);
    stored.set_charge(static_cast<std::int32_t>(record.charge));
  }

  void operator()(const core::AgentProven& record) const {
    row.mutable_agent_proven()->set_agent(record.agent.value);
  }

  void operator()(const core::AgentDrained& record) const {
    store::AgentDrained& stored = *row.mutable_agent_drained();
    put(*stored.mutable_request(), record.request);
    stored.set_agent(record.agent.value);
    put(*stored.mutable_reason(), record.reason);
    stored.set_wall_us(record.wall.us);
  }

  void operator()(const core::AgentResumed& record) const {
    store::AgentResumed& stored = *row.mutable_agent_resumed();
    put(*stored.mutable_request(), record.request);
    stored.set_agent(record.agent.value);
    stored.set_wall_us(record.wall.us);
  }
};

}  // namespace

std::size_t row_length(std::span<const core::Record> records) {
  const auto* first = std::get_if<ReportRecorded>(&records.front());
  std::size_t length = 1;
  if (first == nullptr) {
    return length;
  }
  while (length < records.size()) {
    const auto* next = std::get_if<ReportRecorded>(&records[length]);
    if (next == nullptr || next->attempt != first->attempt || next->seq != first->seq + length) {
      break;
    }
    ++length;
  }
  return length;
}

std::string encode_row(std::span<const core::Record> row) {
  store::Record stored;
  stored.set_version(kRowVersion);
  std::visit(Put{stored}, row.front());
  for (std::size_t i = 1; i < row.size(); ++i) {
    const std::int64_t before = std::get<ReportRecorded>(row[i - 1]).wall.us;
    Put::add_report(*stored.mutable_reports_recorded(), std::get<ReportRecorded>(row[i]), before);
  }
  return stored.SerializeAsString();
}

}  // namespace sweepd::daemon
