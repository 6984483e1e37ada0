// What the auditor demands of every record that becomes durable.
#include "tests/sim/auditor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sweepd::sim {

namespace {

using core::AttemptState;
using core::SweepState;
using core::TrialState;

}  // namespace

Auditor::Sweep::Sweep(const core::SweepAccepted& record)
    : accepted(record),
      state(record.paused ? SweepState::kPaused : SweepState::kRunning),
      policy(record.spec.stop) {}

void Auditor::committed(const core::Record& record) {
  if (violation_) {
    return;
  }
  if (expected_) {
    const auto* verdict = std::get_if<core::VerdictReached>(&record);
    const auto* closing = std::get_if<core::SweepClosing>(&record);
    const bool waived = expected_->second == NaiveVerdict::kEither ||
                        (closing != nullptr && closing->sweep == expected_->first.sweep);
    require(waived || verdict != nullptr,
            "a report that the policy judges has a verdict",
            to_string(expected_->first));
  }
  if (!std::holds_alternative<core::VerdictReached>(record)) {
    expected_.reset();
  }
  std::visit([this](const auto& fact) { take(fact); }, record);
  if (loses_ && !replayed_at_) {
    batch_.push_back(record);
  }
}

void Auditor::batch_committed() {
  if (expected_) {
    require(expected_->second == NaiveVerdict::kEither,
            "a report that the policy judges has a verdict",
            to_string(expected_->first));
  }
  expected_.reset();
  check_drained();
  for (const SweepId id : std::exchange(filed_, {})) {
    check_files(sweeps_.at(id));
  }
  if (loses_ && !replayed_at_) {
    history_.emplace_back(now(), std::exchange(batch_, {}));
  }
}

void Auditor::carry_out(const RequestId& request, const std::string& about) {
  require(carried_out_.emplace(identity(request), request).second,
          "a request is carried out once",
          about);
}

void Auditor::take(const core::SweepAccepted& record) {
  require(!sweeps_.contains(record.sweep), "a sweep number is given once", to_string(record.sweep));
  carry_out(record.request, to_string(record.sweep));
  accepted_[identity(record.request)] = record.sweep;
  sweeps_.emplace(record.sweep, Sweep(record)).first->second.since = now();
}

void Auditor::take(const core::SweepStateChanged& record) {
  Sweep* changed = sweep(record.sweep);
  if (require(changed != nullptr && !core::is_terminal(changed->state),
              "only a live sweep is paused and resumed",
              to_string(record.sweep))) {
    check_paused(record, *changed);
    changed->state = record.state;
  }
}

void Auditor::take(const core::SweepClosing& record) {
  if (Sweep* closed = sweep(record.sweep);
      require(closed != nullptr && !core::is_terminal(closed->state),
              "only a live sweep closes",
              to_string(record.sweep))) {
    closed->closing = true;
    check_sweep_time(record, *closed);
  }
}

void Auditor::take(const core::SweepEnded& record) {
  Sweep* ended = sweep(record.sweep);
  if (!require(ended != nullptr && !core::is_terminal(ended->state),
               "a sweep ends once",
               to_string(record.sweep))) {
    return;
  }
  ended->state = record.state;
  ended->closing = false;
  for (const Trial& each : ended->trials) {
    require(each.end.has_value(), "a sweep ends after its trials", to_string(record.sweep));
  }
}

void Auditor::take(const core::SweepReopened& record) {
  Sweep* reopened = sweep(record.sweep);
  if (require(reopened != nullptr && core::is_terminal(reopened->state),
              "only an ended sweep reopens",
              to_string(record.sweep))) {
    reopened->state = SweepState::kRunning;
  }
}

void Auditor::take(const core::TrialsProposed& record) {
  Sweep* proposed = sweep(record.sweep);
  if (!require(proposed != nullptr && !core::is_terminal(proposed->state) && !proposed->closing,
               "only a live sweep gets trials",
               to_string(record.sweep))) {
    return;
  }
  require(record.assignments.empty() || record.first.value == proposed->trials.size() + 1,
          "trials are numbered without gaps",
          to_string(record.sweep));
  proposed->trials.resize(proposed->trials.size() + record.assignments.size());
  const auto& search = proposed->accepted.spec.search;
  require(!search.trials || proposed->trials.size() <= *search.trials,
          "no more trials than search.trials",
          to_string(record.sweep));
}

void Auditor::take(const core::TrialRequeued& record) {
  Trial* again = trial(record.trial);
  Sweep* of = sweep(record.trial.sweep);
  const bool may = again != nullptr && (record.forgives || !again->attempts.empty());
  if (!require(may, "a trial that waits again has run", to_string(record.trial))) {
    return;
  }
  const bool open = !again->attempts.empty() && !again->attempts.back().end;
  require(!open, "a trial waits again after its attempt is over", to_string(record.trial));
  require(!again->queued, "a trial waits once", to_string(record.trial));
  if (record.forgives) {
    require(
        again->end && *again->end != TrialState::kCompleted && *again->end != TrialState::kPruned,
        "people retry what failed or was cancelled",
        to_string(record.trial));
    of->retried = true;
  } else {
    require(!again->end, "a trial ends once", to_string(record.trial));
  }
  check_requeued(record, *of, *again);
  if (!record.forgives) {
    require(again->failures - again->free < of->accepted.spec.retry.attempts,
            "failures are paid from retry.attempts",
            to_string(record.trial));
  }
  begin_backoff(record, *of, *again);
  again->end.reset();
  again->queued = true;
  of->policy.forget(record.trial.trial.value);
}

void Auditor::take(const core::TrialClosed& record) {
  Trial* closed = trial(record.trial);
  if (!require(closed != nullptr && !closed->end, "a trial ends once", to_string(record.trial))) {
    return;
  }
  const bool open = !closed->attempts.empty() && !closed->attempts.back().end;
  require(!open, "a trial ends after its attempt", to_string(record.trial));
  closed->end = record.state;
  closed->queued = false;
  Sweep& of = *sweep(record.trial.sweep);
  of.policy.end(record.trial.trial.value, record.state == TrialState::kFailed);
  if (record.state == TrialState::kCompleted) {
    require(!closed->attempts.empty() && closed->attempts.back().end == AttemptState::kCompleted,
            "a completed trial has a completed attempt",
            to_string(record.trial));
  }
  if (record.state == TrialState::kFailed) {
    const auto& retry = of.accepted.spec.retry;
    require(
        closed->failures - closed->free >= (retry.on.empty() && !of.closing ? retry.attempts : 1) ||
            record.reason.code == core::ReasonCode::kAgentCrashed,
        "a trial fails after all its attempts that may fail, and losses are none",
        to_string(record.trial));
    check_failed(record, of, *closed);
  }
}

void Auditor::take(const core::AttemptAssigned& record) {
  const std::string about = to_string(record.attempt);
  Trial* assigned = trial(record.attempt.trial_key());
  if (!require(
          assigned != nullptr && assigned->queued, "only a waiting trial is assigned", about)) {
    return;
  }
  Sweep& of = *sweep(record.attempt.sweep);
  require(record.attempt.attempt.value == assigned->attempts.size() + 1,
          "attempts are numbered without gaps",
          about);
  require(
      assigned->attempts.empty() || assigned->attempts.back().end, "one attempt at a time", about);
  require(
      of.state == SweepState::kRunning && !of.closing, "only a running sweep starts trials", about);
  require(agents_[record.agent] == core::AgentState::kConnected,
          "only connected agents get work",
          about);
  for (const std::uint32_t index : record.slots) {
    require(booked_.emplace(core::SlotKey{record.agent, index}, record.attempt).second,
            "a slot has one attempt",
            about);
  }
  check_given(record, *assigned);
  check_backoff(record, *assigned);
  assigned->queued = false;
  Attempt attempt;
  attempt.agent = record.agent;
  attempt.slots = record.slots;
  attempt.at = record.at;
  assigned->attempts.push_back(std::move(attempt));
  const auto concurrent = of.accepted.spec.limits.concurrent;
  require(!concurrent || active(of) <= *concurrent, "limits.concurrent holds", about);
}

void Auditor::take(const core::AttemptAdvanced& record) {
  const Attempt* advanced = open_attempt(record.attempt);
  if (!require(advanced != nullptr, "only an open attempt advances", to_string(record.attempt))) {
    return;
  }
  if (record.state == AttemptState::kFinishing) {
    require(!running_.contains(record.attempt),
            "a slot is free when its processes are gone",
            to_string(record.attempt));
    free_slots(record.attempt, *advanced);
  }
}

void Auditor::take(const core::ReportRecorded& record) {
  const std::string about = fmt::format("{} report {}", to_string(record.attempt), record.seq);
  Attempt* reporting = open_attempt(record.attempt);
  if (!require(reporting != nullptr, "only the current attempt reports", about)) {
    return;
  }
  require(record.seq == reporting->stored.size() + 1, "reports are stored 1..n in order", about);
  const core::Report report{record.seq, record.wall, record.metrics};
  const auto process = processes_.find(record.attempt);
  const bool emitted = process != processes_.end() && process->second.emitted.size() >= record.seq;
  if (!require(emitted, "only what was emitted is stored", about)) {
    return;
  }
  // Compared as text: NaN is equal to itself there.
  const auto text = [](const core::Report& each) {
    std::string line = fmt::format("{} {}", each.seq, each.wall.us);
    for (const core::MetricValue& metric : each.metrics) {
      line += fmt::format(" {}={}", metric.name, metric.value);
    }
    return line;
  };
  require(text(report) == text(process->second.emitted[record.seq - 1]),
          "reports are stored as emitted",
          about);
  reporting->stored.push_back(report);
  if (record.objective) {
    if (!reporting->objective) {
      well_done(record.attempt, reporting->agent);
    }
    reporting->objective = true;
    Sweep& of = *sweep(record.attempt.sweep);
    const NaiveVerdict verdict =
        of.policy.report(record.attempt.trial.value, record.resource, *record.objective);
    if (!reporting->stop && verdict != NaiveVerdict::kNone && !of.closing) {
      expected_ = {record.attempt, verdict};
    }
  }
}

void Auditor::take(const core::VerdictReached& record) {
  const std::string about = fmt::format("{} at {}", to_string(record.attempt), record.verdict.at);
  const bool stop = record.verdict.decision == sweeps::Decision::kStop;
  if (expected_ && expected_->second != NaiveVerdict::kEither) {
    require(stop == (expected_->second == NaiveVerdict::kStop),
            "the verdict is that of the definition",
            about);
  }
  expected_.reset();
}

void Auditor::take(const core::StopRequested& record) {
  Attempt* stopped = open_attempt(record.attempt);
  if (require(stopped != nullptr, "only an open attempt is stopped", to_string(record.attempt))) {
    require(!stopped->stop, "an attempt is told to stop once", to_string(record.attempt));
    stopped->stop = record.state;
  }
}

void Auditor::take(const core::AttemptClosed& record) {
  const std::string about = to_string(record.attempt);
  Attempt* closed = open_attempt(record.attempt);
  if (!require(closed != nullptr, "an attempt is closed once", about)) {
    return;
  }
  // The rule of leases: when the daemon gives an attempt up, its processes are gone.
  require(
      !running_.contains(record.attempt), "an attempt is over when its processes are gone", about);
  // One on another box ran under the same number in a history that is lost.
  const BoxPlan* box = box_of(closed->agent);
  const auto found = processes_.find(record.attempt);
  const auto process =
      found == processes_.end() || box == nullptr || &scenario_.boxes[found->second.box] == box
          ? found
          : processes_.end();
  if (record.state == AttemptState::kCompleted) {
    require(process != processes_.end() && process->second.end && process->second.end->by_itself &&
                process->second.end->exit_code == 0 && process->second.end->signal == 0,
            "a completed attempt ended by itself with exit code 0",
            about);
  }
  if (process != processes_.end() && record.state != AttemptState::kLost) {
    require(closed->stored.size() == process->second.emitted.size(),
            "an attempt that has ended has all its reports",
            about);
  }
  check_timeout(record);
  closed->end = record.state;
  closed->why = record.reason.code;
  closed->left_files = !record.outcome.tree_digest.empty();
  filed_.insert(record.attempt.sweep);
  free_slots(record.attempt, *closed);
  Trial& of = *trial(record.attempt.trial_key());
  of.failures += record.state == AttemptState::kFailed ? 1 : 0;
  const bool crash = record.state == AttemptState::kLost &&
                     record.reason.code == core::ReasonCode::kAgentRestarted;
  of.crashes += crash ? 1 : 0;
  if (record.state == AttemptState::kCompleted) {
    well_done(record.attempt, closed->agent);
  }
}

void Auditor::take(const core::AgentRegistered& record) {
  const auto known = agent_by_uuid_.find(record.uuid);
  require(known == agent_by_uuid_.end() ? !agents_.contains(record.agent)
                                        : known->second == record.agent,
          "an agent has one number",
          record.uuid);
  agent_by_uuid_[record.uuid] = record.agent;
  truths_[record.agent].registered = record;
  agents_[record.agent] = core::AgentState::kConnected;
}

void Auditor::take(const core::AgentStateChanged& record) {
  if (record.state == core::AgentState::kForgotten) {
    carry_out(record.request, fmt::format("agent {}", record.agent.value));
    require(agents_[record.agent] == core::AgentState::kLost,
            "only a lost agent is forgotten",
            fmt::format("agent {}", record.agent.value));
  }
  agents_[record.agent] = record.state;
}

void Auditor::take(const core::StorageLevelChanged&) {}

void Auditor::take(const core::StoreRestored&) {}

void Auditor::take(const core::StartsDeferred&) {}

void Auditor::take(const core::ReturnsAwaited&) {}

void Auditor::take(const core::LeaseChanged&) {}

void Auditor::take(const core::StoreWentBack& record) {
  ++losses_told_;
  require(losses_told_ <= losses_ && record.records_lost <= records_lost_,
          "a loss is told once, and no more than there was",
          fmt::format("loss {} of {}, {} records of {}",
                      losses_told_,
                      losses_,
                      record.records_lost,
                      records_lost_));
}

void Auditor::take(const core::SweepRemoved& record) {
  Sweep* removed = sweep(record.sweep);
  if (require(removed != nullptr && core::is_terminal(removed->state),
              "only an ended sweep is removed, and once",
              to_string(record.sweep))) {
    removed->removed = true;
  }
  carry_out(record.request, to_string(record.sweep));
}

void Auditor::take(const core::ModelRegistered& record) {
  const std::string about = fmt::format("{}:{}", record.model, record.version);
  require(record.version == ++versions_[record.model], "versions have no gaps", about);
  const Sweep* of = sweep(record.attempt.sweep);
  require(of != nullptr && best(*of) == record.attempt.trial,
          "the registered model is the best trial's",
          about);
  const Attempt* from = attempt(record.attempt);
  require(from != nullptr && from->left_files && !from->dropped, "a model has its files", about);
}

void Auditor::take(const core::ControlApplied& record) {
  carry_out(record.request, to_string(record.sweep));
}

}  // namespace sweepd::sim
