// Whole command lines against a daemon of canned answers: what is asked, printed and returned.
#include "cli/verbs.h"

#include "cli/dry_run.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/logs.h"
#include "cli/screen.h"
#include "cli/transfer.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>

namespace sweepd::cli {

namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000;

pb::TrialRow trial(std::uint32_t number, const std::string& state, double value) {
  pb::TrialRow row;
  row.set_sweep(12);
  row.set_trial(number);
  row.set_attempt(1);
  row.set_state(state);
  row.set_has_value(true);
  row.set_value(value);
  row.set_reports(3);
  row.set_resource(3);
  row.set_agent("gpu-a");
  row.set_started_wall_us(kStart);
  row.set_ended_wall_us(kStart + 372'000'000);
  pb::Binding& lr = *row.mutable_params()->add_bindings();
  lr.set_name("lr");
  lr.mutable_value()->set_float_value(0.1 * number);
  return row;
}

pb::SweepSummary sweep(const std::string& state) {
  pb::SweepSummary summary;
  summary.set_sweep(12);
  summary.set_name("digits");
  summary.set_state(state);
  summary.set_metric("accuracy");
  summary.set_goal("maximize");
  summary.set_trials_total(2);
  return summary;
}

void add_count(pb::SweepSummary& summary, const std::string& state, std::uint32_t count) {
  pb::StateCount& entry = *summary.add_counts();
  entry.set_state(state);
  entry.set_count(count);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A daemon with one sweep whose two trials have ended.
void answer_ended(const std::string& state,
                  const pb::ClientRequest& request,
                  pb::ClientReply& reply) {
  if (request.has_show_sweep()) {
    pb::SweepSummary& summary = *reply.mutable_sweep()->mutable_summary();
    summary = sweep(state);
    add_count(summary, "completed", 1);
    add_count(summary, "pruned", 1);
  } else if (request.has_list_trials()) {
    reply.mutable_trials()->set_total(2);
    if (request.list_trials().offset() == 0) {
      *reply.mutable_trials()->add_trials() = trial(1, "completed", 0.98);
      *reply.mutable_trials()->add_trials() = trial(2, "pruned", 0.41);
    }
  }
}

std::string temporary_file(const std::string& name, const std::string& text) {
  const std::string path = (std::filesystem::temp_directory_path() / name).string();
  std::ofstream(path) << text;
  return path;
}

constexpr const char* kGoodSweep =
    "metric = \"loss\"\n[run]\ncommand = \"python train.py\"\ncode = \"\"\n[space]\n"
    "lr = [0.1, 0.2]\n"
    "[search]\nsampler = \"grid\"\n";

}  // namespace

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

TEST_CASE("wait: 0 when it completed, 8 when it ended otherwise") {
  struct Case {
    std::string state;
    int code;
  };

  for (const Case& each : {Case{"completed", 0}, Case{"failed", 8}}) {
    FakeDaemon daemon([&each](const pb::ClientRequest& request, pb::ClientReply& reply) {
      answer_ended(each.state, request, reply);
    });
    const CliRun run = run_line({"wait", "12"}, daemon.endpoint());
    CHECK(run.code == each.code);
    CHECK(run.out.empty());
    CHECK(contains(run.err, fmt::format("Sweep 12 \"digits\" {}", each.state)));
  }
}

TEST_CASE("wait: 7 when the time is up, and the work goes on") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    answer_ended("running", request, reply);
  });
  const CliRun run = run_line({"wait", "12", "--timeout", "300ms"}, daemon.endpoint());
  CHECK(run.code == kExitTimeout);
  CHECK(contains(run.err, "the work goes on"));
  for (const pb::ClientRequest& request : daemon.requests()) {
    CHECK_FALSE(request.has_control());
  }
}

TEST_CASE("wait: in a pipe each trial that ends is one line on stderr") {
  std::atomic<int> looks{0};
  FakeDaemon daemon([&looks](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep() && ++looks < 2) {
      *reply.mutable_sweep()->mutable_summary() = sweep("running");
    } else if (request.has_list_trials() && looks < 2) {
      reply.mutable_trials()->set_total(1);
      *reply.mutable_trials()->add_trials() = trial(1, "running", 0.3);
    } else {
      answer_ended("completed", request, reply);
    }
  });
  const CliRun run = run_line({"wait", "12"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.err ==
        "12/1 completed after 3 reports: accuracy 0.98\n"
        "12/2 pruned after 3 reports: accuracy 0.41\n"
        "Sweep 12 \"digits\" completed\n");
}

TEST_CASE("watch: in a pipe one line a change, with --json one object a change") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    answer_ended("completed", request, reply);
  });
  const CliRun lines = run_line({"watch", "12"}, daemon.endpoint());
  CHECK(lines.code == 0);
  CHECK(contains(lines.out, "  12/1 completed after 3 reports: accuracy 0.98\n"));
  CHECK(contains(lines.out, "Sweep 12 \"digits\" completed\n"));
  const CliRun json = run_line({"watch", "12", "--json"}, daemon.endpoint());
  std::istringstream objects(json.out);
  std::vector<std::string> events;
  for (std::string line; std::getline(objects, line);) {
    events.push_back(Json::parse(line)["event"]);
  }
  CHECK(events == std::vector<std::string>{"trial", "trial", "sweep"});
}

TEST_CASE("control: the selector, verb and reason travel; the next command is told") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.mutable_controlled()->set_sweep(12);
    reply.mutable_controlled()->add_trials(7);
    reply.mutable_controlled()->set_state("running");
  });
  const CliRun run = run_line({"retry", "12/failed", "--reason", "new driver"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.err == "12/7 queued again\n  watch   sweepctl watch 12\n");
  const pb::Control control = daemon.requests().front().control();
  CHECK(control.selector() == "12/failed");
  CHECK(control.verb() == pb::RETRY);
  CHECK(control.reason() == "new driver");
  CHECK(control.user() == user_name());
  CHECK(run_line({"kill", "12/7", "--json"}, daemon.endpoint()).out ==
        "{\"sweep\":12,\"state\":\"running\",\"trials\":[\"12/7\"]}\n");
}

TEST_CASE("control: a name is looked up once, so that a repeated request means the same sweep") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep()) {
      reply.mutable_sweep()->mutable_summary()->set_sweep(12);
    } else {
      reply.mutable_controlled()->set_sweep(12);
    }
  });
  CHECK(run_line({"kill", "last"}, daemon.endpoint()).code == 0);
  CHECK(run_line({"retry", "mine/failed"}, daemon.endpoint()).code == 0);
  const std::vector<pb::ClientRequest> asked = daemon.requests();
  REQUIRE(asked.size() == 4);
  CHECK(asked[0].show_sweep().selector() == "last");
  CHECK(asked[1].control().selector() == "12");
  CHECK(asked[2].show_sweep().selector() == "mine");
  CHECK(asked[3].control().selector() == "12/failed");
}

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

TEST_CASE("logs: bytes pass a pipe unchanged, and a page is asked for until the end") {
  const std::string text("line 1\n\x1b[31mred\xff\n", 18);
  FakeDaemon daemon([&text](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() = trial(7, "completed", 1);
      return;
    }
    pb::LogPage& page = *reply.mutable_log();
    const std::uint64_t offset = request.read_log().offset();
    page.set_offset(offset);
    page.set_size(text.size());
    page.set_data(text.substr(offset, 5));
    page.set_complete(true);
  });
  const CliRun run = run_line({"logs", "12/7", "--stderr"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out == text);
  CHECK(daemon.requests().back().read_log().stream() == pb::STDERR);
  CHECK(daemon.requests().back().read_log().selector() == "12/7#1");
}

TEST_CASE("logs: a sweep's lines carry their trial, whole lines at a time") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() =
          trial(request.show_trial().selector() == "12/1" ? 1 : 2, "completed", 1);
    } else if (request.has_read_log()) {
      reply.mutable_log()->set_data("a\nb");
      reply.mutable_log()->set_size(3);
      reply.mutable_log()->set_complete(true);
    } else {
      answer_ended("completed", request, reply);
    }
  });
  const std::string all = "12/1 | a\n12/1 | b\n12/2 | a\n12/2 | b\n";
  CHECK(run_line({"logs", "12"}, daemon.endpoint()).out == all);
  CHECK(run_line({"logs", "12", "-f"}, daemon.endpoint()).out == all);  // it has ended
}

TEST_CASE("logs: on a terminal escape sequences are shown, and a split character is kept whole") {
  std::ostringstream out;
  LogPrinter printer(out, true);
  printer.write("\x1b[31m gr\xc3");
  printer.write("\xbcn\n");
  printer.finish();
  CHECK(out.str() == "\\x1b[31m grün\n");
}

TEST_CASE("logs: the last lines, with and without a newline at the end") {
  CHECK(last_lines("a\nb\nc\n", 2) == "b\nc\n");
  CHECK(last_lines("a\nb\nc", 2) == "b\nc");
  CHECK(last_lines("a\n", 5) == "a\n");
  CHECK(last_lines("", 5).empty());
  CHECK(last_lines("\n\n\n", 1) == "\n");
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

TEST_CASE("submit: the bare id on stdout, the rest as talk, the text and the user in the request") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.mutable_submitted()->set_sweep(12);
    reply.mutable_submitted()->set_name("mine");
    reply.mutable_submitted()->set_trials_total(2);
  });
  const CliRun run =
      run_line({"submit", "-", "--name", "mine", "--paused"}, daemon.endpoint(), kGoodSweep);
  CAPTURE(run.err);
  CHECK(run.code == 0);
  CHECK(run.out == "12\n");
  CHECK(contains(run.err, "Sweep 12 \"mine\" submitted and paused: 2 trials, grid, "));
  CHECK(contains(run.err, "sweepctl resume 12"));
  REQUIRE(daemon.requests().size() == 2);
  CHECK(daemon.requests().back().has_list_agents());
  const pb::Submit submit = daemon.requests().front().submit();
  CHECK(submit.toml() == kGoodSweep);
  CHECK(submit.spec().name() == "mine");
  CHECK(submit.paused());
  CHECK(submit.snapshot_digest().empty());
}

TEST_CASE("submit: a faulty file is told with its place, and nothing is sent") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply&) {});
  const std::string path = temporary_file("sweepctl-faulty.toml",
                                          "metric = \"loss\"\ncommand = \"x\"\n[space]\n"
                                          "lr = { log_uniform = [-5, -1] }\n");
  const CliRun run = run_line({"submit", path}, daemon.endpoint());
  CHECK(run.code == kExitUsage);
  CHECK(run.out.empty());
  CHECK(contains(run.err, path + ":4:"));
  CHECK(contains(run.err, "Nothing was submitted."));
  CHECK(daemon.requests().empty());
  const CliRun check = run_line({"check", path, "--json"});
  CHECK(check.code == kExitUsage);
  CHECK(Json::parse(check.out.substr(0, check.out.find('\n')))["line"] == 4);
  CHECK(run_line({"submit", "/nowhere/x.toml"}).code == kExitUsage);
}

TEST_CASE("submit --dry-run: shows the first command lines and sends nothing that changes") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    pb::AgentRow& agent = *reply.mutable_agents()->add_agents();
    agent.set_state("connected");
    agent.add_slots()->set_kind(pb::CPU);
  });
  const CliRun run = run_line({"submit", "-", "--dry-run"}, daemon.endpoint(), kGoodSweep);
  CHECK(run.code == 0);
  CHECK(contains(run.out, "trial 1   python train.py --lr 0.1\n"));
  CHECK(contains(run.out, "trial 2   python train.py --lr 0.2\n"));
  CHECK_FALSE(contains(run.out, "trial 3"));
  CHECK(contains(run.out, "1 of 1 slot qualify, 1 free now"));
  CHECK(run.err == "Would submit. Nothing was.\n");
  for (const pb::ClientRequest& request : daemon.requests()) {
    CHECK(request.has_list_agents());
  }
  const std::string needs_gpus = std::string(kGoodSweep) + "[resources]\ngpus = 4\n";
  const CliRun impossible = run_line({"submit", "-", "--dry-run"}, daemon.endpoint(), needs_gpus);
  CHECK(impossible.code == kExitImpossible);
  CHECK(contains(impossible.err, "4 GPUs"));
}

TEST_CASE("submit --dry-run: works without a daemon") {
  const CliRun run =
      run_line({"submit", "-", "--dry-run"}, "ipc:///tmp/sweepctl-nobody-here", kGoodSweep);
  CHECK(run.code == 0);
  CHECK(contains(run.out, "fits      not known"));
}

namespace {

// A job whose only attempt has ended so.
CliRun run_job(const pb::AttemptRow& attempt, const std::string& state) {
  FakeDaemon daemon([&](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_submit()) {
      reply.mutable_submitted()->set_sweep(12);
    } else if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() = trial(1, state, 1);
      *reply.mutable_trial()->add_attempts() = attempt;
    } else if (request.has_read_log()) {
      const bool errors = request.read_log().stream() == pb::STDERR;
      const std::string text = errors ? "talk\n" : "data\n";
      reply.mutable_log()->set_data(request.read_log().offset() == 0 ? text : "");
      reply.mutable_log()->set_size(text.size());
      reply.mutable_log()->set_complete(true);
    }
  });
  return run_line({"run", "--", "sh", "-c", "echo $HOME"}, daemon.endpoint());
}

}  // namespace

TEST_CASE("run: the command's own code and streams, 128+N for a signal, 125 when it never ran") {
  pb::AttemptRow attempt;
  attempt.set_exit_code(3);
  const CliRun failed = run_job(attempt, "failed");
  CHECK(failed.code == 3);
  CHECK(failed.out == "data\n");
  CHECK(contains(failed.err, "talk\n"));
  attempt.set_exit_code(0);
  CHECK(run_job(attempt, "completed").code == 0);
  CHECK(run_job(attempt, "failed").code == kExitRunFailed);
  attempt.set_signal(9);
  CHECK(run_job(attempt, "failed").code == 137);
}

TEST_CASE("run: the command is meant literally, dollars and all") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.mutable_submitted()->set_sweep(12);
    reply.mutable_submitted()->set_name("x");
  });
  const CliRun run = run_line(
      {"run", "--detach", "--env", "A=1", "--", "sh", "-c", "echo ${lr} $$"}, daemon.endpoint());
  CAPTURE(run.err);
  CHECK(run.code == 0);
  CHECK(run.out == "12\n");
  const pb::SweepSpec spec = daemon.requests().back().submit().spec();
  CHECK(spec.job());
  CHECK(spec.run().command(2) == "echo $${lr} $$$$");
  CHECK(spec.search().trials() == 1);
  CHECK(spec.env(0).name() == "A");
}

TEST_CASE("run: what no agent could ever run is refused, submit warns of it") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_submit()) {
      reply.mutable_submitted()->set_sweep(12);
      return;
    }
    pb::AgentRow& agent = *reply.mutable_agents()->add_agents();
    agent.set_state("connected");
    agent.add_slots()->set_kind(pb::CPU);
  });
  const CliRun run = run_line({"run", "--gpus", "1", "--", "true"}, daemon.endpoint());
  CHECK(run.code == kExitImpossible);
  CHECK(contains(run.err, "no agent could ever run this: it needs 1 GPU"));
  for (const pb::ClientRequest& request : daemon.requests()) {
    CHECK_FALSE(request.has_submit());
  }
  const std::string needs_gpus = std::string(kGoodSweep) + "[resources]\ngpus = 4\n";
  const CliRun submitted = run_line({"submit", "-"}, daemon.endpoint(), needs_gpus);
  CHECK(submitted.code == 0);
  CHECK(submitted.out == "12\n");
  CHECK(contains(submitted.err, "warning: sweep 12 waits: no agent could ever run this"));
}

TEST_CASE("dry run: an agent fits only with enough slots of the kind, and lost ones do not count") {
  pb::AgentList agents;
  pb::AgentRow& big = *agents.add_agents();
  big.set_state("connected");
  for (int i = 0; i < 4; ++i) {
    big.add_slots()->set_kind(pb::GPU);
    big.add_running()->set_attempt(i == 0 ? 1 : 0);
  }
  pb::AgentRow& small = *agents.add_agents();
  small.set_state("connected");
  small.add_slots()->set_kind(pb::GPU);
  pb::AgentRow& lost = *agents.add_agents();
  lost.set_state("lost");
  lost.add_slots()->set_kind(pb::GPU);
  sweeps::ResourcesSpec resources;
  resources.gpus = 2;
  const Fit fit = fit_of(resources, agents);
  CHECK(fit.agents == 2);
  CHECK(fit.slots == 4);
  CHECK(fit.free == 3);
  CHECK(fit.slots_all == 5);
  resources.gpus = 0;
  CHECK(fit_of(resources, agents).slots == 0);
}

TEST_CASE("screen: never higher or wider than the terminal, whatever is shown") {
  WatchView view;
  view.sweep = sweep("running");
  view.sweep.set_name(std::string(300, 'n') + "\x1b[2J");
  for (std::uint32_t i = 0; i < 50; ++i) {
    view.values.push_back(i);
    view.running.push_back(trial(i, "running", i));
    view.events.push_back(std::string(200, 'e'));
  }
  view.resource_max = 20;
  Terminal terminal;
  terminal.tty = true;
  terminal.unicode = true;
  for (const std::size_t width : {20U, 80U, 200U}) {
    for (const std::size_t height : {1U, 5U, 24U, 60U}) {
      terminal.width = width;
      terminal.height = height;
      const std::vector<std::string> lines = draw(view, terminal);
      CHECK(lines.size() <= height);
      for (const std::string& line : lines) {
        CHECK(display_width(line) <= width);
        CHECK_FALSE(contains(line, "\x1b"));
      }
    }
  }
}

TEST_CASE("artifact: a path that holds nothing is refused with the folders that there are") {
  blobs::Tree tree;
  tree.files.push_back({"logs/stdout.txt", 1, {}, false});
  tree.files.push_back({"outputs/best/model.pt", 1, {}, false});
  CHECK(check_below(tree, "outputs").ok());
  CHECK(check_below(tree, "outputs/best/").ok());
  CHECK(check_below(tree, "logs/stdout.txt").ok());
  const Result<void> none = check_below(tree, "output");
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == Errc::kNotFound);
  CHECK(contains(none.error().message, "logs, outputs, outputs/best"));
}

TEST_CASE("artifact: patterns of paths") {
  CHECK(path_matches("outputs/a.pt", "outputs/*.pt"));
  CHECK_FALSE(path_matches("outputs/deep/a.pt", "outputs/*.pt"));
  CHECK(path_matches("outputs/deep/a.pt", "outputs/**"));
  CHECK(path_matches("outputs/deep/a.pt", "**/a.pt"));
  CHECK(path_matches("a.pt", "**/a.pt"));
  CHECK(path_matches("outputs/deep/a.pt", "*.pt"));
  CHECK_FALSE(path_matches("outputs/a.pth", "*.pt"));
}

namespace {

// An agent on which two trials failed, and which is drained.
pb::AgentDetail broken_agent() {
  pb::AgentDetail detail;
  pb::AgentRow& row = *detail.mutable_row();
  row.set_agent(3);
  row.set_name("gpu-a");
  row.set_state("drained");
  row.mutable_drained()->set_code(pb::AGENT_BROKEN);
  row.mutable_drained()->set_sentence("trials failed on it that did well elsewhere");
  pb::Slot& slot = *row.add_slots();
  slot.set_kind(pb::GPU);
  slot.set_name("H200");
  pb::Attempt& attempt = *row.add_running();
  attempt.set_sweep(12);
  attempt.set_trial(7);
  attempt.set_attempt(1);
  (*row.mutable_labels())["rack"] = "7";
  for (const std::uint32_t number : {1U, 4U}) {
    pb::ChargeRow& charge = *detail.add_streak();
    charge.set_sweep(12);
    charge.set_trial(number);
    charge.set_confirmed(number == 4);
  }
  return detail;
}

}  // namespace

TEST_CASE("agent show: state, why it is drained, what failed on it and what it runs") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_agent() = broken_agent();
  });
  const CliRun run = run_line({"agent", "show", "gpu-a"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(contains(run.out, "agent 3 gpu-a  drained\n"));
  CHECK(contains(run.out, "  drained   trials failed on it that did well elsewhere\n"));
  CHECK(contains(run.out, "  failed    12/1, 12/4 (did well elsewhere)\n"));
  CHECK(contains(run.out, "  labels    rack=7\n"));
  CHECK(contains(run.out, "12/7#1"));
  CHECK(contains(run.err, "sweepctl agent resume 3"));
  CHECK(daemon.requests().front().show_agent().selector() == "gpu-a");
  const Json json = Json::parse(run_line({"agent", "show", "3", "--json"}, daemon.endpoint()).out);
  CHECK(json["drained"] == true);
  CHECK(json["reason"] == "AGENT_BROKEN");
  CHECK(json["proven"] == false);
  CHECK(json["streak"][1]["trial"] == "12/4");
  CHECK(json["streak"][1]["well_elsewhere"] == true);
}

TEST_CASE("agent drain, resume: the request has verb, reason and user; the next command is told") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    *reply.mutable_agent() = broken_agent();
  });
  const CliRun drained =
      run_line({"agent", "drain", "gpu-a", "--reason", "fan"}, daemon.endpoint());
  CHECK(drained.code == 0);
  CHECK(drained.out.empty());
  CHECK(contains(drained.err, "gpu-a drained: nothing new starts on it, what runs goes on"));
  CHECK(contains(drained.err, "sweepctl agent resume 3"));
  const pb::ControlAgent asked = daemon.requests().front().control_agent();
  CHECK(asked.selector() == "gpu-a");
  CHECK(asked.verb() == pb::DRAIN_AGENT);
  CHECK(asked.reason() == "fan");
  CHECK_FALSE(asked.user().empty());
  const CliRun resumed = run_line({"agent", "resume", "3", "--json"}, daemon.endpoint());
  CHECK(Json::parse(resumed.out)["name"] == "gpu-a");
  CHECK(daemon.requests().back().control_agent().verb() == pb::RESUME_AGENT);
}

TEST_CASE("agent drain: what the daemon refuses becomes the exit code") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.set_code(static_cast<std::int32_t>(Errc::kNotFound));
    reply.set_message("there is no agent 'x'");
  });
  const CliRun run = run_line({"agent", "drain", "x"}, daemon.endpoint());
  CHECK(run.code == kExitNotFound);
  CHECK(contains(run.err, "there is no agent 'x'"));
}

TEST_CASE("wait: a sweep that paused itself is not waited for, and the sentence says why") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep()) {
      pb::SweepSummary summary = sweep("paused");
      summary.mutable_reason()->set_code(pb::FAILED_TRIALS);
      summary.mutable_reason()->set_sentence("5 of its first 5 trials failed");
      *reply.mutable_sweep()->mutable_summary() = summary;
    } else {
      reply.mutable_trials();
    }
  });
  const CliRun run = run_line({"wait", "12"}, daemon.endpoint());
  CHECK(run.code == kExitNotSuccessful);
  CHECK(contains(run.err, "Sweep 12 \"digits\" paused: 5 of its first 5 trials failed"));
}

}  // namespace sweepd::cli
