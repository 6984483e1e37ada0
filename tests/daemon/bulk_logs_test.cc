// Logs through the bulk door: what is appended, refused and synced together.
#include "blobs/digest.h"
#include "daemon/bulk.h"
#include "tests/daemon/bulk_fixture.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

using namespace sweepd;
using namespace sweepd::daemon::test;
using namespace std::chrono_literals;
using daemon::BulkDoor;
using sweepd::testing::Folder;
using sweepd::testing::pattern;

TEST_CASE("bulk door: logs are appended, overlaps trimmed, gaps reported") {
  Daemon daemon;
  blobs::BulkClient client = daemon.client();
  const auto append = [&](std::uint64_t offset, const std::string& bytes) {
    return *client.append_log({kAttempt, pb::STDOUT, offset, bytes}, kPatience);
  };
  CHECK(append(0, "hello ") == 6);
  CHECK(append(0, "hello ") == 6);
  CHECK(append(3, "lo world") == 11);
  CHECK(append(20, "gap") == 11);
  CHECK(*client.append_log({kAttempt, pb::STDERR, 0, "other"}, kPatience) == 5);
  CHECK(daemon.logs.read({kAttempt, daemon::LogStream::kStdout}, 0, 100)->bytes == "hello world");
  CHECK(daemon.logs.read({kAttempt, daemon::LogStream::kStderr}, 0, 100)->bytes == "other");
}

TEST_CASE("bulk door: a log that cannot be stored is refused in the words of the store") {
  Daemon daemon;
  daemon.logs.set_full(true);
  const Result<std::uint64_t> appended =
      daemon.client().append_log({kAttempt, pb::STDOUT, 0, "x"}, kPatience);
  CHECK(appended.error() == Error{Errc::kUnavailable, "the disk is full"});
  daemon.logs.set_full(false);
  CHECK(*daemon.client().append_log({kAttempt, pb::STDOUT, 0, "x"}, kPatience) == 1);
}

TEST_CASE("bulk door: with little room new bytes are refused, what is there is given") {
  Daemon daemon;
  blobs::BulkClient client = daemon.client();
  fill(daemon.folder, "code");
  const std::string digest = sent_digest(client, daemon.folder / "code");
  daemon.gate.keep_free(UINT64_MAX);
  Stranger stranger(daemon);
  CHECK(stranger.ask(append_request(0, "abc")).code() == static_cast<int>(Errc::kUnavailable));
  pb::BulkRequest put;
  put.mutable_put()->set_digest(blobs::digest_of("new"));
  put.mutable_put()->set_size(3);
  put.mutable_put()->set_data("new");
  CHECK(stranger.ask(put).message() ==
        "the daemon's disk is almost full: logs and files are taken again when there is room");
  pb::BulkRequest has;
  has.mutable_has()->add_digests(digest);
  CHECK(stranger.ask(has).missing().digests_size() == 0);
  pb::BulkRequest get;
  get.mutable_get()->set_digest(digest);
  get.mutable_get()->set_length(10);
  CHECK(stranger.ask(get).chunk().data().size() == 10);
  daemon.gate.keep_free(0);
  CHECK(stranger.ask(append_request(0, "abc")).log().offset() == 3);
  CHECK(stranger.ask(put).progress().complete());
}

TEST_CASE("bulk door: appends to logs that cannot be are refused and not stored") {
  Daemon daemon;
  Stranger stranger(daemon);
  pb::BulkRequest request = append_request(0, "x");
  request.mutable_append_log()->set_stream(pb::LOG_UNSPECIFIED);
  CHECK(stranger.ask(request).code() == code(Errc::kInvalidArgument));
  request = append_request(0, "x");
  request.mutable_append_log()->set_stream(static_cast<pb::LogStream>(99));
  CHECK(stranger.ask(request).code() == code(Errc::kInvalidArgument));
  request = append_request(0, "x");
  request.mutable_append_log()->mutable_attempt()->set_trial(0);
  CHECK(stranger.ask(request).code() == code(Errc::kInvalidArgument));
  request = append_request(0, "x");
  request.mutable_append_log()->clear_attempt();
  CHECK(stranger.ask(request).code() == code(Errc::kInvalidArgument));
  CHECK(stranger.ask(append_request(UINT64_MAX, "x")).code() == code(Errc::kInvalidArgument));
  CHECK(daemon.logs.logs() == 0);
}

TEST_CASE("bulk door: what waited while one sync ran shares the next") {
  Daemon daemon;
  daemon.logs.hold(true);
  Stranger stranger(daemon);
  stranger.send(wire::encode(append_request(0, "a")));
  while (daemon.logs.calls() == 0) {
    usleep(1000);
  }
  for (std::uint64_t i = 1; i < 20; ++i) {
    stranger.send(wire::encode(append_request(i, "b")));
  }
  usleep(100'000);
  daemon.logs.hold(false);
  for (std::uint64_t i = 0; i < 20; ++i) {
    CHECK(stranger.receive().log().offset() == i + 1);
  }
  CHECK(daemon.logs.calls() <= 3);
}
