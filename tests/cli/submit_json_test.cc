// submit --json: what it is told with, at each of its ends.
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/verbs.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

#include <sstream>
#include <vector>

namespace sweepd::cli {

namespace {

constexpr const char* kGoodSweep =
    "metric = \"loss\"\n[run]\ncommand = \"train\"\ncode = \"\"\n[space]\n"
    "lr = [0.1, 0.2]\n"
    "[search]\nsampler = \"grid\"\n";

std::vector<Json> objects_of(const std::string& text) {
  std::istringstream lines(text);
  std::vector<Json> objects;
  for (std::string line; std::getline(lines, line);) {
    objects.push_back(Json::parse(line));
  }
  return objects;
}

// Takes a submission, and has its trials ended with the sweep in this state.
void answer_submitted(const std::string& state,
                      const pb::ClientRequest& request,
                      pb::ClientReply& reply) {
  if (request.has_submit()) {
    reply.mutable_submitted()->set_sweep(12);
    reply.mutable_submitted()->set_name("digits");
    reply.mutable_submitted()->set_trials_total(1);
  } else {
    answer_ended(state, request, reply);
  }
}

}  // namespace

TEST_CASE("submit --json --dry-run: one object with what would run") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    pb::AgentRow& agent = *reply.mutable_agents()->add_agents();
    agent.set_state("connected");
    agent.add_slots()->set_kind(pb::CPU);
  });
  const CliRun run = run_line(
      {"submit", "-", "--dry-run", "--json", "--name", "mine"}, daemon.endpoint(), kGoodSweep);
  CHECK(run.code == 0);
  CHECK(run.err.empty());
  const std::vector<Json> objects = objects_of(run.out);
  REQUIRE(objects.size() == 1);
  const Json& plan = objects.front();
  CHECK(plan["dry_run"] == true);
  CHECK(plan["name"] == "mine");
  CHECK(plan["sampler"] == "grid");
  CHECK(plan["policy"] == "none");
  CHECK(plan["trials_total"] == 2);
  CHECK(plan["code"].is_null());
  CHECK(plan["fits"] == Json({{"agents", 1}, {"slots", 1}, {"slots_free", 1}, {"slots_total", 1}}));
  REQUIRE(plan["trials"].size() == 2);
  CHECK(plan["trials"][1]["number"] == 2);
  CHECK(plan["trials"][1]["params"]["lr"] == 0.2);
  CHECK(plan["trials"][1]["command"] == Json({"train", "--lr", "0.2"}));
}

TEST_CASE("submit --json --dry-run: what no agent could ever run is told after the plan") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    pb::AgentRow& agent = *reply.mutable_agents()->add_agents();
    agent.set_state("connected");
    agent.add_slots()->set_kind(pb::CPU);
  });
  const CliRun run = run_line({"submit", "-", "--dry-run", "--json"},
                              daemon.endpoint(),
                              std::string(kGoodSweep) + "[resources]\ngpus = 4\n");
  CHECK(run.code == kExitImpossible);
  const std::vector<Json> objects = objects_of(run.out);
  REQUIRE(objects.size() == 2);
  CHECK(objects[0]["gpus"] == 4);
  CHECK(objects[1]["severity"] == "error");
  CHECK(contains(objects[1]["message"], "it needs 4 GPUs"));
}

TEST_CASE("submit --json: a fault of the file is an object with its place, as of check") {
  const std::string bad = "metric = \"loss\"\nlimit = 1\n";
  const CliRun run = run_line({"submit", "-", "--json"}, "", bad);
  CHECK(run.code == kExitUsage);
  CHECK(run.out == run_line({"check", "-", "--json"}, "", bad).out);
  CHECK(objects_of(run.out).front()["line"] == 2);
  CHECK(contains(run.err, "Nothing was submitted."));
}

TEST_CASE("check --json: a fault of the file as a whole has no place") {
  const CliRun run = run_line({"check", "-", "--json"}, "", "command = \"p\"\n[space]\na = [1]\n");
  REQUIRE(objects_of(run.out).size() == 1);
  const Json fault = objects_of(run.out)[0];
  CHECK(fault["message"] == "the sweep has no metric");
  CHECK(fault["line"].is_null());
  CHECK(fault["column"].is_null());
  CHECK(fault["length"].is_null());
  const Json placed = objects_of(run_line({"check", "-", "--json"}, "", "limit = 1\n").out)[0];
  CHECK(placed["line"] == 1);
  CHECK(placed["column"] == 1);
  CHECK(placed["length"] == 5);
}

TEST_CASE("submit --json: an error without a place in the file is an object, too") {
  const CliRun lost = run_line({"submit", "/nowhere/x.toml", "--json"});
  CHECK(lost.code == kExitUsage);
  REQUIRE(objects_of(lost.out).size() == 1);
  CHECK(objects_of(lost.out)[0]["file"] == "/nowhere/x.toml");
  CHECK(objects_of(lost.out)[0]["line"].is_null());
  CHECK(contains(objects_of(lost.out)[0]["message"], "cannot open the sweep file"));
  CHECK(run_line({"check", "/nowhere/x.toml", "--json"}).out == lost.out);
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.set_code(static_cast<int>(Errc::kPermissionDenied));
    reply.set_message("not yours");
  });
  const CliRun refused = run_line({"submit", "-", "--json"}, daemon.endpoint(), kGoodSweep);
  CHECK(refused.code == kExitNotAllowed);
  REQUIRE(objects_of(refused.out).size() == 1);
  CHECK(objects_of(refused.out)[0]["message"] == "not yours");
  CHECK(refused.err == "error: not yours\n");
}

TEST_CASE("submit --wait --json: the submission first, the sweep as it ended last") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    answer_submitted("failed", request, reply);
  });
  const CliRun run = run_line({"submit", "-", "--wait", "--json"}, daemon.endpoint(), kGoodSweep);
  CHECK(run.code == kExitNotSuccessful);
  CHECK(run.err.empty());
  const std::vector<Json> objects = objects_of(run.out);
  REQUIRE(objects.size() == 2);
  CHECK(objects[0]["trials_total"] == 1);
  CHECK(objects[1]["sweep"] == 12);
  CHECK(objects[1]["state"] == "failed");
}

TEST_CASE("submit --watch --json: the objects of watch follow the submission") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    answer_submitted("completed", request, reply);
  });
  const CliRun run = run_line({"submit", "-", "--watch", "--json"}, daemon.endpoint(), kGoodSweep);
  CHECK(run.code == 0);
  const std::vector<Json> objects = objects_of(run.out);
  REQUIRE(objects.size() == 4);
  CHECK(objects[1]["event"] == "trial");
  CHECK(objects[3]["event"] == "sweep");
}

}  // namespace sweepd::cli
