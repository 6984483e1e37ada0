// The verbs about agents: what they show of them, and what they change.
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/verbs.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

#include <string>

namespace sweepd::cli {

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

TEST_CASE("agent ls, show: what an agent withholds stands apart, with the reason") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    pb::AgentRow row = broken_agent().row();
    (*row.mutable_labels())["withheld"] = "GPU 1 (GPU-1): 1 process of others";
    if (request.has_show_agent()) {
      *reply.mutable_agent()->mutable_row() = row;
    } else {
      *reply.mutable_agents()->add_agents() = row;
    }
  });
  const CliRun listed = run_line({"agent", "ls"}, daemon.endpoint());
  CHECK(listed.err == "gpu-a withholds slots: GPU 1 (GPU-1): 1 process of others\n");
  const CliRun shown = run_line({"agent", "show", "gpu-a"}, daemon.endpoint());
  CHECK(contains(shown.out, "  withheld  GPU 1 (GPU-1): 1 process of others\n"));
  CHECK(contains(shown.out, "  labels    rack=7\n"));
  const Json json = Json::parse(run_line({"agent", "ls", "--json"}, daemon.endpoint()).out);
  CHECK(json[0]["labels"]["withheld"] == "GPU 1 (GPU-1): 1 process of others");
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
  const CliRun forgotten = run_line({"agent", "rm", "gpu-a"}, daemon.endpoint());
  CHECK(forgotten.err == "gpu-a is off the list, until it comes back\n");
  CHECK(daemon.requests().back().control_agent().verb() == pb::FORGET_AGENT);
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
