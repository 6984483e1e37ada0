// server backup: it waits for the end that the daemon tells, and says what came of it.
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

using namespace sweepd;
using namespace sweepd::cli;

namespace {

// Answers the start with "checking", and every further question with `end`.
FakeDaemon::Answer ending_with(const pb::BackupDetail& end) {
  return [end](const pb::ClientRequest& request, pb::ClientReply& reply) {
    *reply.mutable_backup() = end;
    if (request.has_start_backup()) {
      reply.mutable_backup()->set_phase("checking");
      reply.mutable_backup()->clear_code();
    }
    reply.mutable_backup()->set_folder("/b/monday");
  };
}

}  // namespace

TEST_CASE("backup: its folder goes to stdout, and the way back is told") {
  pb::BackupDetail end;
  end.set_phase("done");
  end.set_sweeps(2);
  end.set_blobs(4);
  end.set_blob_bytes(2048);
  FakeDaemon daemon(ending_with(end));
  const CliRun run = run_line({"server", "backup", "/b/monday"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out == "/b/monday\n");
  CHECK(run.err.find("sweepd restore /b/monday --state NEWFOLDER") != std::string::npos);
  const std::vector<pb::ClientRequest> requests = daemon.requests();
  REQUIRE(requests.size() >= 2);
  CHECK(requests[0].start_backup().folder() == "/b/monday");
  CHECK(requests[1].has_show_backup());
  const CliRun json = run_line({"server", "backup", "/b/monday", "--json"}, daemon.endpoint());
  CHECK(json.out == R"({"folder":"/b/monday","phase":"done","sweeps":2,"records":0,"blobs":4,)"
                    R"("blob_bytes":2048})"
                    "\n");
  CHECK(json.err.empty());
}

TEST_CASE("backup: a failed one is an error with the daemon's words and class") {
  pb::BackupDetail end;
  end.set_phase("failed");
  end.set_code(6);
  end.set_message("'/b/monday' is there already");
  FakeDaemon daemon(ending_with(end));
  const CliRun run = run_line({"server", "backup", "/b/monday"}, daemon.endpoint());
  CHECK(run.code == 6);
  CHECK(run.out.empty());
  CHECK(run.err.find("is there already") != std::string::npos);
}

TEST_CASE("backup: a relative folder is made absolute, because the daemon works elsewhere") {
  pb::BackupDetail end;
  end.set_phase("done");
  FakeDaemon daemon(ending_with(end));
  run_line({"server", "backup", "monday", "-q"}, daemon.endpoint());
  CHECK(daemon.requests()[0].start_backup().folder().front() == '/');
}
