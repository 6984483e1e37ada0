// What the core decides when attempts report and end.
#include "base/nearest.h"
#include "daemon/core/decider.h"
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
          fmt::format("{}: at {} {} was {:.6g}, {} {:.6g} was needed among {} trials",
                      verdict.rule,
                      clock_text(sweep, verdict.at),
                      sweep.spec.objective.metric,
                      sweeps::raw(goal, verdict.own),
                      goal == sweeps::Goal::kMaximize ? "at least" : "at most",
                      sweeps::raw(goal, verdict.threshold),
                      verdict.peers)};
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

bool retries(const sweeps::RetrySpec& retry, const Reason& reason, const AttemptOutcome& outcome) {
  if (retry.on.empty()) {
    return true;
  }
  const auto listed = [&retry](std::string_view what) {
    return std::find(retry.on.begin(), retry.on.end(), what) != retry.on.end();
  };
  switch (reason.code) {
    case ReasonCode::kExitCode:
      return listed("exit") || listed(fmt::format("exit:{}", outcome.exit_code));
    case ReasonCode::kSignal:
      return listed("signal");
    case ReasonCode::kTimeout:
      return listed("timeout");
    case ReasonCode::kNoMetric:
      return listed("no-metric");
    case ReasonCode::kExecError:
    case ReasonCode::kPrepareError:
      return listed("exec");
    case ReasonCode::kNone:
    case ReasonCode::kPolicy:
    case ReasonCode::kDiverged:
    case ReasonCode::kUser:
    case ReasonCode::kSweepTime:
    case ReasonCode::kFailedTrials:
    case ReasonCode::kTargetReached:
    case ReasonCode::kAgentLost:
    case ReasonCode::kAgentRestarted:
    case ReasonCode::kSpaceExhausted:
    case ReasonCode::kAllTrialsEnded:
    case ReasonCode::kSuperseded:
    case ReasonCode::kWaitingForSlot:
    case ReasonCode::kRetryBackoff:
    case ReasonCode::kUploadError:
    case ReasonCode::kDiskLow:
    case ReasonCode::kRolledBack:
      return false;
  }
  return false;
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) {
    return {};
  }
  const std::size_t begin = text.find_last_of('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

std::string no_metric_sentence(const std::string& metric, const std::vector<std::string>& names) {
  if (names.empty()) {
    return fmt::format("ended with exit code 0 and never reported '{}', nor anything else", metric);
  }
  std::vector<std::string> ordered = names;
  if (const auto close = nearest(metric, names)) {
    const auto at = std::find(ordered.begin(), ordered.end(), *close);
    std::rotate(ordered.begin(), at, at + 1);
  }
  return fmt::format("ended with exit code 0 and never reported '{}'; it reported: {}",
                     metric,
                     fmt::join(ordered, ", "));
}

// Why the attempt failed, or code kNone when it did not.
Reason failure_of(const Sweep& sweep, const Trial& trial, const AttemptOutcome& outcome) {
  if (outcome.failure.code != ReasonCode::kNone) {
    return outcome.failure;
  }
  if (outcome.signal != 0) {
    return {ReasonCode::kSignal, fmt::format("ended by signal {}", outcome.signal)};
  }
  if (outcome.exit_code != 0) {
    const std::string line = last_line(outcome.stderr_tail);
    return {ReasonCode::kExitCode,
            fmt::format("exit code {}{}{}", outcome.exit_code, line.empty() ? "" : ": ", line)};
  }
  if (!sweep.spec.objective.metric.empty() && trial.tally.count() == 0) {
    return {ReasonCode::kNoMetric,
            no_metric_sentence(sweep.spec.objective.metric, outcome.metric_names)};
  }
  return {};
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
  return code == ReasonCode::kAgentRestarted || code == ReasonCode::kAgentLost;
}

void check_failed_trials(Decider& decider, const Sweep& sweep) {
  const auto limit = sweep.spec.limits.failed_trials;
  if (!limit || sweep.closing || sweep.count(TrialState::kFailed) < *limit) {
    return;
  }
  const Reason reason{ReasonCode::kFailedTrials,
                      fmt::format("{} trials failed, the limit: {}",
                                  sweep.count(TrialState::kFailed),
                                  "limits.failed_trials")};
  close_sweep(decider, sweep.id, SweepState::kFailed, reason);
  stop_all(decider, sweep.id, reason);
}

void fail_or_retry(Decider& decider,
                   const Sweep& sweep,
                   const AttemptKey& key,
                   const Reason& reason) {
  const Trial& trial = sweep.trial(key.trial);
  const sweeps::RetrySpec& retry = sweep.spec.retry;
  if (!sweep.closing && trial.failures + 1 < retry.attempts &&
      retries(retry, reason, trial.attempts.back().outcome)) {
    decider.decide(
        TrialRequeued{key.trial_key(), reason, decider.at().now + retry.backoff, true, false});
    return;
  }
  decider.decide(TrialClosed{key.trial_key(), TrialState::kFailed, reason});
  check_failed_trials(decider, sweep);
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
    decider.decide(TrialClosed{key.trial_key(), TrialState::kCompleted, {}});
    return;
  }
  decider.decide(AttemptClosed{key, AttemptState::kFailed, failure, outcome});
  fail_or_retry(decider, sweep, key, failure);
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
  if (is_loss(event.outcome.failure.code)) {
    lose_attempt(decider, key, event.outcome.failure);
    decider.ask(AckEnded{event.agent, key});
    return;
  }
  if (event.reports_last > attempt->reports_last) {
    // Not over before its last report is stored; the answer makes the agent send what is missing.
    decider.ask(AckReports{event.agent, key, attempt->reports_last, false});
    return;
  }
  close_attempt(decider, key, event.outcome);
  decider.ask(AckEnded{event.agent, key});
}

}  // namespace sweepd::core
