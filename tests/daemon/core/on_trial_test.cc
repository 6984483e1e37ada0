// What the core decides when attempts report and end.
#include "tests/daemon/core/desk.h"

#include <limits>

using namespace sweepd;
using namespace sweepd::core;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A sweep whose first trials run, each on a slot of its own.
Desk running(const sweeps::SweepSpec& spec, std::uint32_t slots = 1) {
  Desk desk;
  desk.join("box", Desk::slots(slots));
  desk.submit(spec);
  return desk;
}

sweeps::SweepSpec bandit_spec(std::uint32_t trials) {
  sweeps::SweepSpec spec = a_spec(trials);
  spec.stop.policy = sweeps::PolicyKind::kBandit;
  spec.stop.slack_amount = 0.1;
  return spec;
}

}  // namespace

TEST_CASE("reports: they are recorded in order and acknowledged") {
  Desk desk = running(a_spec());
  const AttemptKey key = attempt_key(1, 1);
  const Outcome outcome = desk.step(
      ReportsArrived{desk.agent(), key, {Desk::a_report(1, 0.5), Desk::a_report(2, 0.4)}});
  const auto stored = records<ReportRecorded>(outcome);
  REQUIRE_EQ(stored.size(), 2);
  CHECK_EQ(outcome.records.size(), 3);
  CHECK(one_record<AgentProven>(outcome) == AgentProven{desk.agent()});
  CHECK_EQ(stored[1].seq, 2);
  CHECK(stored[1].objective == 0.4);
  CHECK_EQ(stored[1].resource, 2);
  CHECK(one_effect<AckReports>(outcome) == AckReports{desk.agent(), key, 2, false});
  CHECK(desk.trial(1).tally.value() == 0.4);
}

TEST_CASE("reports: a repeat is acknowledged and not recorded again") {
  Desk desk = running(a_spec());
  desk.report(attempt_key(1, 1), 1, 0.5);
  const Outcome again = desk.report(attempt_key(1, 1), 1, 0.1);
  CHECK(again.records.empty());
  CHECK(one_effect<AckReports>(again).seq == 1);
  CHECK(desk.trial(1).tally.value() == 0.5);
}

TEST_CASE("reports: what comes after a gap is refused until the gap is filled") {
  Desk desk = running(a_spec());
  const Outcome gap = desk.report(attempt_key(1, 1), 2, 0.5);
  CHECK(gap.records.empty());
  CHECK(one_effect<AckReports>(gap) == AckReports{desk.agent(), attempt_key(1, 1), 0, false});
}

TEST_CASE("reports: a batch that overlaps adds only what is new") {
  Desk desk = running(a_spec());
  desk.report(attempt_key(1, 1), 1, 0.5);
  const Outcome outcome = desk.step(ReportsArrived{
      desk.agent(), attempt_key(1, 1), {Desk::a_report(1, 9), Desk::a_report(2, 0.3)}});
  CHECK_EQ(one_record<ReportRecorded>(outcome).seq, 2);
}

TEST_CASE("reports: of an old attempt, another agent or nobody are fenced") {
  Desk desk = running(a_spec());
  desk.step(AgentLost{desk.agent(), false});
  desk.join("other", Desk::slots(1));
  const AgentId other = desk.agent("other");
  const auto fenced = [&](AgentId agent, const AttemptKey& key) {
    const State before = desk.state;
    const Outcome outcome = desk.step(ReportsArrived{agent, key, {Desk::a_report(1, 0.5)}});
    CHECK(outcome.records.empty());
    CHECK(desk.state == before);
    CHECK(one_effect<AckReports>(outcome) == AckReports{agent, key, 0, true});
  };
  fenced(desk.agent(), attempt_key(1, 1));
  fenced(other, attempt_key(1, 1));
  fenced(desk.agent(), attempt_key(1, 1, 2));  // runs on `other`
  fenced(other, attempt_key(1, 77));
  fenced(other, attempt_key(9, 1));
  fenced(other, attempt_key(0, 0, 0));
}

TEST_CASE("reports: without the objective they are kept and judge nothing") {
  Desk desk = running(bandit_spec(1));
  const Outcome outcome = desk.step(
      ReportsArrived{desk.agent(), attempt_key(1, 1), {Desk::a_report(1, 0.5, "accuracy")}});
  CHECK_FALSE(one_record<ReportRecorded>(outcome).objective.has_value());
  CHECK_EQ(one_record<ReportRecorded>(outcome).resource, 0);
  CHECK(records<VerdictReached>(outcome).empty());
  CHECK_EQ(desk.sweep().reports, 0);
}

TEST_CASE("reports: the resource is the named field, and stays when a report lacks it") {
  sweeps::SweepSpec spec = a_spec(1);
  spec.stop.time = "epoch";
  Desk desk = running(spec);
  Report report = Desk::a_report(1, 0.5);
  report.metrics.push_back({"epoch", 4});
  desk.step(ReportsArrived{desk.agent(), attempt_key(1, 1), {report}});
  CHECK_EQ(desk.trial(1).resource, 4);
  desk.report(attempt_key(1, 1), 2, 0.4);
  CHECK_EQ(desk.trial(1).resource, 4);
}

TEST_CASE("verdict: a trial that falls behind is told to stop and ends pruned") {
  Desk desk = running(bandit_spec(2), 2);
  desk.report(attempt_key(1, 1), 1, 0.5);
  const Outcome verdict = desk.report(attempt_key(1, 2), 1, 0.7);
  CHECK(one_record<VerdictReached>(verdict).verdict.decision == sweeps::Decision::kStop);
  CHECK(one_record<StopRequested>(verdict).state == TrialState::kPruned);
  const auto order = one_effect<StopAttempt>(verdict);
  CHECK(order.attempt == attempt_key(1, 2));
  CHECK(order.reason.code == ReasonCode::kPolicy);
  CHECK_EQ(order.reason.sentence,
           "bandit: at report 1 loss was 0.7, at most 0.6 was needed among 2 trials");
  CHECK(desk.trial(2).state == TrialState::kStopping);
  CHECK_EQ(desk.state.busy.size(), 2);  // its slot is not free before its processes are gone
  CHECK(records<VerdictReached>(desk.report(attempt_key(1, 2), 2, 0.9)).empty());
  AttemptOutcome outcome;
  outcome.stopped = true;
  outcome.signal = 15;
  const Outcome last = desk.end(attempt_key(1, 2), outcome);
  CHECK(one_record<AttemptClosed>(last).state == AttemptState::kPruned);
  CHECK(one_record<TrialClosed>(last).state == TrialState::kPruned);
}

TEST_CASE("nan: it ends the trial as diverged, unless the file says otherwise") {
  Desk desk = running(a_spec(1));
  const Outcome stopped = desk.report(attempt_key(1, 1), 1, kNan);
  CHECK(one_record<StopRequested>(stopped).reason.code == ReasonCode::kDiverged);
  CHECK(desk.trial(1).diverged);
  sweeps::SweepSpec spec = a_spec(1);
  spec.stop.stop_on_nan = false;
  Desk other = running(spec);
  CHECK(records<StopRequested>(other.report(attempt_key(1, 1), 1, kNan)).empty());
  CHECK(other.trial(1).diverged);
}

TEST_CASE("nan: a sweep whose trials all diverged has failed") {
  Desk desk = running(a_spec(1));
  desk.report(attempt_key(1, 1), 1, kNan);
  AttemptOutcome stopped;
  stopped.stopped = true;
  const Outcome last = desk.end(attempt_key(1, 1), stopped);
  CHECK(desk.trial(1).state == TrialState::kPruned);
  CHECK(one_record<SweepEnded>(last).state == SweepState::kFailed);
  CHECK(one_record<SweepEnded>(last).reason.code == ReasonCode::kDiverged);
}

TEST_CASE("target: reaching it closes the sweep and stops the other trials only") {
  sweeps::SweepSpec spec = a_spec(4);
  spec.stop.target = 0.3;
  Desk desk = running(spec, 2);
  CHECK(records<SweepClosing>(desk.report(attempt_key(1, 1), 1, 0.31)).empty());
  const Outcome reached = desk.report(attempt_key(1, 1), 2, 0.3);
  CHECK(one_record<SweepClosing>(reached).reason.code == ReasonCode::kTargetReached);
  CHECK(one_record<StopRequested>(reached).attempt == attempt_key(1, 2));
  CHECK_EQ(records<TrialClosed>(reached).size(), 2);  // the queued ones
  desk.end(attempt_key(1, 2));
  const Outcome last = desk.end(attempt_key(1, 1));
  CHECK(one_record<SweepEnded>(last).state == SweepState::kCompleted);
  CHECK(best_trial(desk.sweep()) == TrialNumber{1});
}

TEST_CASE("target: a maximised objective reaches it from below") {
  sweeps::SweepSpec spec = a_spec(1);
  spec.objective.goal = sweeps::Goal::kMaximize;
  spec.stop.target = 0.9;
  Desk desk = running(spec);
  CHECK(records<SweepClosing>(desk.report(attempt_key(1, 1), 1, 0.89)).empty());
  CHECK_EQ(records<SweepClosing>(desk.report(attempt_key(1, 1), 2, 0.9)).size(), 1);
}

TEST_CASE("target: the policy no longer stops the trial that reached it") {
  sweeps::SweepSpec spec = bandit_spec(2);
  spec.objective.reduce.kind = sweeps::ReduceKind::kLast;
  spec.stop.target = 0.5;
  Desk desk = running(spec, 2);
  desk.report(attempt_key(1, 2), 1, 0.55);
  desk.report(attempt_key(1, 2), 2, 0.55);
  // Within its slack of the best, then diverging: its model is wanted all the same.
  CHECK_EQ(records<SweepClosing>(desk.report(attempt_key(1, 1), 1, 0.5)).size(), 1);
  const Outcome later = desk.report(attempt_key(1, 1), 2, kNan);
  CHECK(records<StopRequested>(later).empty());
  CHECK(records<VerdictReached>(later).empty());
}

TEST_CASE("target: the report that reaches it is not the one that prunes its trial") {
  sweeps::SweepSpec spec = bandit_spec(2);
  spec.objective.reduce = {sweeps::ReduceKind::kMeanLast, 2};
  spec.stop.target = 0.5;
  spec.stop.delay_evaluation = 2;
  Desk desk = running(spec, 2);
  desk.report(attempt_key(1, 2), 1, 1.0);
  desk.report(attempt_key(1, 2), 2, 0.05);  // the mean has not reached the target
  desk.report(attempt_key(1, 1), 1, 0.8);
  const Outcome reached =
      desk.report(attempt_key(1, 1), 2, 0.2);  // it has, and 0.2 is far from 0.05
  CHECK_EQ(records<SweepClosing>(reached).size(), 1);
  CHECK(records<VerdictReached>(reached).empty());
  CHECK(one_record<StopRequested>(reached).attempt == attempt_key(1, 2));
}

TEST_CASE("end: exit code 0 with the objective is completed, and the slot takes the next trial") {
  Desk desk = running(a_spec(2));
  desk.report(attempt_key(1, 1), 1, 0.5);
  const Outcome outcome = desk.end(attempt_key(1, 1));
  CHECK(one_record<AttemptClosed>(outcome).state == AttemptState::kCompleted);
  CHECK(one_record<TrialClosed>(outcome).state == TrialState::kCompleted);
  CHECK(one_record<AttemptAssigned>(outcome).attempt == attempt_key(1, 2));
  CHECK(one_effect<StartAttempt>(outcome) == StartAttempt{desk.agent(), attempt_key(1, 2)});
  CHECK(one_effect<AckEnded>(outcome) == AckEnded{desk.agent(), attempt_key(1, 1)});
  CHECK_EQ(outcome.records.size(), 3);
}

TEST_CASE("end: it is refused before the last report is stored") {
  Desk desk = running(a_spec(1));
  desk.report(attempt_key(1, 1), 1, 0.5);
  const Outcome early = desk.step(AttemptEnded{desk.agent(), attempt_key(1, 1), 3, {}});
  CHECK(early.records.empty());
  CHECK(effects<AckEnded>(early).empty());
  CHECK(one_effect<AckReports>(early) == AckReports{desk.agent(), attempt_key(1, 1), 1, false});
}

TEST_CASE("end: a repeat and a fenced one are acknowledged and change nothing") {
  Desk desk = running(a_spec(2));
  desk.complete(attempt_key(1, 1), 0.5);
  const State before = desk.state;
  const Outcome again = desk.end(attempt_key(1, 1));
  CHECK(again.records.empty());
  CHECK(one_effect<AckEnded>(again) == AckEnded{desk.agent(), attempt_key(1, 1)});
  CHECK(desk.step(AttemptEnded{AgentId{9}, attempt_key(1, 2), 0, {}}).records.empty());
  CHECK(desk.state == before);
}

TEST_CASE("end: every way to fail has its reason") {
  const auto reason_of = [](const AttemptOutcome& outcome, bool reported = true) {
    Desk desk = running(a_spec(1));
    if (reported) {
      desk.report(attempt_key(1, 1), 1, 0.5);
    }
    const Outcome ended = desk.end(attempt_key(1, 1), outcome);
    CHECK(one_record<TrialClosed>(ended).state == TrialState::kFailed);
    CHECK(one_record<AttemptClosed>(ended).state == AttemptState::kFailed);
    CHECK(one_record<SweepEnded>(ended).state == SweepState::kFailed);
    return desk.trial(1).reason;
  };
  AttemptOutcome outcome;
  outcome.exit_code = 3;
  outcome.stderr_tail = "Traceback\nValueError: no\n";
  CHECK(reason_of(outcome) == Reason{ReasonCode::kExitCode, "exit code 3: ValueError: no"});
  outcome = {};
  outcome.signal = 11;
  CHECK(reason_of(outcome) == Reason{ReasonCode::kSignal, "ended by signal 11"});
  outcome = {};
  outcome.failure = {ReasonCode::kTimeout, "limits.trial_time has passed"};
  CHECK(reason_of(outcome) == outcome.failure);
  outcome.failure = {ReasonCode::kExecError, "no such file"};
  CHECK(reason_of(outcome, false) == outcome.failure);
  CHECK(reason_of({}, false) ==
        Reason{ReasonCode::kNoMetric,
               "ended with exit code 0 and never reported 'loss', nor anything else"});
}

TEST_CASE("end: without the objective the names that were seen are told, the nearest first") {
  Desk desk = running(a_spec(1));
  AttemptOutcome outcome;
  outcome.metric_names = {"accuracy", "Loss", "epoch"};
  desk.end(attempt_key(1, 1), outcome);
  CHECK_EQ(desk.trial(1).reason.sentence,
           "ended with exit code 0 and never reported 'loss'; it reported: Loss, accuracy, epoch");
}

TEST_CASE("end: an attempt that the agent itself calls lost spends no retry") {
  for (const ReasonCode code :
       {ReasonCode::kAgentRestarted, ReasonCode::kAgentLost, ReasonCode::kStoppedByAgent}) {
    Desk desk = running(a_spec(1));
    desk.report(attempt_key(1, 1), 1, 0.5);
    AttemptOutcome outcome;
    outcome.failure = {code, "the lease ended"};
    const Outcome lost = desk.end(attempt_key(1, 1), outcome);
    CHECK(one_record<AttemptClosed>(lost).state == AttemptState::kLost);
    CHECK_FALSE(one_record<TrialRequeued>(lost).spends_retry);
    CHECK(one_record<AttemptAssigned>(lost).attempt == attempt_key(1, 1, 2));
    CHECK_EQ(effects<AckEnded>(lost).size(), 1);
  }
}

TEST_CASE("end: a job without a metric completes without one") {
  sweeps::SweepSpec spec = a_spec(1);
  spec.job = true;
  spec.objective.metric.clear();
  Desk desk = running(spec);
  CHECK(one_record<TrialClosed>(desk.end(attempt_key(1, 1))).state == TrialState::kCompleted);
}

TEST_CASE("retry: a failure is paid with a new attempt until the attempts are spent") {
  sweeps::SweepSpec spec = a_spec(1);
  spec.retry.attempts = 3;
  Desk desk = running(spec);
  desk.report(attempt_key(1, 1), 1, 0.1);
  const Outcome first = desk.fail(attempt_key(1, 1));
  CHECK(one_record<TrialRequeued>(first).spends_retry);
  CHECK(one_record<AttemptAssigned>(first).attempt == attempt_key(1, 1, 2));
  CHECK_EQ(desk.trial(1).tally.count(), 0);  // the reports of the failed attempt no longer count
  desk.fail(attempt_key(1, 1, 2));
  const Outcome last = desk.fail(attempt_key(1, 1, 3));
  CHECK(records<TrialRequeued>(last).empty());
  CHECK(one_record<TrialClosed>(last).state == TrialState::kFailed);
  CHECK_EQ(desk.trial(1).attempts.size(), 3);
}

TEST_CASE("retry: the back-off keeps the trial waiting and its slot free") {
  sweeps::SweepSpec spec = a_spec(1);
  spec.retry.attempts = 2;
  spec.retry.backoff = seconds(30);
  Desk desk = running(spec);
  CHECK(records<AttemptAssigned>(desk.fail(attempt_key(1, 1))).empty());
  desk.pass(seconds(29));
  CHECK(desk.step(TimePassed{}).records.empty());
  desk.pass(seconds(1));
  CHECK(one_record<AttemptAssigned>(desk.step(TimePassed{})).attempt == attempt_key(1, 1, 2));
}

TEST_CASE("retry: only what `on` lists is retried") {
  const auto retries = [](const std::string& on, const AttemptOutcome& outcome) {
    sweeps::SweepSpec spec = a_spec(1);
    spec.retry.attempts = 2;
    spec.retry.on = {on};
    Desk desk = running(spec);
    return !records<TrialRequeued>(desk.end(attempt_key(1, 1), outcome)).empty();
  };
  AttemptOutcome exit_2;
  exit_2.exit_code = 2;
  CHECK(retries("exit:2", exit_2));
  CHECK(retries("exit", exit_2));
  CHECK_FALSE(retries("exit:1", exit_2));
  CHECK_FALSE(retries("signal", exit_2));
  AttemptOutcome signal;
  signal.signal = 9;
  CHECK(retries("signal", signal));
  CHECK_FALSE(retries("exit", signal));
  AttemptOutcome timeout;
  timeout.failure.code = ReasonCode::kTimeout;
  CHECK(retries("timeout", timeout));
  AttemptOutcome exec;
  exec.failure.code = ReasonCode::kExecError;
  CHECK(retries("exec", exec));
  CHECK(retries("no-metric", {}));
  CHECK_FALSE(retries("timeout", {}));
}

TEST_CASE("failed_trials: the limit fails the sweep and stops what runs") {
  sweeps::SweepSpec spec = a_spec(5);
  spec.limits.failed_trials = 2;
  Desk desk = running(spec, 2);
  CHECK(records<SweepClosing>(desk.fail(attempt_key(1, 1))).empty());
  const Outcome second = desk.fail(attempt_key(1, 2));
  CHECK(one_record<SweepClosing>(second).state == SweepState::kFailed);
  CHECK(one_record<SweepClosing>(second).reason.code == ReasonCode::kFailedTrials);
  CHECK(one_record<StopRequested>(second).attempt == attempt_key(1, 3));
  CHECK(one_record<SweepEnded>(desk.end(attempt_key(1, 3))).state == SweepState::kFailed);
}
