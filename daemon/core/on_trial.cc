// What the core decides when attempts report and end.
#include "base/counted.h"
#include "daemon/core/charge.h"
#include "daemon/core/decider.h"
#include "daemon/core/failure.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sweepd::core {

namespace {

const double* find_metric(const Report& report, const std::string& name) {
  const auto found = std::find_if(
      report.metrics.begin(), report.metrics.end(), [&name](const MetricValue& metric) {
        return metric.name == name;
      });
  return found == report.metrics.end() ? nullptr : &found->value;
}

ReportRecorded recorded(const Sweep& sweep, const AttemptKey& key, const Report& report) {
  const Trial& trial = sweep.trial(key.trial);
  ReportRecorded record{key, report.seq, report.wall, std::nullopt, trial.resource, report.metrics};
  const sweeps::Objective& objective = sweep.spec.objective;
  const double* value = find_metric(report, objective.metric);
  if (value != nullptr && !objective.metric.empty()) {
    record.objective = sweeps::oriented(objective.goal, *value);
  }
  if (const double* time = find_metric(report, sweep.spec.stop.time);
      time != nullptr && std::isfinite(*time)) {
    record.resource = *time;
  } else if (record.objective && sweep.spec.stop.time.empty()) {
    record.resource = trial.tally.count() + 1;
  }
  return record;
}

// "epoch 9" or "report 9"
std::string clock_text(const Sweep& sweep, double at) {
  return fmt::format("{} {}", sweep.spec.stop.time.empty() ? "report" : sweep.spec.stop.time, at);
}

Reason stop_reason(const Sweep& sweep, const sweeps::Verdict& verdict) {
  const sweeps::Goal goal = sweep.spec.objective.goal;
  if (verdict.rule == "nan") {
    return {
        ReasonCode::kDiverged,
        fmt::format(
            "{} was not finite at {}", sweep.spec.objective.metric, clock_text(sweep, verdict.at))};
  }
  return {ReasonCode::kPolicy,
          fmt::format("{}: at {} {} was {:.6g}, {} {:.6g} was needed among {}",
                      verdict.rule,
                      clock_text(sweep, verdict.at),
                      sweep.spec.objective.metric,
                      sweeps::raw(goal, verdict.own),
                      goal == sweeps::Goal::kMaximize ? "at least" : "at most",
                      sweeps::raw(goal, verdict.threshold),
                      counted(verdict.peers, "trial"))};
}

void judge(Decider& decider, const Sweep& sweep, const AttemptKey& key) {
  const auto verdict = sweep.policy.judge(key.trial);
  if (!verdict) {
    return;
  }
  decider.decide(VerdictReached{key, *verdict, decider.at().wall});
  if (verdict->decision == sweeps::Decision::kStop) {
    stop_attempt(decider, key, TrialState::kPruned, stop_reason(sweep, *verdict));
  }
}

bool reached_target(const Sweep& sweep) {
  return sweep.closing && sweep.closing->reason.code == ReasonCode::kTargetReached;
}

// The trial that reached the target goes on to its end, for its model is wanted; nothing else does.
void check_target(Decider& decider, const Sweep& sweep, TrialNumber number) {
  const auto target = sweep.spec.stop.target;
  const auto value = sweep.trial(number).tally.value();
  if (!target || sweep.closing || !value ||
      *value > sweeps::oriented(sweep.spec.objective.goal, *target)) {
    return;
  }
  const Reason reason{ReasonCode::kTargetReached,
                      fmt::format("{} reached the target {} = {:.6g}",
                                  to_string(TrialKey{sweep.id, number}),
                                  sweep.spec.objective.metric,
                                  *target)};
  close_sweep(decider, sweep.id, SweepState::kCompleted, reason);
  stop_all(decider, sweep.id, reason, number);
}

AttemptState attempt_state(TrialState state) {
  switch (state) {
    case TrialState::kCompleted:
      return AttemptState::kCompleted;
    case TrialState::kPruned:
      return AttemptState::kPruned;
    case TrialState::kFailed:
      return AttemptState::kFailed;
    case TrialState::kCancelled:
    case TrialState::kQueued:
    case TrialState::kPreparing:
    case TrialState::kRunning:
    case TrialState::kStopping:
    case TrialState::kFinishing:
      return AttemptState::kCancelled;
  }
  return AttemptState::kCancelled;
}

// The agent, not the program, brought the attempt to its end.
bool is_loss(ReasonCode code) {
  return code == ReasonCode::kAgentRestarted || code == ReasonCode::kAgentLost ||
         code == ReasonCode::kStoppedByAgent;
}

// Only one that began can have taken its agent down.
Reason loss_reason(const AttemptOutcome& outcome) {
  const bool began = outcome.started || outcome.failure.code != ReasonCode::kAgentRestarted;
  return began ? outcome.failure : Reason{ReasonCode::kStoppedByAgent, outcome.failure.sentence};
}

// The failure is the trial's: it spends a retry, or ends the trial.
void fail_or_retry(Decider& decider,
                   const Sweep& sweep,
                   const AttemptKey& key,
                   const Reason& reason) {
  const Trial& trial = sweep.trial(key.trial);
  const Attempt& attempt = trial.attempts.back();
  const sweeps::RetrySpec& retry = sweep.spec.retry;
  withdraw_charges(decider, key.trial_key());
  if (!sweep.closing && trial.failures + 1 < retry.attempts &&
      is_retried(retry, reason, attempt.outcome)) {
    const Instant now = decider.at().now;
    const bool quick = failed_quickly(sweep, trial, reason.code, now);
    decider.decide(TrialRequeued{key.trial_key(),
                                 reason,
                                 now + retry.backoff,
                                 true,
                                 false,
                                 quick ? attempt.agent : AgentId{}});
    return;
  }
  fail_trial(decider, key.trial_key(), reason);
}

void close_attempt(Decider& decider, const AttemptKey& key, const AttemptOutcome& outcome) {
  const Sweep& sweep = decider.state().sweeps.at(key.sweep);
  const Trial& trial = sweep.trial(key.trial);
  if (const std::optional<StopRequested> stop = trial.attempts.back().stop) {
    decider.decide(AttemptClosed{key, attempt_state(stop->state), stop->reason, outcome});
    decider.decide(TrialClosed{key.trial_key(), stop->state, stop->reason});
    return;
  }
  const Reason failure = failure_of(sweep, trial, outcome);
  if (failure.code == ReasonCode::kNone) {
    decider.decide(AttemptClosed{key, AttemptState::kCompleted, {}, outcome});
    did_well(decider, key);
    decider.decide(TrialClosed{key.trial_key(), TrialState::kCompleted, {}});
    return;
  }
  decider.decide(AttemptClosed{key, AttemptState::kFailed, failure, outcome});
  if (!charge_agent(decider, key, failure)) {
    fail_or_retry(decider, sweep, key, failure);
  }
}

}  // namespace

void on(Decider& decider, const ReportsArrived& event) {
  const AttemptKey& key = event.attempt;
  const Attempt* attempt = current_attempt(decider.state(), key, event.agent);
  if (attempt == nullptr) {
    decider.ask(AckReports{event.agent, key, 0, true});
    return;
  }
  const Sweep& sweep = decider.state().sweeps.at(key.sweep);
  for (const Report& report : event.reports) {
    const std::uint64_t next = attempt->reports_last + 1;
    if (report.seq < next) {
      continue;  // stored already: a repeat
    }
    if (report.seq > next) {
      break;  // a gap: what is missing comes again, in order
    }
    const ReportRecorded record = recorded(sweep, key, report);
    decider.decide(record);
    if (record.objective && !attempt->stop) {
      // The target first: the trial that reaches it is not pruned, now or later.
      check_target(decider, sweep, key.trial);
      if (!reached_target(sweep)) {
        judge(decider, sweep, key);
      }
    }
    if (record.objective && sweep.trial(key.trial).tally.count() == 1) {
      did_well(decider, key);
    }
  }
  decider.ask(AckReports{event.agent, key, attempt->reports_last, false});
}

void on(Decider& decider, const AttemptEnded& event) {
  const AttemptKey& key = event.attempt;
  const Attempt* attempt = current_attempt(decider.state(), key, event.agent);
  if (attempt == nullptr) {
    decider.ask(AckEnded{event.agent, key});  // decided before: a repeat, or a fenced attempt
    return;
  }
  if (event.outcome.failure.code == ReasonCode::kAgentError) {
    lose_unbegun(decider, key, event.outcome.failure);
    decider.ask(AckEnded{event.agent, key});
    return;
  }
  if (is_loss(event.outcome.failure.code)) {
    lose_attempt(decider, key, loss_reason(event.outcome));
    decider.ask(AckEnded{event.agent, key});
    return;
  }
  if (event.reports_last > attempt->reports_last) {
    // Not over before its last report is stored; the answer makes the agent send what is missing.
    decider.ask(AckReports{event.agent, key, attempt->reports_last, false});
    return;
  }
  close_attempt(decider, key, event.outcome);
  drop_outputs(decider, key);
  decider.ask(AckEnded{event.agent, key});
}

}  // namespace sweepd::core
