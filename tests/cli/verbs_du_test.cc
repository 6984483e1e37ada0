// du, against a daemon of canned answers.
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

using namespace sweepd;
using namespace sweepd::cli;

namespace {

void add(pb::GcDetail& gc, std::uint64_t sweep, std::uint64_t bytes) {
  pb::GcSweep& row = *gc.add_sweeps();
  row.set_sweep(sweep);
  row.set_name("digits");
  row.set_state("running");
  row.set_record_bytes(1024);
  row.set_metric_bytes(2048);
  row.set_log_bytes(512);
  row.set_files(3);
  row.set_bytes(bytes);
}

// Two sweeps, the second of which takes more.
FakeDaemon::Answer house() {
  return [](const pb::ClientRequest&, pb::ClientReply& reply) {
    pb::GcDetail& gc = *reply.mutable_gc();
    gc.set_run(7);
    gc.set_phase("done");
    add(gc, 12, 512);
    add(gc, 13, 4096);
  };
}

}  // namespace

TEST_CASE("du: the largest sweep comes first, and all of them are weighed") {
  FakeDaemon daemon(house());
  const CliRun run = run_line({"du"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out ==
        "SWEEP  NAME    STATE    RECORDS  METRICS   LOGS    FILES     SIZE\n"
        "   13  digits  running  1.0 KiB  2.0 KiB  512 B  4.0 KiB  7.5 KiB\n"
        "   12  digits  running  1.0 KiB  2.0 KiB  512 B    512 B  4.0 KiB\n");
  const pb::StartGc asked = daemon.requests().front().start_gc();
  CHECK(asked.weigh());
  CHECK(asked.dry_run());
  CHECK(asked.without().empty());
}

TEST_CASE("du: sweeps that are named, as scripts read them") {
  FakeDaemon daemon(house());
  const CliRun run =
      run_line({"du", "12", "13", "--json=sweep,file_bytes,bytes"}, daemon.endpoint());
  CHECK(run.out ==
        "[{\"sweep\":13,\"file_bytes\":4096,\"bytes\":7680},\n"
        " {\"sweep\":12,\"file_bytes\":512,\"bytes\":4096}]\n");
  CHECK(run.err.empty());
  CHECK(daemon.requests().front().start_gc().without_size() == 2);
  CHECK(run_line({"du", "-q", "-n", "1"}, daemon.endpoint()).out == "13\n");
}
