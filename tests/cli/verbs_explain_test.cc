// explain, against a daemon of canned answers: what a trial did and what was decided on it.
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/verbs.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

#include <limits>

namespace sweepd::cli {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

pb::VerdictRow verdict(const std::string& rule, bool stop, std::uint32_t attempt) {
  pb::VerdictRow row;
  row.set_rule(rule);
  row.set_stop(stop);
  row.set_at(1);
  row.set_own(kInfinity);
  row.set_threshold(kInfinity);
  row.set_peers(1);
  row.set_attempt(attempt);
  return row;
}

// The reports 0.5, -inf and then NaN of the metric, of attempt 1; none of others.
void answer_reports(const pb::ReadMetrics& question, pb::MetricPage& page) {
  if (!question.selector().ends_with("#1") || question.after_seq() > 0) {
    return;
  }
  std::uint64_t seq = 0;
  for (const double value : {0.5, -kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    pb::Report& report = *page.add_reports();
    report.set_seq(++seq);
    pb::Metric& other = *report.add_metrics();
    other.set_name("loss");
    other.set_value(kInfinity);
    pb::Metric& metric = *report.add_metrics();
    metric.set_name("accuracy");
    metric.set_value(value);
  }
}

}  // namespace

TEST_CASE("explain: the daemon's words and the table of verdicts") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    pb::TrialDetail& detail = *reply.mutable_trial();
    *detail.mutable_row() = trial(7, "pruned", 0.811);
    detail.set_metric("accuracy");
    detail.set_goal("maximize");
    detail.set_explanation("12/7 is pruned: by bandit");
    pb::VerdictRow& verdict = *detail.add_verdicts();
    verdict.set_rule("bandit");
    verdict.set_stop(true);
    verdict.set_at(10);
    verdict.set_own(0.811);
    verdict.set_threshold(0.849);
    verdict.set_peers(5);
  });
  const CliRun run = run_line({"why", "12/7"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(contains(run.out, "12/7 is pruned: by bandit\n"));
  CHECK(contains(run.out, "RULE    AT    OWN  THRESHOLD  PEERS  VERDICT"));
  CHECK(contains(run.out, "bandit  10  0.811      0.849      5  stop"));
}

TEST_CASE("explain: a trial that completed tells its attempts, value, rank and checks") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_leaderboard()) {
      *reply.mutable_leaderboard()->add_rows() = trial(3, "completed", 0.9);
      *reply.mutable_leaderboard()->add_rows() = trial(7, "completed", 0.811);
      *reply.mutable_leaderboard()->add_rows() = trial(1, "pruned", 0.5);
      return;
    }
    pb::TrialDetail& detail = *reply.mutable_trial();
    *detail.mutable_row() = trial(7, "completed", 0.811);
    detail.mutable_row()->set_attempt(2);
    detail.set_metric("accuracy");
    detail.set_goal("maximize");
    detail.set_explanation("12/7 is completed");
    pb::AttemptRow& failed = *detail.add_attempts();
    failed.set_attempt(1);
    failed.set_state("failed");
    failed.mutable_reason()->set_sentence("exit code 3");
    pb::AttemptRow& good = *detail.add_attempts();
    good.set_attempt(2);
    good.set_state("completed");
    good.set_agent("gpu-a");
    good.add_slots(1);
    good.set_started_wall_us(kStart);
    good.set_ended_wall_us(kStart + 12'000'000);
    for (const std::uint32_t attempt : {1U, 2U, 2U}) {
      pb::VerdictRow& row = *detail.add_verdicts();
      row = verdict("median", false, attempt);
      row.set_own(0.8);
      row.set_threshold(0.5);
    }
  });
  const CliRun run = run_line({"why", "12/7"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(
      run.out.starts_with("12/7 is completed\n"
                          "  #1        failed: exit code 3\n"
                          "  #2        completed: 12s on gpu-a:1, exit code 0\n"
                          "  value     accuracy 0.811 after 3 reports\n"
                          "  rank      2 of 3 trials with a value\n"
                          "  policy    let it go on at 2 checks\n"
                          "\nthe policy's decisions"));
  // Which of the attempts each decision was about.
  CHECK(contains(run.out, "ATTEMPT  RULE    AT"));
  CHECK(contains(run.out, "#1       median   1"));
}

TEST_CASE("explain: a job that completed has no rank") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_leaderboard()) {
      reply.mutable_leaderboard()->mutable_summary()->set_job(true);
      *reply.mutable_leaderboard()->add_rows() = trial(1, "completed", 0.9);
      return;
    }
    *reply.mutable_trial()->mutable_row() = trial(1, "completed", 0.9);
    reply.mutable_trial()->set_metric("accuracy");
    reply.mutable_trial()->set_explanation("12/1 is completed");
  });
  CHECK(run_line({"why", "12/1"}, daemon.endpoint()).out ==
        "12/1 is completed\n  value     accuracy 0.9 after 3 reports\n");
}

TEST_CASE("explain and show: what is not finite is shown as it was reported") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_read_metrics()) {
      answer_reports(request.read_metrics(), *reply.mutable_metrics());
      return;
    }
    pb::TrialDetail& detail = *reply.mutable_trial();
    *detail.mutable_row() = trial(7, "pruned", kInfinity);
    detail.set_metric("accuracy");
    detail.set_goal("maximize");
    detail.set_explanation("12/7 is pruned");
    *detail.add_verdicts() = verdict("median", false, 1);
    pb::VerdictRow& diverged = *detail.add_verdicts();
    diverged = verdict("nan", true, 1);
    diverged.set_threshold(std::numeric_limits<double>::max());
  });
  const std::string why = run_line({"why", "12/7"}, daemon.endpoint()).out;
  CHECK(contains(why, "median   1  -inf        any      1  continue"));
  CHECK(contains(why, "nan      1  -inf     finite      1  stop"));
  CHECK(contains(run_line({"show", "12/7"}, daemon.endpoint()).out,
                 "  value     accuracy -inf after 3 reports\n"));
  const Json record = Json::parse(run_line({"why", "12/7", "--json"}, daemon.endpoint()).out);
  CHECK(record["nonfinite"]["value"] == "-inf");
  CHECK(record["verdicts"][0]["nonfinite"]["own"] == "-inf");
}

TEST_CASE("explain: what was reported is asked for only where something is not finite") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() = trial(7, "pruned", 0.5);
    }
  });
  CHECK(run_line({"why", "12/7"}, daemon.endpoint()).code == 0);
  CHECK(daemon.requests().size() == 1);
}

TEST_CASE("trial ls: a value that is not finite says that the trial diverged") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_list_trials()) {
      *reply.mutable_trials()->add_trials() = trial(1, "pruned", kInfinity);
      reply.mutable_trials()->set_total(1);
    } else {
      *reply.mutable_sweep()->mutable_summary() = sweep("running");
    }
  });
  CHECK(contains(run_line({"trial", "ls", "12"}, daemon.endpoint()).out, "12/1   diverged "));
}

}  // namespace sweepd::cli
