// The bulk door among hostile peers, too much at once and a disk that fails.
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

TEST_CASE("bulk door: garbage is answered or dropped, and the door goes on") {
  Daemon daemon;
  Stranger stranger(daemon);
  for (const std::string& bytes : {std::string("garbage"),
                                   std::string("\xff\xff\xff\xff"),
                                   std::string(1000, '\0'),
                                   pattern(100'000)}) {
    stranger.send(bytes);
    CHECK(stranger.receive().code() == code(Errc::kInvalidArgument));
  }
  stranger.send("");
  CHECK(stranger.receive().code() == code(Errc::kInvalidArgument));
  CHECK(stranger.ask({}).code() == code(Errc::kInvalidArgument));
  pb::BulkRequest has;
  has.mutable_has()->add_digests("../../etc/passwd");
  has.mutable_has()->add_digests(blobs::digest_of("abc"));
  CHECK(stranger.ask(has).missing().digests_size() == 2);
  pb::BulkRequest get;
  get.mutable_get()->set_digest("../../etc/passwd");
  get.mutable_get()->set_length(10);
  CHECK(stranger.ask(get).code() == code(Errc::kInvalidArgument));
  pb::BulkRequest put;
  put.mutable_put()->set_digest(blobs::digest_of("abc"));
  put.mutable_put()->set_size(3);
  put.mutable_put()->set_data("abd");
  CHECK(stranger.ask(put).code() == code(Errc::kCorrupt));
  put.mutable_put()->set_offset(UINT64_MAX);
  CHECK(stranger.ask(put).code() == code(Errc::kInvalidArgument));
  CHECK(daemon.folder.files("blobs").empty());
  put.mutable_put()->set_offset(0);
  put.mutable_put()->set_data("abc");
  CHECK(stranger.ask(put).progress().complete());
}

TEST_CASE("bulk door: a message above the limit cuts its sender off and nobody else") {
  Daemon daemon;
  Stranger stranger(daemon);
  Stranger other(daemon);
  stranger.send(std::string(limits::kBulkMessageBytesMax + 1, 'x'));
  pb::BulkRequest has;
  has.mutable_has();
  CHECK(other.ask(has).has_missing());
}

TEST_CASE("bulk door: no more than a chunk is given at once") {
  Daemon daemon;
  daemon.folder.write("in/x", pattern(2 * limits::kChunkBytes));
  REQUIRE(daemon.client().put_tree(scanned(daemon.folder / "in"), kPatience).ok());
  Stranger stranger(daemon);
  pb::BulkRequest get;
  get.mutable_get()->set_digest(blobs::digest_of(pattern(2 * limits::kChunkBytes)));
  get.mutable_get()->set_length(UINT32_MAX);
  const pb::BulkReply reply = stranger.ask(get);
  CHECK(reply.chunk().data().size() == limits::kChunkBytes);
  CHECK(reply.chunk().size() == 2 * limits::kChunkBytes);
}

TEST_CASE("bulk door: a blob that cannot be stored is refused, not acknowledged") {
  Daemon daemon;
  const std::string digest = blobs::digest_of("abc");
  daemon.folder.write("blobs/" + digest.substr(0, 2), "a file where a folder belongs");
  daemon.folder.write("in/x", "abc");
  const Result<blobs::TreeSent> sent =
      daemon.client().put_tree(scanned(daemon.folder / "in"), kPatience);
  CHECK_FALSE(sent.ok());
  CHECK_FALSE(daemon.store.has(digest));
}

TEST_CASE(
    "bulk door: it ends at once when idle and under load, and an address that cannot be is an "
    "error") {
  Daemon daemon;
  const auto begin = std::chrono::steady_clock::now();
  daemon.stop();
  daemon.start();
  blobs::BulkSession session = *blobs::BulkSession::connect(daemon.context, daemon.address());
  daemon.folder.write("in/x", pattern(10'000'000));
  session.put_tree(scanned(daemon.folder / "in"));
  for (int i = 0; i < 50; ++i) {
    session.pump(Instant{i});
    usleep(1000);
  }
  daemon.stop();
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(BulkDoor::start({daemon.context, daemon.store, daemon.offers, daemon.logs, daemon.gate},
                        "ipc:///nowhere/at/all")
            .error()
            .code == Errc::kUnavailable);
}
