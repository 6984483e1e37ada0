// The verbs that change something, against a daemon of canned answers.
#include "cli/session.h"
#include "cli/verbs.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

namespace sweepd::cli {

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
}

TEST_CASE("control: what is advised next suits a job, and a sweep that is paused") {
  pb::SweepSummary now = sweep("running");
  FakeDaemon daemon([&now](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep()) {
      *reply.mutable_sweep()->mutable_summary() = now;
    } else {
      reply.mutable_controlled()->set_sweep(12);
    }
  });
  const auto said = [&daemon](const char* verb) {
    return run_line({verb, "12"}, daemon.endpoint()).err;
  };
  CHECK(said("kill") == "12 killed\n  best    sweepctl top 12\n");
  CHECK(said("retry") == "12 queued again\n  watch   sweepctl watch 12\n");
  now.set_job(true);
  CHECK(said("kill") == "12 killed\n  logs    sweepctl logs 12/1\n");
  CHECK(said("resume") == "12 resumed\n  follow  sweepctl logs 12/1 -f\n");
  now = sweep("paused");
  CHECK(said("retry") == "12 queued again\n  go on   sweepctl resume 12\n");
}

TEST_CASE("control: --json has the state after the order, and what was ordered") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep()) {
      *reply.mutable_sweep()->mutable_summary() = sweep("cancelled");
    } else {
      reply.mutable_controlled()->set_sweep(12);
      reply.mutable_controlled()->add_trials(7);
      reply.mutable_controlled()->set_state("running");
    }
  });
  CHECK(run_line({"kill", "12/7", "--json"}, daemon.endpoint()).out ==
        "{\"sweep\":12,\"state\":\"cancelled\",\"ending\":false,\"ordered\":\"kill\",\"trials\":["
        "\"12/7\"]}\n");
  CHECK(daemon.requests().front().has_control());
}

TEST_CASE("control: --json of an order that was taken by a daemon that then fails has no state") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep()) {
      reply.set_code(static_cast<int>(Errc::kUnexpected));
      reply.set_message("no disk");
    } else {
      reply.mutable_controlled()->set_sweep(12);
      reply.mutable_controlled()->set_state("running");
    }
  });
  const CliRun run = run_line({"stop", "12", "--json"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out ==
        "{\"sweep\":12,\"state\":null,\"ending\":null,\"ordered\":\"stop\",\"trials\":[]}\n");
}

TEST_CASE("control: a name is looked up once, so that a repeated request means the same sweep") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep()) {
      reply.mutable_sweep()->mutable_summary()->set_sweep(12);
    } else {
      reply.mutable_controlled()->set_sweep(12);
    }
  });
  CHECK(run_line({"kill", "last", "-q"}, daemon.endpoint()).code == 0);
  CHECK(run_line({"retry", "mine/failed", "-q"}, daemon.endpoint()).code == 0);
  const std::vector<pb::ClientRequest> asked = daemon.requests();
  REQUIRE(asked.size() == 4);
  CHECK(asked[0].show_sweep().selector() == "last");
  CHECK(asked[1].control().selector() == "12");
  CHECK(asked[2].show_sweep().selector() == "mine");
  CHECK(asked[3].control().selector() == "12/failed");
}

}  // namespace sweepd::cli
