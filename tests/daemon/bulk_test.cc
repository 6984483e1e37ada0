// The bulk door over real sockets: round trips, restarts in the middle, several at once.
#include "daemon/bulk.h"

#include "blobs/digest.h"
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

TEST_CASE(
    "bulk door: a folder goes in and comes out the same, and the second time nothing is sent") {
  Daemon daemon;
  fill(daemon.folder, "in");
  blobs::BulkClient client = daemon.client();
  blobs::Progress last;
  blobs::Patience watched = kPatience;
  watched.going_on = [&last](const blobs::Progress& progress) {
    last = progress;
    return true;
  };
  const Result<blobs::TreeSent> sent = client.put_tree(scanned(daemon.folder / "in"), watched);
  REQUIRE(sent.ok());
  CHECK(sent->files_sent == 6);  // five contents and the manifest
  CHECK(last.files_total == 6);
  CHECK(daemon.store.complete_tree(sent->digest).ok());
  const Result<blobs::TreeSent> again = client.put_tree(scanned(daemon.folder / "in"), kPatience);
  CHECK(again->files_sent == 0);
  CHECK(again->digest == sent->digest);
  const Result<blobs::TreeFetched> got =
      client.get_tree({sent->digest, "", daemon.folder / "out"}, kPatience);
  REQUIRE(got.ok());
  CHECK(got->files == 7);
  CHECK(daemon.folder.files("out") == daemon.folder.files("in"));
  CHECK(daemon.folder.executable("out/run.sh"));
  CHECK_FALSE(daemon.folder.executable("out/main.py"));
}

TEST_CASE("bulk door: an empty folder is a tree, too") {
  Daemon daemon;
  std::filesystem::create_directory(daemon.folder / "in");
  blobs::BulkClient client = daemon.client();
  const Result<blobs::TreeSent> sent = client.put_tree(scanned(daemon.folder / "in"), kPatience);
  REQUIRE(sent.ok());
  CHECK(sent->digest == blobs::digest_of(""));
  CHECK(client.get_tree({sent->digest, "", daemon.folder / "out"}, kPatience)->files == 0);
  CHECK(std::filesystem::is_directory(daemon.folder / "out"));
}

TEST_CASE("bulk door: a part of a tree, or one file of it, is fetched without its folder") {
  Daemon daemon;
  fill(daemon.folder, "in");
  blobs::BulkClient client = daemon.client();
  const std::string digest = sent_digest(client, daemon.folder / "in");
  REQUIRE(client.get_tree({digest, "pkg", daemon.folder / "part"}, kPatience).ok());
  CHECK(daemon.folder.files("part") == daemon.folder.files("in/pkg"));
  REQUIRE(client.get_tree({digest, "pkg/__init__.py", daemon.folder / "one"}, kPatience).ok());
  CHECK(daemon.folder.files("one") == std::map<std::string, std::string>{{"__init__.py", ""}});
  CHECK(client.get_tree({digest, "pk", daemon.folder / "none"}, kPatience).error().code ==
        Errc::kNotFound);
}

TEST_CASE("bulk door: a blob comes into memory, up to the size that is allowed") {
  Daemon daemon;
  fill(daemon.folder, "in");
  blobs::BulkClient client = daemon.client();
  REQUIRE(client.put_tree(scanned(daemon.folder / "in"), kPatience).ok());
  const std::string large = daemon.folder.read("in/large");
  const std::string digest = blobs::digest_of(large);
  CHECK(*client.get_blob({digest, large.size()}, kPatience) == large);
  CHECK(client.get_blob({digest, large.size() - 1}, kPatience).error().code ==
        Errc::kInvalidArgument);
  CHECK(client.get_blob({blobs::digest_of("nobody has this"), 1}, kPatience).error().code ==
        Errc::kNotFound);
}

namespace {

// Runs one transfer to its end and restarts the daemon each time it has moved on by `every` bytes.
Result<blobs::Outcome> run_with_restarts(Daemon& daemon,
                                         blobs::BulkSession& session,
                                         blobs::JobId job,
                                         std::uint64_t every,
                                         int& restarts) {
  std::uint64_t next = every;
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const auto since = std::chrono::steady_clock::now() - begin;
    REQUIRE(since < 60s);
    // A hundred times as fast, so that no patience costs the test seconds.
    const Instant now{std::chrono::duration_cast<std::chrono::microseconds>(since).count() * 100};
    std::vector<blobs::Finished> finished = session.pump(now);
    if (!finished.empty()) {
      return finished.front().outcome;
    }
    if (session.progress(job)->bytes >= next) {
      daemon.stop();
      daemon.start();
      ++restarts;
      next = session.progress(job)->bytes + every;
    }
    std::array<wire::PollItem, 1> items{};
    items[0].dealer = &session.dealer();
    wire::poll(items, 2ms);
  }
}

}  // namespace

TEST_CASE("bulk door: an upload survives restarts of the daemon in its middle") {
  Daemon daemon;
  fill(daemon.folder, "in");
  daemon.folder.write("in/huge", pattern(12'000'000));
  blobs::BulkSession session = *blobs::BulkSession::connect(daemon.context, daemon.address());
  int restarts = 0;
  const blobs::JobId job = session.put_tree(scanned(daemon.folder / "in"));
  const Result<blobs::Outcome> outcome =
      run_with_restarts(daemon, session, job, 3'000'000, restarts);
  REQUIRE(outcome.ok());
  CHECK(restarts > 0);
  const std::string& digest = std::get<blobs::TreeSent>(*outcome).digest;
  const Result<blobs::Tree> tree = daemon.store.complete_tree(digest);
  REQUIRE(tree.ok());
  for (const blobs::TreeFile& file : tree->files) {
    CHECK(daemon.store.verify(file.digest).ok());
  }
  CHECK(daemon.folder.files("blobs/tmp").empty());
}

TEST_CASE("bulk door: a download survives restarts of the daemon in its middle") {
  Daemon daemon;
  fill(daemon.folder, "in");
  daemon.folder.write("in/huge", pattern(12'000'000));
  blobs::BulkClient client = daemon.client();
  const std::string digest = sent_digest(client, daemon.folder / "in");
  blobs::BulkSession session = *blobs::BulkSession::connect(daemon.context, daemon.address());
  int restarts = 0;
  const blobs::JobId job = session.get_tree({digest, "", daemon.folder / "out"});
  REQUIRE(run_with_restarts(daemon, session, job, 3'000'000, restarts).ok());
  CHECK(restarts > 0);
  CHECK(daemon.folder.files("out") == daemon.folder.files("in"));
}

TEST_CASE("bulk door: several who send the same at the same time all succeed") {
  Daemon daemon;
  fill(daemon.folder, "in");
  daemon.folder.write("in/huge", pattern(5'000'000));
  std::vector<std::thread> senders;
  std::atomic<int> succeeded = 0;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&daemon, &succeeded] {
      blobs::BulkClient client = daemon.client();
      succeeded += client.put_tree(scanned(daemon.folder / "in"), kPatience).ok() ? 1 : 0;
    });
  }
  for (std::thread& sender : senders) {
    sender.join();
  }
  CHECK(succeeded == 4);
  CHECK(daemon.store.verify(blobs::digest_of(pattern(5'000'000))).ok());
  CHECK(daemon.folder.files("blobs/tmp").empty());
}

TEST_CASE(
    "bulk door: a file that changes while it is sent ends the upload, and nothing wrong is "
    "stored") {
  Daemon daemon;
  daemon.folder.write("in/x", "abc");
  blobs::LocalTree local = scanned(daemon.folder / "in");
  daemon.folder.write("in/x", "abd");
  const Error error = daemon.client().put_tree(std::move(local), kPatience).error();
  CHECK(error.code == Errc::kWrongState);
  CHECK(error.message.find("in/x' changed while it was sent") != std::string::npos);
  CHECK_FALSE(daemon.store.has(blobs::digest_of("abc")));
}
