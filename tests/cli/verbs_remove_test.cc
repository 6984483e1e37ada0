// rm and gc, against a daemon of canned answers.
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

using namespace sweepd;
using namespace sweepd::cli;

namespace {

pb::GcDetail done() {
  pb::GcDetail gc;
  gc.set_run(7);
  gc.set_phase("done");
  gc.set_files(4);
  gc.set_bytes(2048);
  return gc;
}

// Sweep 12 has ended. A run of gc takes one look, and ends with `end`.
FakeDaemon::Answer house(const pb::GcDetail& end) {
  return [end](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep()) {
      pb::SweepSummary& summary = *reply.mutable_sweep()->mutable_summary();
      summary = sweep("completed");
      summary.set_reports(80);
      pb::StateCount& count = *summary.add_counts();
      count.set_state("completed");
      count.set_count(8);
    } else if (request.has_remove_sweep()) {
      reply.mutable_removed()->set_sweep(12);
      reply.mutable_removed()->set_trials(8);
    } else {
      *reply.mutable_gc() = end;
      if (request.has_start_gc()) {
        reply.mutable_gc()->set_phase("looking for references");
        reply.mutable_gc()->clear_code();
        reply.mutable_gc()->set_run(7);
      }
    }
  };
}

}  // namespace

TEST_CASE("rm: a name is looked up once, what went is told, and what comes next") {
  FakeDaemon daemon(house(done()));
  const CliRun run = run_line({"rm", "digits"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out.empty());
  CHECK(run.err ==
        "12 \"digits\" removed with 8 trials\n"
        "  what only it needed is deleted in the background; at once: sweepctl gc\n");
  const std::vector<pb::ClientRequest> asked = daemon.requests();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].show_sweep().selector() == "digits");
  CHECK(asked[1].remove_sweep().selector() == "12");
  const CliRun json = run_line({"rm", "12", "--json"}, daemon.endpoint());
  CHECK(json.out == "{\"sweep\":12,\"trials\":8}\n");
  CHECK(json.err.empty());
  CHECK(run_line({"rm", "12", "-q"}, daemon.endpoint()).err.empty());
}

TEST_CASE("rm: the beginning of a name removes nothing, nor does one wrong word among right ones") {
  FakeDaemon daemon(house(done()));
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"rm", "dig"}, {"rm", "12", "dig"}, {"rm", "dig", "--dry-run"}}) {
    const CliRun run = run_line(line, daemon.endpoint());
    CHECK(run.code == 5);
    CHECK(run.err.find("no sweep is named 'dig'; 12 is named 'digits'") != std::string::npos);
  }
  for (const pb::ClientRequest& request : daemon.requests()) {
    CHECK(request.has_show_sweep());
  }
}

TEST_CASE("rm: a refusal is an error with the daemon's words and class") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.set_code(6);
    reply.set_message("sweep 12 is running: only ended sweeps are removed");
  });
  const CliRun run = run_line({"rm", "12"}, daemon.endpoint());
  CHECK(run.code == 6);
  CHECK(run.err.find("only ended sweeps are removed") != std::string::npos);
}

TEST_CASE("rm --dry-run: what may not go is refused, and somebody else's run is waited for") {
  int asked = 0;
  const auto house_of = [&asked](bool busy) {
    return [&asked, busy](const pb::ClientRequest& request, pb::ClientReply& reply) {
      if (request.has_show_sweep()) {
        *reply.mutable_sweep()->mutable_summary() = sweep("running");
      } else if (request.has_start_gc() && (!busy || ++asked < 3)) {
        reply.set_code(6);
        reply.set_message(busy ? "gc runs already" : "sweep 12 is running");
      } else {
        *reply.mutable_gc() = busy ? done() : pb::GcDetail();
        reply.mutable_gc()->add_sweeps()->set_sweep(12);
        if (busy && asked < 3) {
          reply.mutable_gc()->set_phase("deleting files");
        }
      }
    };
  };
  FakeDaemon refusing(house_of(false));
  const CliRun refused = run_line({"rm", "12", "--dry-run"}, refusing.endpoint());
  CHECK(refused.code == 6);
  CHECK(refused.err.find("sweep 12 is running") != std::string::npos);
  FakeDaemon working(house_of(true));
  const CliRun waited = run_line({"rm", "12", "--dry-run"}, working.endpoint());
  CHECK(waited.code == 0);
  CHECK(waited.err.starts_with("waiting for what somebody else asked for …\n"));
}

TEST_CASE("rm --dry-run: what would go and what that frees, and no request to remove") {
  pb::GcDetail end = done();
  end.set_dry_run(true);
  pb::GcSweep& row = *end.add_sweeps();
  row.set_sweep(12);
  row.set_files(6);
  row.set_bytes(4096);
  row.set_log_bytes(100);
  FakeDaemon daemon(house(end));
  const CliRun run = run_line({"rm", "12", "last", "--dry-run"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out ==
        "SWEEP  NAME    STATE      TRIALS  REPORTS   LOGS  FILES     SIZE\n"
        "12     digits  completed       8       80  100 B      6  4.0 KiB\n");
  CHECK(run.err ==
        "4 files (2.0 KiB) would become free, needed by nothing else; nothing was removed\n"
        "  do it   sweepctl rm 12\n");
  for (const pb::ClientRequest& request : daemon.requests()) {
    CHECK_FALSE(request.has_remove_sweep());
    CHECK((!request.has_start_gc() || request.start_gc().dry_run()));
  }
  const CliRun json = run_line({"rm", "12", "--dry-run", "--json"}, daemon.endpoint());
  CHECK(json.out ==
        R"({"dry_run":true,"sweeps":[{"sweep":12,"name":"digits","state":"completed","trials":8,)"
        R"("reports":80,"log_bytes":100,"files":6,"bytes":4096}],"free_files":4,"free_bytes":2048})"
        "\n");
  CHECK(json.err.empty());
}

TEST_CASE("gc: what was deleted goes to stdout, what is kept is talk") {
  pb::GcDetail end = done();
  end.set_kept_files(1);
  end.set_kept_bytes(10);
  FakeDaemon daemon(house(end));
  const CliRun run = run_line({"gc"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out == "4 files (2.0 KiB) deleted\n");
  CHECK(run.err.starts_with("1 file (10 B) kept that nothing needs yet"));
  CHECK_FALSE(daemon.requests().front().start_gc().dry_run());
  CHECK(run_line({"gc", "--dry-run"}, daemon.endpoint()).out ==
        "4 files (2.0 KiB) would be deleted\n");
  CHECK(run_line({"gc", "--json"}, daemon.endpoint()).out ==
        R"({"dry_run":false,"files":4,"bytes":2048,"kept_files":1,"kept_bytes":10})"
        "\n");
  CHECK(run_line({"gc", "-q"}, daemon.endpoint()).err.empty());
}

TEST_CASE("gc: one that failed and one that nobody knows of any more are errors") {
  pb::GcDetail failed = done();
  failed.set_phase("failed");
  failed.set_code(6);
  failed.set_message("nothing was deleted");
  FakeDaemon daemon(house(failed));
  const CliRun run = run_line({"gc"}, daemon.endpoint());
  CHECK(run.code == 6);
  CHECK(run.err.find("nothing was deleted") != std::string::npos);
  pb::GcDetail forgotten;
  FakeDaemon other(house(forgotten));
  const CliRun lost = run_line({"gc"}, other.endpoint());
  CHECK(lost.code == 3);
  CHECK(lost.err.find("ask for it once more") != std::string::npos);
}
