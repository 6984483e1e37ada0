// The state in the words of the wire.
#include "daemon/query_rows.h"

#include "base/utf8.h"
#include "daemon/agent_messages.h"
#include "daemon/core/view.h"
#include "wire/protocol.h"
#include "wire/spec/spec_codec.h"

namespace sweepd::daemon {

namespace {

std::string_view state_text(const core::Agent& agent) {
  switch (agent.state) {
    case core::AgentState::kConnected:
      return agent.drained ? "drained" : "connected";
    case core::AgentState::kSuspect:
      return "suspect";
    case core::AgentState::kLost:
      return "lost";
    case core::AgentState::kForgotten:
      return "forgotten";
  }
  return "";
}

std::string text(std::string_view view) {
  return std::string(view);
}

}  // namespace

void put(pb::SweepSummary& row, const SweepHeader& header) {
  row.set_sweep(header.id.value);
  row.set_name(header.name);
  row.set_state(text(core::to_text(header.state)));
  *row.mutable_reason() = to_proto(header.reason);
  row.set_job(header.job);
  row.set_metric(header.metric);
  row.set_goal(header.goal == sweeps::Goal::kMaximize ? "maximize" : "minimize");
  row.set_trials_total(header.trials_total);
  for (const auto& [state, count] : header.counts) {
    pb::StateCount& stated = *row.add_counts();
    stated.set_state(text(core::to_text(state)));
    stated.set_count(count);
  }
  row.set_best_trial(header.best_trial.value);
  row.set_best_value(header.best_value);
  row.set_submitted_wall_us(header.submitted.us);
  row.set_ended_wall_us(header.ended.us);
  row.set_user(header.user);
  row.set_experiment(header.experiment);
  row.set_reports(header.reports);
}

void put(pb::TrialRow& row,
         const core::State& state,
         const core::Sweep& sweep,
         const core::Trial& trial) {
  row.set_sweep(sweep.id.value);
  row.set_trial(trial.number.value);
  row.set_state(text(core::to_text(trial.state)));
  *row.mutable_reason() = to_proto(trial.reason);
  *row.mutable_params() = wire::to_proto(trial.assignment);
  if (const auto value = core::raw_value(sweep, trial)) {
    row.set_has_value(true);
    row.set_value(*value);
  }
  row.set_reports(trial.tally.count());
  row.set_resource(trial.resource);
  row.set_diverged(trial.diverged);
  if (trial.attempts.empty()) {
    return;
  }
  const core::Attempt& last = trial.attempts.back();
  row.set_attempt(last.number.value);
  row.set_agent(core::agent_name(state, last.agent));
  row.mutable_slots()->Add(last.slots.begin(), last.slots.end());
  // Until the agent has told when it began, the assignment is the best that is known.
  const bool told = last.outcome.started_wall.us != 0;
  row.set_started_wall_us(told ? last.outcome.started_wall.us : last.assigned_wall.us);
  row.set_ended_wall_us(last.outcome.ended_wall.us);
}

void put(pb::AttemptRow& row,
         const core::State& state,
         const core::Sweep& sweep,
         const core::Trial& trial,
         const core::Attempt& attempt) {
  row.set_attempt(attempt.number.value);
  row.set_state(text(core::to_text(attempt.state)));
  *row.mutable_reason() = to_proto(attempt.reason);
  row.set_agent(core::agent_name(state, attempt.agent));
  row.mutable_slots()->Add(attempt.slots.begin(), attempt.slots.end());
  const core::AttemptOutcome& outcome = attempt.outcome;
  const bool told = outcome.started_wall.us != 0;
  row.set_started_wall_us(told ? outcome.started_wall.us : attempt.assigned_wall.us);
  row.set_ended_wall_us(outcome.ended_wall.us);
  row.set_exit_code(outcome.exit_code);
  row.set_signal(outcome.signal);
  row.set_stderr_tail(outcome.stderr_tail);
  row.set_tree_digest(outcome.tree_digest);
  row.set_tree_files(outcome.tree_files);
  row.set_tree_bytes(outcome.tree_bytes);
  row.set_outputs_dropped(attempt.outputs_dropped);
  row.set_uncollected(
      attempt.outputs_dropped
          ? core::why_dropped(sweep, AttemptKey{sweep.id, trial.number, attempt.number})
          : outcome.uncollected);
  row.mutable_metric_names()->Add(outcome.metric_names.begin(), outcome.metric_names.end());
  row.set_thinned(outcome.thinned);
}

void put(pb::VerdictRow& row, const core::Sweep& sweep, const core::StoredVerdict& stored) {
  const sweeps::Goal goal = sweep.spec.objective.goal;
  const sweeps::Verdict& verdict = stored.verdict;
  row.set_rule(verdict.rule);
  row.set_stop(verdict.decision == sweeps::Decision::kStop);
  row.set_at(verdict.at);
  row.set_own(sweeps::raw(goal, verdict.own));
  row.set_threshold(sweeps::raw(goal, verdict.threshold));
  row.set_peers(verdict.peers);
  row.set_attempt(stored.attempt.value);
  row.set_wall_us(stored.wall.us);
}

void put(pb::AgentRow& row, const core::State& state, const core::Agent& agent) {
  row.set_agent(agent.id.value);
  row.set_name(agent.name);
  row.set_state(text(state_text(agent)));
  if (agent.drained) {
    *row.mutable_drained() = to_proto(*agent.drained);
  }
  row.set_version(agent.version);
  row.mutable_labels()->insert(agent.labels.begin(), agent.labels.end());
  for (const core::SlotOffer& offer : agent.slots) {
    pb::Slot& slot = *row.add_slots();
    slot.set_index(offer.index);
    slot.set_kind(offer.gpu ? pb::GPU : pb::CPU);
    slot.set_uuid(offer.uuid);
    slot.set_name(offer.name);
    slot.set_memory_bytes(offer.memory_bytes);
    const auto busy = state.busy.find({agent.id, offer.index});
    *row.add_running() = wire::to_proto(busy == state.busy.end() ? AttemptKey{} : busy->second);
  }
}

void put(pb::ModelVersion& row, const core::ModelRegistered& model) {
  row.set_model(model.model);
  row.set_version(model.version);
  row.set_sweep(model.attempt.sweep.value);
  row.set_trial(model.attempt.trial.value);
  row.set_attempt(model.attempt.attempt.value);
  row.set_tree_digest(model.tree_digest);
  row.set_path(model.path);
  row.set_metric(model.metric);
  row.set_has_value(model.value.has_value());
  row.set_value(model.value.value_or(0));
  *row.mutable_params() = wire::to_proto(model.params);
  row.set_registered_wall_us(model.wall.us);
  row.set_user(model.user);
  row.set_snapshot_digest(model.snapshot_digest);
}

void put(pb::Report& row, const core::Report& report) {
  row.set_seq(report.seq);
  row.set_wall_us(report.wall.us);
  for (const core::MetricValue& metric : report.metrics) {
    pb::Metric& stated = *row.add_metrics();
    stated.set_name(metric.name);
    stated.set_value(metric.value);
  }
}

}  // namespace sweepd::daemon
