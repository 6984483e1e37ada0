// The bytes of rows -> records, refusing what no row can be.
#include "daemon/record_codec.h"
#include "daemon/store_parts.h"
#include "wire/spec/spec_codec.h"

namespace sweepd::daemon {

namespace {

using Records = std::vector<core::Record>;

template <typename T>
T taken(Checked& check, Result<T> result) {
  check.require(result.ok());
  return result.ok() ? *std::move(result) : T{};
}

void get(Checked& check, const store::SweepAccepted& stored, Records& records) {
  core::SweepAccepted record;
  record.sweep = check.sweep(stored.sweep());
  record.request = request_of(stored.request());
  record.at = {{stored.now_us()}, {stored.wall_us()}};
  record.spec = taken(check, wire::from_proto(stored.spec()));
  record.toml = stored.toml();
  record.snapshot_digest = stored.snapshot_digest();
  record.user = stored.user();
  record.paused = stored.paused();
  records.emplace_back(std::move(record));
}

void get(Checked& check, const store::SweepStateChanged& stored, Records& records) {
  const auto state = check.enumerator(stored.state(), core::SweepState::kCancelled);
  records.emplace_back(
      core::SweepStateChanged{check.sweep(stored.sweep()), state, check.reason(stored.reason())});
}

void get(Checked& check, const store::SweepClosing& stored, Records& records) {
  const auto state = check.enumerator(stored.state(), core::SweepState::kCancelled);
  records.emplace_back(
      core::SweepClosing{check.sweep(stored.sweep()), state, check.reason(stored.reason())});
}

void get(Checked& check, const store::SweepEnded& stored, Records& records) {
  const auto state = check.enumerator(stored.state(), core::SweepState::kCancelled);
  records.emplace_back(core::SweepEnded{
      check.sweep(stored.sweep()), state, check.reason(stored.reason()), {stored.wall_us()}});
}

void get(Checked& check, const store::SweepReopened& stored, Records& records) {
  records.emplace_back(
      core::SweepReopened{check.sweep(stored.sweep()), check.reason(stored.reason())});
}

void get(Checked& check, const store::TrialsProposed& stored, Records& records) {
  core::TrialsProposed record;
  record.sweep = check.sweep(stored.sweep());
  record.first = {stored.first()};
  for (const pb::Assignment& assignment : stored.assignments()) {
    record.assignments.push_back(taken(check, wire::from_proto(assignment)));
  }
  record.exhausted = stored.exhausted();
  records.emplace_back(std::move(record));
}

void get(Checked& check, const store::TrialRequeued& stored, Records& records) {
  records.emplace_back(core::TrialRequeued{check.trial(stored.sweep(), stored.trial()),
                                           check.reason(stored.reason()),
                                           {stored.not_before_us()},
                                           stored.spends_retry(),
                                           stored.forgives(),
                                           {stored.failed_on()}});
}

void get(Checked& check, const store::TrialClosed& stored, Records& records) {
  const auto state = check.enumerator(stored.state(), core::TrialState::kCancelled);
  records.emplace_back(core::TrialClosed{
      check.trial(stored.sweep(), stored.trial()), state, check.reason(stored.reason())});
}

void get(Checked& check, const store::AttemptAssigned& stored, Records& records) {
  records.emplace_back(core::AttemptAssigned{check.attempt(stored.attempt()),
                                             check.agent(stored.agent()),
                                             {stored.slots().begin(), stored.slots().end()},
                                             {stored.wall_us()},
                                             {stored.at_us()}});
}

void get(Checked& check, const store::AttemptAdvanced& stored, Records& records) {
  const auto state = check.enumerator(stored.state(), core::AttemptState::kLost);
  records.emplace_back(core::AttemptAdvanced{check.attempt(stored.attempt()), state});
}

void get(Checked& check, const store::ReportsRecorded& stored, Records& records) {
  const AttemptKey attempt = check.attempt(stored.attempt());
  check.require(stored.first_seq() != 0 && stored.reports_size() > 0);
  std::uint64_t seq = stored.first_seq();
  std::int64_t wall_us = 0;
  for (const auto& report : stored.reports()) {
    core::ReportRecorded record;
    record.attempt = attempt;
    record.seq = seq++;
    wall_us += report.wall_us();
    record.wall = {wall_us};
    if (report.has_objective()) {
      record.objective = report.objective();
    }
    record.resource = report.resource();
    records.emplace_back(std::move(record));
  }
}

void get(Checked& check, const store::VerdictReached& stored, Records& records) {
  core::VerdictReached record;
  record.attempt = check.attempt(stored.attempt());
  record.verdict.decision = check.enumerator(stored.decision(), sweeps::Decision::kStop);
  record.verdict.rule = stored.rule();
  record.verdict.at = stored.at();
  record.verdict.own = stored.own();
  record.verdict.threshold = stored.threshold();
  record.verdict.peers = stored.peers();
  record.wall = {stored.wall_us()};
  records.emplace_back(std::move(record));
}

void get(Checked& check, const store::StopRequested& stored, Records& records) {
  const auto state = check.enumerator(stored.state(), core::TrialState::kCancelled);
  records.emplace_back(
      core::StopRequested{check.attempt(stored.attempt()), state, check.reason(stored.reason())});
}

void get(Checked& check, const store::AttemptClosed& stored, Records& records) {
  const auto state = check.enumerator(stored.state(), core::AttemptState::kLost);
  records.emplace_back(core::AttemptClosed{check.attempt(stored.attempt()),
                                           state,
                                           check.reason(stored.reason()),
                                           check.outcome(stored.outcome())});
}

void get(Checked& check, const store::AgentRegistered& stored, Records& records) {
  core::AgentRegistered record;
  record.agent = check.agent(stored.agent());
  record.uuid = stored.uuid();
  record.name = stored.name();
  record.boot_id = stored.boot_id();
  record.version = stored.version();
  for (const store::Slot& slot : stored.slots()) {
    record.slots.push_back(
        {slot.index(), slot.gpu(), slot.uuid(), slot.name(), slot.memory_bytes()});
  }
  for (const store::Label& label : stored.labels()) {
    record.labels[label.name()] = label.text();
  }
  record.wall = {stored.wall_us()};
  records.emplace_back(std::move(record));
}

void get(Checked& check, const store::AgentStateChanged& stored, Records& records) {
  const auto state = check.enumerator(stored.state(), core::AgentState::kForgotten);
  records.emplace_back(core::AgentStateChanged{
      check.agent(stored.agent()), state, {stored.wall_us()}, request_of(stored.request())});
}

void get(Checked& check, const store::ModelRegistered& stored, Records& records) {
  core::ModelRegistered record;
  record.request = request_of(stored.request());
  record.model = stored.model();
  record.version = stored.version();
  record.attempt = check.attempt(stored.attempt());
  record.tree_digest = stored.tree_digest();
  record.path = stored.path();
  record.metric = stored.metric();
  if (stored.has_value()) {
    record.value = stored.value();
  }
  record.params = taken(check, wire::from_proto(stored.params()));
  record.snapshot_digest = stored.snapshot_digest();
  record.user = stored.user();
  record.wall = {stored.wall_us()};
  check.require(record.version != 0);
  records.emplace_back(std::move(record));
}

void get(Checked& check, const store::ControlApplied& stored, Records& records) {
  core::ControlApplied record;
  record.request = request_of(stored.request());
  record.sweep = check.sweep(stored.sweep());
  for (const std::uint32_t trial : stored.trials()) {
    record.trials.push_back({trial});
  }
  record.wall = {stored.wall_us()};
  records.emplace_back(std::move(record));
}

void get(Checked& check, const store::StorageLevelChanged& stored, Records& records) {
  const auto level = check.enumerator(stored.level(), core::StorageLevel::kCritical);
  records.emplace_back(
      core::StorageLevelChanged{level, check.reason(stored.reason()), {stored.wall_us()}});
}

void get(Checked&, const store::StoreRestored& stored, Records& records) {
  records.emplace_back(core::StoreRestored{stored.sweeps_last(), {stored.wall_us()}});
}

void get(Checked& check, const store::StoreWentBack& stored, Records& records) {
  records.emplace_back(core::StoreWentBack{check.agent(stored.agent()),
                                           stored.records_lost(),
                                           {stored.wall_us()},
                                           stored.sweeps_last(),
                                           {stored.starts_from_us()}});
}

void get(Checked&, const store::LeaseChanged& stored, Records& records) {
  records.emplace_back(
      core::LeaseChanged{{stored.lease_us()}, {stored.leases_over_us()}, {stored.wall_us()}});
}

void get(Checked&, const store::StartsDeferred& stored, Records& records) {
  records.emplace_back(core::StartsDeferred{{stored.starts_from_us()}, {stored.wall_us()}});
}

void get(Checked& check, const store::ReturnsAwaited& stored, Records& records) {
  core::ReturnsAwaited record;
  for (const std::uint32_t agent : stored.agents()) {
    record.agents.push_back(check.agent(agent));
  }
  record.wall = {stored.wall_us()};
  records.emplace_back(std::move(record));
}

void get(Checked& check, const store::SweepRemoved& stored, Records& records) {
  records.emplace_back(core::SweepRemoved{request_of(stored.request()),
                                          check.sweep(stored.sweep()),
                                          request_of(stored.submission()),
                                          stored.trials(),
                                          stored.user(),
                                          {stored.wall_us()}});
}

void get(Checked& check, const store::OutputsDropped& stored, Records& records) {
  records.emplace_back(core::OutputsDropped{check.attempt(stored.attempt())});
}

void get(Checked& check, const store::AgentCharged& stored, Records& records) {
  const auto charge = check.enumerator(stored.charge(), core::Charge::kWithdrawn);
  records.emplace_back(core::AgentCharged{
      check.agent(stored.agent()), check.trial(stored.sweep(), stored.trial()), charge});
}

void get(Checked& check, const store::AgentProven& stored, Records& records) {
  records.emplace_back(core::AgentProven{check.agent(stored.agent())});
}

void get(Checked& check, const store::AgentDrained& stored, Records& records) {
  records.emplace_back(core::AgentDrained{request_of(stored.request()),
                                          check.agent(stored.agent()),
                                          check.reason(stored.reason()),
                                          {stored.wall_us()}});
}

void get(Checked& check, const store::AgentResumed& stored, Records& records) {
  records.emplace_back(core::AgentResumed{
      request_of(stored.request()), check.agent(stored.agent()), {stored.wall_us()}});
}

void get_kind(Checked& check, const store::Record& row, Records& records) {
  switch (row.kind_case()) {
    case store::Record::kSweepAccepted:
      return get(check, row.sweep_accepted(), records);
    case store::Record::kSweepStateChanged:
      return get(check, row.sweep_state_changed(), records);
    case store::Record::kSweepClosing:
      return get(check, row.sweep_closing(), records);
    case store::Record::kSweepEnded:
      return get(check, row.sweep_ended(), records);
    case store::Record::kSweepReopened:
      return get(check, row.sweep_reopened(), records);
    case store::Record::kTrialsProposed:
      return get(check, row.trials_proposed(), records);
    case store::Record::kTrialRequeued:
      return get(check, row.trial_requeued(), records);
    case store::Record::kTrialClosed:
      return get(check, row.trial_closed(), records);
    case store::Record::kAttemptAssigned:
      return get(check, row.attempt_assigned(), records);
    case store::Record::kAttemptAdvanced:
      return get(check, row.attempt_advanced(), records);
    case store::Record::kReportsRecorded:
      return get(check, row.reports_recorded(), records);
    case store::Record::kVerdictReached:
      return get(check, row.verdict_reached(), records);
    case store::Record::kStopRequested:
      return get(check, row.stop_requested(), records);
    case store::Record::kAttemptClosed:
      return get(check, row.attempt_closed(), records);
    case store::Record::kAgentRegistered:
      return get(check, row.agent_registered(), records);
    case store::Record::kAgentStateChanged:
      return get(check, row.agent_state_changed(), records);
    case store::Record::kModelRegistered:
      return get(check, row.model_registered(), records);
    case store::Record::kControlApplied:
      return get(check, row.control_applied(), records);
    case store::Record::kStorageLevelChanged:
      return get(check, row.storage_level_changed(), records);
    case store::Record::kStoreRestored:
      return get(check, row.store_restored(), records);
    case store::Record::kStoreWentBack:
      return get(check, row.store_went_back(), records);
    case store::Record::kLeaseChanged:
      return get(check, row.lease_changed(), records);
    case store::Record::kStartsDeferred:
      return get(check, row.starts_deferred(), records);
    case store::Record::kReturnsAwaited:
      return get(check, row.returns_awaited(), records);
    case store::Record::kSweepRemoved:
      return get(check, row.sweep_removed(), records);
    case store::Record::kOutputsDropped:
      return get(check, row.outputs_dropped(), records);
    case store::Record::kAgentCharged:
      return get(check, row.agent_charged(), records);
    case store::Record::kAgentProven:
      return get(check, row.agent_proven(), records);
    case store::Record::kAgentDrained:
      return get(check, row.agent_drained(), records);
    case store::Record::kAgentResumed:
      return get(check, row.agent_resumed(), records);
    case store::Record::KIND_NOT_SET:
      check.require(false);
  }
}

}  // namespace

Result<void> decode_row(std::string_view bytes, std::vector<core::Record>& records) {
  store::Record row;
  SWEEPD_TRY_VOID(parse_row(bytes, "record", row));
  Checked check;
  const std::size_t before = records.size();
  get_kind(check, row, records);
  if (!check.good()) {
    records.resize(before);
    return impossible_row("record");
  }
  return {};
}

}  // namespace sweepd::daemon
