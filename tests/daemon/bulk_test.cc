// The bulk door over real sockets: round trips, restarts in the middle, hostile peers, group
// commit.
#include "daemon/bulk.h"

#include "base/limits.h"
#include "blobs/bulk_client.h"
#include "blobs/digest.h"
#include "blobs/scan.h"
#include "tests/blobs/folder.h"
#include "wire/protocol.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

using namespace sweepd;
using namespace std::chrono_literals;
using daemon::BlobStore;
using daemon::BulkDoor;
using daemon::LogAppend;
using daemon::LogKey;
using sweepd::testing::Folder;
using sweepd::testing::pattern;

namespace {

const AttemptKey kAttempt{{12}, {7}, {1}};

// Logs in memory, with a brake.
class MemoryLogs final : public daemon::LogStore {
 public:
  Result<std::vector<std::uint64_t>> append(const std::vector<LogAppend>& appends) override {
    std::unique_lock lock(mutex_);
    ++calls_;
    free_.wait(lock, [this] { return !held_; });
    if (full_) {
      return Error{Errc::kUnavailable, "the disk is full"};
    }
    std::vector<std::uint64_t> stored;
    for (const LogAppend& append : appends) {
      std::string& log = logs_[append.log];
      const std::uint64_t end = append.offset + append.bytes.size();
      if (append.offset <= log.size() && end > log.size()) {
        log += append.bytes.substr(log.size() - append.offset);
      }
      stored.push_back(log.size());
    }
    return stored;
  }

  Result<std::uint64_t> size(const LogKey& log) override {
    const std::lock_guard lock(mutex_);
    return logs_[log].size();
  }

  Result<std::string> read(const LogKey& log, std::uint64_t offset, std::size_t length) override {
    const std::lock_guard lock(mutex_);
    return logs_[log].substr(offset, length);
  }

  std::size_t logs() {
    const std::lock_guard lock(mutex_);
    return logs_.size();
  }

  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  void set_full(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }

  void hold(bool held) {
    {
      const std::lock_guard lock(mutex_);
      held_ = held;
    }
    free_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  std::map<LogKey, std::string> logs_;
  int calls_ = 0;
  bool full_ = false;
  bool held_ = false;
};

// A daemon with nothing but a bulk door.
struct Daemon {
  Folder folder;
  wire::Context context;
  BlobStore store = *BlobStore::open(folder / "blobs");
  MemoryLogs logs;
  daemon::FileGate gate;
  std::unique_ptr<BulkDoor> door;

  Daemon() { start(); }

  std::string address() const { return "ipc://" + (folder / "bulk"); }

  void start() {
    Result<std::unique_ptr<BulkDoor>> started =
        BulkDoor::start({context, store, logs, gate}, address());
    if (!started.ok()) {
      FAIL(started.error().message);
    }
    door = *std::move(started);
  }

  void stop() { door.reset(); }

  blobs::BulkClient client() { return *blobs::BulkClient::connect(context, address()); }
};

const blobs::Patience kPatience{.whole = 60s, .silence = 20s, .going_on = {}};

blobs::LocalTree scanned(const std::string& folder) {
  return *blobs::scan_folder({.folder = folder, .only = {}});
}

// The digest of a folder that was sent.
std::string sent_digest(blobs::BulkClient& client, const std::string& folder) {
  const Result<blobs::TreeSent> sent = client.put_tree(scanned(folder), kPatience);
  if (!sent.ok()) {
    FAIL(sent.error().message);
  }
  return sent->digest;
}

// Some of everything.
void fill(const Folder& folder, const std::string& name) {
  folder.write(name + "/main.py", "print('hello')\n");
  folder.write(name + "/empty", "");
  folder.write(name + "/pkg/__init__.py", "");
  folder.write(name + "/pkg/größe/日本.txt", "ü");
  folder.write(name + "/same", "print('hello')\n");
  folder.write(name + "/large", pattern(3 * limits::kChunkBytes + 11));
  folder.write(name + "/run.sh", "#!/bin/sh\n");
  REQUIRE(chmod((folder / (name + "/run.sh")).c_str(), 0755) == 0);
}

// A peer that says what it likes.
class Stranger {
 public:
  explicit Stranger(Daemon& daemon)
      : dealer_(*wire::Dealer::connect(
            daemon.context, daemon.address(), blobs::bulk_socket_options())) {}

  void send(const std::string& bytes) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (dealer_.send(bytes) != wire::Sent::kYes) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      usleep(1000);
    }
  }

  pb::BulkReply receive() {
    std::array<wire::PollItem, 1> items{};
    items[0].dealer = &dealer_;
    wire::poll(items, 5s);
    const std::optional<std::string> bytes = dealer_.receive();
    REQUIRE(bytes.has_value());
    pb::BulkReply reply;
    REQUIRE(wire::decode(*bytes, limits::kBulkMessageBytesMax, reply).ok());
    return reply;
  }

  pb::BulkReply ask(pb::BulkRequest request) {
    request.set_tag(++tag_);
    send(wire::encode(request));
    pb::BulkReply reply = receive();
    CHECK(reply.tag() == tag_);
    return reply;
  }

 private:
  wire::Dealer dealer_;
  std::uint64_t tag_ = 100;
};

pb::BulkRequest append_request(std::uint64_t offset, const std::string& bytes) {
  pb::BulkRequest request;
  *request.mutable_append_log()->mutable_attempt() = wire::to_proto(kAttempt);
  request.mutable_append_log()->set_stream(pb::STDOUT);
  request.mutable_append_log()->set_offset(offset);
  request.mutable_append_log()->set_data(bytes);
  return request;
}

int code(Errc errc) {
  return static_cast<int>(errc);
}

}  // namespace

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
  CHECK(*daemon.logs.read({kAttempt, daemon::LogStream::kStdout}, 0, 100) == "hello world");
  CHECK(*daemon.logs.read({kAttempt, daemon::LogStream::kStderr}, 0, 100) == "other");
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
  daemon.gate.set_open(false);
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
  daemon.gate.set_open(true);
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
  CHECK(BulkDoor::start({daemon.context, daemon.store, daemon.logs, daemon.gate},
                        "ipc:///nowhere/at/all")
            .error()
            .code == Errc::kUnavailable);
}
