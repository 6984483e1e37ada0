// The verbs that read, against a daemon of canned answers: what is asked and printed.
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/verbs.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <string_view>

namespace sweepd::cli {

TEST_CASE("leaderboard: a table with the metric as a column, the counts as talk") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_leaderboard()->mutable_summary() = sweep("running");
    add_count(*reply.mutable_leaderboard()->mutable_summary(), "completed", 2);
    *reply.mutable_leaderboard()->add_rows() = trial(2, "completed", 0.98765432);
    *reply.mutable_leaderboard()->add_rows() = trial(1, "failed", 0.5);
  });
  const CliRun run = run_line({"top", "12", "-n", "7"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out ==
        "#  TRIAL  accuracy  STEP   lr  STATE       TIME\n"
        "1  12/2     0.9877     3  0.2  completed  6m12s\n"
        "2  12/1        0.5     3  0.1  failed     6m12s\n");
  CHECK(run.err == "2 of 2 trials: 2 completed\n");
  CHECK(daemon.requests().front().leaderboard().limit() == 7);
}

TEST_CASE("leaderboard: fields and conditions work by the metric's own name") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_leaderboard()->mutable_summary() = sweep("running");
    *reply.mutable_leaderboard()->add_rows() = trial(2, "completed", 0.98765432);
    *reply.mutable_leaderboard()->add_rows() = trial(1, "completed", 0.5);
  });
  const CliRun run = run_line(
      {"top", "12", "--json=trial,accuracy,lr", "--where", "accuracy > 0.9"}, daemon.endpoint());
  CHECK(run.out == "[{\"trial\":\"12/2\",\"value\":0.98765432,\"lr\":0.2}]\n");
  CHECK(run.err.empty());
}

TEST_CASE("leaderboard: -n means the same in every form, and 0 means all") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    *reply.mutable_leaderboard()->mutable_summary() = sweep("running");
    for (std::uint32_t i = 1; i <= std::min(request.leaderboard().limit(), 30U); ++i) {
      *reply.mutable_leaderboard()->add_rows() = trial(i, "completed", 0.5);
    }
  });
  const auto lines = [&daemon](std::vector<std::string> arguments) {
    const std::string out = run_line(std::move(arguments), daemon.endpoint()).out;
    return std::count(out.begin(), out.end(), '\n');
  };
  for (const char* form : {"--csv", "--json", "-q", "--no-header"}) {
    CAPTURE(form);
    const int header = std::string_view(form) == "--csv" ? 1 : 0;
    CHECK(lines({"top", "12", form, "-n", "2"}) == 2 + header);
    CHECK(lines({"top", "12", form, "--limit", "2"}) == 2 + header);
    CHECK(lines({"top", "12", form}) == 10 + header);
    CHECK(lines({"top", "12", form, "-n", "0"}) == 30 + header);
  }
  CHECK(run_line({"top", "2/11"}, daemon.endpoint()).code == kExitUsage);
}

TEST_CASE("trial ls: a queued trial has no time and place, though an earlier attempt had") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_list_trials()) {
      pb::TrialRow row = trial(1, "queued", 0);
      row.set_has_value(false);
      row.set_reports(0);
      row.mutable_reason()->set_sentence("exit code 1");
      *reply.mutable_trials()->add_trials() = row;
      reply.mutable_trials()->set_total(1);
    } else {
      *reply.mutable_sweep()->mutable_summary() = sweep("running");
    }
  });
  CHECK(run_line({"trial", "ls", "12"}, daemon.endpoint()).out ==
        "TRIAL  accuracy  STEP   lr  STATE   TIME  WHERE  REASON\n"
        "12/1                   0.1  queued        -      exit code 1\n");
}

TEST_CASE("show: why a trial waits takes a line a sentence") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_trial()->mutable_row() = trial(7, "queued", 0.5);
    reply.mutable_trial()->set_explanation("12/7 is queued\nall slots are busy");
  });
  CHECK(contains(run_line({"show", "12/7"}, daemon.endpoint()).out,
                 "  why       12/7 is queued\n            all slots are busy\n"));
}

TEST_CASE("show: why a sweep paused itself is said once") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    pb::SweepDetail& detail = *reply.mutable_sweep();
    *detail.mutable_summary() = sweep("paused");
    detail.mutable_summary()->mutable_reason()->set_sentence("5 of its first 5 trials failed");
    detail.set_waiting(
        "the sweep paused itself: 5 of its first 5 trials failed; `sweepctl resume 12` lets it go "
        "on");
  });
  const std::string shown = run_line({"show", "12"}, daemon.endpoint()).out;
  CHECK(contains(shown, "  reason    5 of its first 5 trials failed\n"));
  CHECK(
      contains(shown, "  waiting   the sweep paused itself; `sweepctl resume 12` lets it go on\n"));
  CHECK(run_line({"why", "12"}, daemon.endpoint()).out ==
        "Sweep 12 \"digits\" paused: 5 of its first 5 trials failed\n0 of 2 trials\n"
        "the sweep paused itself; `sweepctl resume 12` lets it go on\n");
}

TEST_CASE("show: a trial's selector shows the trial") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.show_trial().selector() == "12/7") {
      *reply.mutable_trial()->mutable_row() = trial(7, "completed", 0.5);
      pb::AttemptRow& lost = *reply.mutable_trial()->add_attempts();
      lost.set_attempt(1);
      lost.set_state("lost");
      lost.set_started_wall_us(kStart);
      lost.set_ended_wall_us(kStart + 1);
    } else {
      reply.set_code(static_cast<std::uint32_t>(Errc::kNotFound));
      reply.set_message("no trial");
    }
  });
  const CliRun run = run_line({"show", "12/7"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(contains(run.out, "trial 12/7  completed"));
  CHECK_FALSE(contains(run.out, "ms     0"));
  const Json attempt =
      Json::parse(run_line({"show", "12/7", "--json"}, daemon.endpoint()).out)["attempts"][0];
  CHECK(attempt["exit_code"].is_null());
  CHECK(attempt["signal"].is_null());
  CHECK(run_line({"show", "12/99"}, daemon.endpoint()).code == kExitNotFound);
}

TEST_CASE("show: reports that were merged are counted, and those of the other attempt are whole") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_trial()->mutable_row() = trial(7, "completed", 0.5);
    for (const std::uint32_t number : {1U, 2U}) {
      reply.mutable_trial()->add_attempts()->set_attempt(number);
    }
    reply.mutable_trial()->mutable_attempts(1)->set_thinned(12);
  });
  const std::string shown = run_line({"show", "12/7"}, daemon.endpoint()).out;
  CHECK(contains(shown,
                 "  #2        reported too fast: 12 reports merged into later ones "
                 "(sweepctl help metrics)\n"));
  CHECK_FALSE(contains(shown, "  #1  "));
}

TEST_CASE("show: files that were let go are told with the reason, and cannot be had") {
  const std::string why =
      "run.keep = 2 kept only the files of the best 2; 12/7#1 was not among them";
  FakeDaemon daemon([&why](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_trial()->mutable_row() = trial(7, "completed", 0.5);
    pb::AttemptRow& attempt = *reply.mutable_trial()->add_attempts();
    attempt.set_attempt(1);
    attempt.set_state("completed");
    attempt.set_outputs_dropped(true);
    attempt.set_uncollected(why);
  });
  const std::string shown = run_line({"show", "12/7"}, daemon.endpoint()).out;
  CHECK(contains(shown, "dropped"));
  CHECK(contains(shown, "  #1        " + why + "\n"));
  const Json attempt =
      Json::parse(run_line({"show", "12/7", "--json"}, daemon.endpoint()).out)["attempts"][0];
  CHECK(attempt["artifact"].is_null());
  CHECK(attempt["artifact_dropped"] == true);
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"artifact", "ls", "12/7"},
        std::vector<std::string>{"artifact", "get", "12/7"},
        std::vector<std::string>{"model", "register", "12/7", "--name", "m"}}) {
    const CliRun run = run_line(line, daemon.endpoint());
    CHECK(run.code == kExitNotFound);
    CHECK(contains(run.err, "12/7 has no files here: " + why));
  }
}

TEST_CASE("show: a sweep says whose files it keeps, unless it keeps all") {
  std::uint32_t keep = 0;
  FakeDaemon daemon([&keep](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep()) {
      *reply.mutable_sweep()->mutable_summary() = sweep("running");
      if (keep > 0) {
        reply.mutable_sweep()->mutable_spec()->mutable_run()->set_keep(keep);
      }
    }
  });
  CHECK_FALSE(contains(run_line({"show", "12"}, daemon.endpoint()).out, "keep"));
  CHECK(Json::parse(run_line({"show", "12", "--json"}, daemon.endpoint()).out)["keep"].is_null());
  keep = 1;
  CHECK(contains(run_line({"show", "12"}, daemon.endpoint()).out,
                 "  keep      the files of the best trial only\n"));
  keep = 3;
  CHECK(contains(run_line({"show", "12"}, daemon.endpoint()).out,
                 "  keep      the files of the best 3 trials only\n"));
  CHECK(Json::parse(run_line({"show", "12", "--json"}, daemon.endpoint()).out)["keep"] == 3);
}

TEST_CASE("ls: nothing yet is said, not printed") {
  FakeDaemon daemon(
      [](const pb::ClientRequest&, pb::ClientReply& reply) { reply.mutable_sweeps(); });
  const CliRun people = run_line({"ls"}, daemon.endpoint());
  CHECK(people.code == 0);
  CHECK(people.out.empty());
  CHECK(contains(people.err, "sweepctl submit FILE"));
  CHECK(run_line({"ls", "--json"}, daemon.endpoint()).out == "[]\n");
}

TEST_CASE("ls: newest first, a job without a progress bar") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_sweeps()->add_sweeps() = sweep("running");
    pb::SweepSummary& job = *reply.mutable_sweeps()->add_sweeps();
    job.set_sweep(13);
    job.set_name("train.py");
    job.set_state("completed");
    job.set_job(true);
  });
  CHECK(run_line({"ls", "-q"}, daemon.endpoint()).out == "13\n12\n");
  const CliRun run = run_line({"ls"}, daemon.endpoint());
  CHECK(contains(run.out, "13  job: train.py  completed  1       -"));
  CHECK(contains(run.out, "12  digits         running    0/2     -"));
}

TEST_CASE("ls: all pages are read, so that conditions see every sweep") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    const std::uint64_t before = request.list_sweeps().before();
    const std::uint64_t last = before == 0 ? 5 : before - 1;
    for (std::uint64_t id = last > 2 ? last - 1 : 1; id <= last; ++id) {
      pb::SweepSummary& row = *reply.mutable_sweeps()->add_sweeps();
      row = sweep(id == 1 ? "failed" : "completed");
      row.set_sweep(id);
    }
    reply.mutable_sweeps()->set_more(last > 2);
    reply.mutable_sweeps()->set_notice(before == 0 ? "the disk is full" : "");
  });
  const CliRun all = run_line({"ls", "--all", "-q"}, daemon.endpoint());
  CHECK(all.out == "5\n4\n3\n2\n1\n");
  CHECK(run_line({"ls", "-aq", "--where", "state = failed"}, daemon.endpoint()).out == "1\n");
  CHECK(run_line({"ls", "-aq", "--sort", "sweep", "-n1"}, daemon.endpoint()).out == "1\n");
  const std::size_t asked = daemon.requests().size();
  CHECK(run_line({"ls", "-aq", "-n2"}, daemon.endpoint()).out == "5\n4\n");
  CHECK(daemon.requests().size() == asked + 1);  // what is not shown is not read
  CHECK(contains(run_line({"ls"}, daemon.endpoint()).err, "waiting: the disk is full\n"));
}

TEST_CASE("leaderboard: what the daemon left out is said") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_leaderboard()->mutable_summary() = sweep("running");
    *reply.mutable_leaderboard()->add_rows() = trial(2, "completed", 0.5);
    reply.mutable_leaderboard()->set_more(true);
  });
  const std::string said = "only the best 1 trial was looked at; `sweepctl trial ls 12` has all\n";
  CHECK(run_line({"top", "12", "-q", "-n0"}, daemon.endpoint()).err == said);
  CHECK(run_line({"top", "12", "-q", "-n5"}, daemon.endpoint()).err == said);
  CHECK(run_line({"top", "12", "-q", "-n1"}, daemon.endpoint()).err.empty());
}

TEST_CASE("model: every page is listed, and a name alone is its newest version") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    const pb::ListModels& question = request.list_models();
    const std::uint32_t newest = question.after_version() == 0 ? 5 : question.after_version() - 1;
    for (std::uint32_t number = newest; number > 0 && number + 2 > newest; --number) {
      pb::ModelVersion& version = *reply.mutable_models()->add_versions();
      version.set_model("mnist");
      version.set_version(number);
      version.set_path("outputs");
    }
    reply.mutable_models()->set_more(newest > 2);
  });
  CHECK(run_line({"model", "ls", "-q"}, daemon.endpoint()).out ==
        "mnist:1\nmnist:2\nmnist:3\nmnist:4\nmnist:5\n");
  const std::size_t asked = daemon.requests().size();
  CHECK(run_line({"model", "show", "mnist", "-q"}, daemon.endpoint()).out == "mnist:5\n");
  CHECK(daemon.requests().size() == asked + 1);
  CHECK(daemon.requests().back().list_models().limit() == 1);
}

TEST_CASE("metrics: NaN is nan for people and in CSV, null in JSON") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    reply.mutable_metrics()->mutable_attempt()->set_attempt(1);
    if (request.read_metrics().after_seq() == 0) {
      pb::Report& report = *reply.mutable_metrics()->add_reports();
      report.set_seq(1);
      report.set_wall_us(kStart);
      pb::Metric& loss = *report.add_metrics();
      loss.set_name("loss");
      loss.set_value(std::numeric_limits<double>::quiet_NaN());
    }
  });
  CHECK(contains(run_line({"metrics", "12/7"}, daemon.endpoint()).out, " nan\n"));
  CHECK(run_line({"metrics", "12/7", "--csv"}, daemon.endpoint()).out ==
        "attempt,report,at,metrics.loss\n0/0#1,1,2023-11-14T22:13:20.000000Z,nan\n");
  CHECK(run_line({"metrics", "12/7", "--json=report,loss"}, daemon.endpoint()).out ==
        "[{\"report\":1,\"loss\":null}]\n");
}

TEST_CASE("server info: clocks that differ are told, those that agree are not") {
  std::atomic<std::int64_t> ahead_us = 100'000'000;
  FakeDaemon daemon([&](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.mutable_server()->set_version("0.1");
    reply.mutable_server()->set_wall_us(wall_now_us() + ahead_us);
  });
  const std::string off = run_line({"server", "info"}, daemon.endpoint()).out;
  CHECK(contains(off, "  clock     "));
  CHECK(contains(off, " s ahead of this machine's: times in lists are off by as much\n"));
  ahead_us = 0;
  CHECK_FALSE(contains(run_line({"server", "info"}, daemon.endpoint()).out, "clock"));
}

}  // namespace sweepd::cli
