// submit and run, against a daemon of canned answers: what is sent, printed and returned.
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/verbs.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

namespace sweepd::cli {

namespace {

std::string temporary_file(const std::string& name, const std::string& text) {
  const std::string path = (std::filesystem::temp_directory_path() / name).string();
  std::ofstream(path) << text;
  return path;
}

constexpr const char* kGoodSweep =
    "metric = \"loss\"\n[run]\ncommand = \"python -m train\"\ncode = \"\"\n[space]\n"
    "lr = [0.1, 0.2]\n"
    "[search]\nsampler = \"grid\"\n";

}  // namespace

TEST_CASE("submit: the bare id on stdout, the rest as talk, the text and the user in the request") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.mutable_submitted()->set_sweep(12);
    reply.mutable_submitted()->set_name("mine");
    reply.mutable_submitted()->set_trials_total(1);
  });
  const CliRun run =
      run_line({"submit", "-", "--name", "mine", "--paused"}, daemon.endpoint(), kGoodSweep);
  CAPTURE(run.err);
  CHECK(run.code == 0);
  CHECK(run.out == "12\n");
  CHECK(contains(run.err, "Sweep 12 \"mine\" submitted and paused: 1 trial, grid, "));
  CHECK(contains(run.err, "sweepctl resume 12"));
  REQUIRE(daemon.requests().size() == 2);
  CHECK(daemon.requests().back().has_list_agents());
  const pb::Submit submit = daemon.requests().front().submit();
  CHECK(submit.toml() == std::string("# submitted with --name mine\n") + kGoodSweep);
  CHECK(submit.spec().name() == "mine");
  CHECK(submit.paused());
  CHECK(submit.snapshot_digest().empty());
}

TEST_CASE("check: --json takes fields") {
  const CliRun run =
      run_line({"check", "-", "--json=line,severity"}, "", "metric = \"loss\"\nlimit = 1\n");
  CHECK(run.code == kExitUsage);
  CHECK(contains(run.out, "{\"line\":2,\"severity\":\"error\"}\n"));
  const CliRun wrong =
      run_line({"check", "-", "--json=column,lin"}, "", "metric = \"loss\"\nlimit = 1\n");
  CHECK(wrong.code == kExitUsage);
  CHECK(wrong.out.empty());
  CHECK(contains(wrong.err, "no field 'lin'; did you mean 'line'?"));
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

TEST_CASE("submit --watch: ends as wait does, 8 when the sweep failed or paused itself") {
  struct Case {
    std::string state;
    pb::ReasonCode reason;
    int code;
  };

  for (const Case& each : {Case{"completed", pb::REASON_NONE, kExitOk},
                           Case{"failed", pb::REASON_NONE, kExitNotSuccessful},
                           Case{"cancelled", pb::REASON_NONE, kExitNotSuccessful},
                           Case{"paused", pb::FAILED_TRIALS, kExitNotSuccessful}}) {
    CAPTURE(each.state);
    FakeDaemon daemon([&each](const pb::ClientRequest& request, pb::ClientReply& reply) {
      if (request.has_submit()) {
        reply.mutable_submitted()->set_sweep(12);
        return;
      }
      answer_ended(each.state, request, reply);
      if (request.has_show_sweep()) {
        reply.mutable_sweep()->mutable_summary()->mutable_reason()->set_code(each.reason);
      }
    });
    const CliRun run = run_line({"submit", "-", "--watch"}, daemon.endpoint(), kGoodSweep);
    CHECK(run.code == each.code);
    CHECK(contains(run.out, "Sweep 12 \"digits\" " + each.state));
    if (each.state != "paused") {  // which `watch` alone goes on watching
      CHECK(run_line({"watch", "12"}, daemon.endpoint()).code == kExitOk);
    }
  }
}

TEST_CASE("submit --dry-run: shows the first command lines and sends nothing that changes") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    pb::AgentRow& agent = *reply.mutable_agents()->add_agents();
    agent.set_state("connected");
    agent.add_slots()->set_kind(pb::CPU);
  });
  const CliRun run = run_line({"submit", "-", "--dry-run"}, daemon.endpoint(), kGoodSweep);
  CHECK(run.code == 0);
  CHECK(contains(run.out, "trial 1   python -m train --lr 0.1\n"));
  CHECK(contains(run.out, "trial 2   python -m train --lr 0.2\n"));
  CHECK_FALSE(contains(run.out, "trial 3"));
  CHECK(contains(run.out, "1 of 1 slot qualifies, 1 free now"));
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
  const std::string lack =
      "it needs 4 GPUs, and no connected agent has so many (the most is 0): start an agent that "
      "has it, or ask for less\n";
  const CliRun run = run_line({"run", "--gpus", "4", "--", "true"}, daemon.endpoint());
  CHECK(run.code == kExitImpossible);
  CHECK(contains(run.err, lack));
  for (const pb::ClientRequest& request : daemon.requests()) {
    CHECK_FALSE(request.has_submit());
  }
  const std::string needs_gpus = std::string(kGoodSweep) + "[resources]\ngpus = 4\n";
  const CliRun submitted = run_line({"submit", "-"}, daemon.endpoint(), needs_gpus);
  CHECK(submitted.code == 0);
  CHECK(submitted.out == "12\n");
  CHECK(contains(submitted.err, "warning: sweep 12 waits: " + lack));
}

TEST_CASE("run and submit: without any agent both are taken, and both say the same") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_submit()) {
      reply.mutable_submitted()->set_sweep(12);
    } else {
      reply.mutable_agents();
    }
  });
  const std::string waits = " 12 waits: no agent is connected: start `sweep-agent` on a machine\n";
  const CliRun run = run_line({"run", "--detach", "--", "true"}, daemon.endpoint());
  CHECK(run.code == kExitOk);
  CHECK(contains(run.err, "warning: job" + waits));
  const CliRun submitted = run_line({"submit", "-"}, daemon.endpoint(), kGoodSweep);
  CHECK(submitted.code == kExitOk);
  CHECK(contains(submitted.err, "warning: sweep" + waits));
  const CliRun dry = run_line({"submit", "-", "--dry-run"}, daemon.endpoint(), kGoodSweep);
  CHECK(dry.code == kExitOk);
  CHECK(contains(dry.out, "any slot, 1 CPU: no agent is connected: start `sweep-agent`"));
}

}  // namespace sweepd::cli
