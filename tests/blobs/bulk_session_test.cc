// The session against a door whose every answer the test decides, under a clock that the test
// turns.
#include "blobs/bulk_session.h"

#include "base/limits.h"
#include "blobs/bulk_client.h"
#include "blobs/digest.h"
#include "tests/blobs/folder.h"
#include "wire/protocol.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

using namespace sweepd;
using namespace sweepd::blobs;
using sweepd::testing::Folder;
using sweepd::testing::pattern;
using namespace std::chrono_literals;

namespace {

struct Asked {
  std::string peer;
  pb::BulkRequest request;
};

// Both ends of a connection in one thread.
class Pair {
 public:
  // Pumps once the connection stands and lets the messages cross.
  std::vector<Finished> pump() {
    std::vector<Finished> all;
    for (int i = 0; i < 20; ++i) {
      for (Finished& finished : session.pump(now)) {
        all.push_back(std::move(finished));
      }
      usleep(1000);
    }
    return all;
  }

  // Every request that has arrived.
  std::vector<Asked> take() {
    std::vector<Asked> all;
    while (std::optional<wire::Incoming> incoming = router.receive()) {
      Asked asked{incoming->peer, {}};
      REQUIRE(wire::decode(incoming->bytes, limits::kBulkMessageBytesMax, asked.request).ok());
      all.push_back(std::move(asked));
    }
    return all;
  }

  // The same, and waits for the first.
  std::vector<Asked> take_some() {
    for (int i = 0; i < 500; ++i) {
      pump_nothing();
      if (std::vector<Asked> all = take(); !all.empty()) {
        return all;
      }
    }
    FAIL("nothing was asked");
    return {};
  }

  void answer(const Asked& asked, pb::BulkReply reply) {
    reply.set_tag(asked.request.tag());
    CHECK(router.send(asked.peer, wire::encode(reply)) == wire::Sent::kYes);
  }

  void pump_nothing() { CHECK(pump().empty()); }

  Folder folder;
  wire::Context context;
  wire::Router router =
      *wire::Router::bind(context, "ipc://" + (folder / "door"), bulk_socket_options());
  BulkSession session = *BulkSession::connect(context, "ipc://" + (folder / "door"));
  Instant now{1'000'000};
};

pb::BulkReply log_reply(std::uint64_t offset) {
  pb::BulkReply reply;
  reply.mutable_log()->set_offset(offset);
  return reply;
}

LogBytes log_bytes(const std::string& bytes) {
  return {{{1}, {2}, {3}}, pb::STDERR, 10, bytes};
}

LocalTree one_file(const Folder& folder, const std::string& content) {
  folder.write("tree/x", content);
  return *scan_folder({.folder = folder / "tree", .only = {}});
}

pb::BulkReply all_missing(const pb::BulkRequest& request) {
  pb::BulkReply reply;
  for (const std::string& digest : request.has().digests()) {
    reply.mutable_missing()->add_digests(digest);
  }
  return reply;
}

}  // namespace

TEST_CASE("bulk session: an append is asked, answered, and finished") {
  Pair pair;
  const JobId job = pair.session.append_log(log_bytes("hello"));
  const std::vector<Asked> asked = pair.take_some();
  REQUIRE(asked.size() == 1);
  const pb::AppendLog& append = asked[0].request.append_log();
  CHECK(wire::from_proto(append.attempt()) == AttemptKey{{1}, {2}, {3}});
  CHECK(append.stream() == pb::STDERR);
  CHECK(append.offset() == 10);
  CHECK(append.data() == "hello");
  pair.answer(asked[0], log_reply(15));
  const std::vector<Finished> finished = pair.pump();
  REQUIRE(finished.size() == 1);
  CHECK(finished[0].job == job);
  CHECK(std::get<LogAppended>(*finished[0].outcome).stored == 15);
  CHECK_FALSE(pair.session.next_deadline(pair.now).has_value());
  CHECK_FALSE(pair.session.progress(job).has_value());
}

TEST_CASE(
    "bulk session: what is not answered is asked again, later and later, and a late answer is "
    "ignored") {
  Pair pair;
  pair.session.append_log(log_bytes("hello"));
  const Asked first = pair.take_some().at(0);
  pair.now = pair.now + milliseconds(1999);
  pair.pump_nothing();
  CHECK(pair.take().empty());
  pair.now = pair.now + milliseconds(1);
  const Asked second = pair.take_some().at(0);
  CHECK(second.request.tag() != first.request.tag());
  CHECK(second.request.append_log().data() == "hello");
  pair.now = pair.now + milliseconds(3999);
  pair.pump_nothing();
  CHECK(pair.take().empty());
  pair.answer(first, log_reply(15));
  pair.pump_nothing();
  pair.answer(second, log_reply(15));
  CHECK(pair.pump().size() == 1);
}

TEST_CASE("bulk session: a refusal ends the transfer with the daemon's words") {
  Pair pair;
  pair.session.append_log(log_bytes("hello"));
  pb::BulkReply refusal;
  refusal.set_code(static_cast<int>(Errc::kUnavailable));
  refusal.set_message("the disk is full");
  pair.answer(pair.take_some().at(0), refusal);
  const std::vector<Finished> finished = pair.pump();
  REQUIRE(finished.size() == 1);
  CHECK(finished[0].outcome.error() == Error{Errc::kUnavailable, "the disk is full"});
}

TEST_CASE("bulk session: too much of a log at once is an error of its own") {
  Pair pair;
  pair.session.append_log(log_bytes(std::string(limits::kChunkBytes + 1, 'x')));
  const std::vector<Finished> finished = pair.pump();
  REQUIRE(finished.size() == 1);
  CHECK(finished[0].outcome.error().code == Errc::kInvalidArgument);
}

TEST_CASE(
    "bulk session: no more than eight chunks are under way, and a log gets its turn meanwhile") {
  Pair pair;
  pair.session.put_tree(one_file(pair.folder, pattern(20 * limits::kChunkBytes)));
  const Asked question = pair.take_some().at(0);
  CHECK(question.request.has().digests_size() == 2);  // the file and the manifest
  pair.answer(question, all_missing(question.request));
  std::vector<Asked> pieces = pair.take_some();
  pair.pump_nothing();
  for (Asked& asked : pair.take()) {
    pieces.push_back(std::move(asked));
  }
  CHECK(pieces.size() == 8);
  const JobId log = pair.session.append_log(log_bytes("hello"));
  pb::BulkReply progress;
  progress.mutable_progress()->set_offset(limits::kChunkBytes);
  pair.answer(pieces[0], progress);
  const std::vector<Asked> next = pair.take_some();
  CHECK(next[0].request.has_append_log());
  pair.answer(next[0], log_reply(15));
  const std::vector<Finished> finished = pair.pump();
  REQUIRE(finished.size() == 1);
  CHECK(finished[0].job == log);
}

TEST_CASE(
    "bulk session: of two trees the first is sent before anything of the second, logs between") {
  Pair pair;
  pair.folder.write("first/x", pattern(20 * limits::kChunkBytes));
  pair.folder.write("second/x", pattern(20 * limits::kChunkBytes - 1));
  const LocalTree first = *scan_folder({.folder = pair.folder / "first", .only = {}});
  const std::string file = first.tree.files.at(0).digest;
  pair.session.put_tree(first);
  pair.session.put_tree(*scan_folder({.folder = pair.folder / "second", .only = {}}));
  std::vector<Asked> questions = pair.take_some();
  while (questions.size() < 2) {
    for (Asked& asked : pair.take_some()) {
      questions.push_back(std::move(asked));
    }
  }
  for (const Asked& question : questions) {
    pair.answer(question, all_missing(question.request));
  }
  std::uint64_t stored = 0;
  bool logged = false;
  while (stored < 20) {
    for (const Asked& asked : pair.take_some()) {
      if (asked.request.has_append_log()) {
        logged = true;
        CHECK(stored < 10);
        continue;
      }
      REQUIRE(asked.request.has_put());
      if (asked.request.put().digest() != file) {
        CHECK(stored > 12);  // the rest of the first one is under way
        continue;
      }
      pb::BulkReply progress;
      progress.mutable_progress()->set_offset(++stored * limits::kChunkBytes);
      progress.mutable_progress()->set_complete(stored == 20);
      pair.answer(asked, progress);
      if (stored == 2) {
        pair.session.append_log(log_bytes("hello"));
      }
    }
  }
  CHECK(logged);
}

TEST_CASE("bulk session: a tree that may wait for room does, and is asked again, not sent anew") {
  Pair pair;
  pb::BulkReply full;
  full.set_code(static_cast<int>(Errc::kUnavailable));
  full.set_message("no room");
  SUBCASE("it may") {
    pair.session.put_tree(one_file(pair.folder, "abc"), NoRoom::kWaits);
    const Asked question = pair.take_some().at(0);
    pair.answer(question, all_missing(question.request));
    for (int i = 0; i < 3; ++i) {
      const Asked piece = pair.take_some().at(0);
      REQUIRE(piece.request.has_put());
      pair.answer(piece, full);
      pair.pump_nothing();
      CHECK(pair.take().empty());
      CHECK(pair.session.next_deadline(pair.now) == pair.now + seconds(1));
      pair.now = pair.now + seconds(1);
    }
  }
  SUBCASE("it may not") {
    pair.session.put_tree(one_file(pair.folder, "abc"));
    const Asked question = pair.take_some().at(0);
    pair.answer(question, all_missing(question.request));
    pair.answer(pair.take_some().at(0), full);
    const std::vector<Finished> finished = pair.pump();
    REQUIRE(finished.size() == 1);
    CHECK(finished[0].outcome.error().message == "no room");
  }
}

TEST_CASE("bulk session: one tree that has no room keeps no other from being sent") {
  Pair pair;
  pb::BulkReply full;
  full.set_code(static_cast<int>(Errc::kUnavailable));
  pair.folder.write("second/x", "def");
  pair.session.put_tree(one_file(pair.folder, "abc"), NoRoom::kWaits);
  const JobId second = pair.session.put_tree(
      *scan_folder({.folder = pair.folder / "second", .only = {}}), NoRoom::kWaits);
  std::vector<Finished> finished;
  while (finished.empty()) {
    for (const Asked& asked : pair.take()) {
      pb::BulkReply stored;
      stored.mutable_progress()->set_offset(asked.request.put().size());
      stored.mutable_progress()->set_complete(true);
      const bool refused = asked.request.put().data() == "abc";
      pair.answer(asked,
                  asked.request.has_has() ? all_missing(asked.request)
                  : refused               ? full
                                          : stored);
    }
    finished = pair.pump();
  }
  CHECK(finished[0].job == second);
  CHECK(finished[0].outcome.ok());
}

TEST_CASE("bulk session: a cancelled transfer asks nothing more and nothing comes out of it") {
  Pair pair;
  const JobId job = pair.session.put_tree(one_file(pair.folder, "abc"));
  const Asked question = pair.take_some().at(0);
  pair.session.cancel(job);
  pair.answer(question, all_missing(question.request));
  pair.pump_nothing();
  CHECK(pair.take().empty());
  CHECK_FALSE(pair.session.next_deadline(pair.now).has_value());
}

TEST_CASE("bulk session: the manifest goes last") {
  Pair pair;
  pair.session.put_tree(one_file(pair.folder, "abc"));
  const Asked question = pair.take_some().at(0);
  pair.answer(question, all_missing(question.request));
  const std::vector<Asked> pieces = pair.take_some();
  pair.pump_nothing();
  CHECK(pair.take().empty());
  REQUIRE(pieces.size() == 1);
  CHECK(pieces[0].request.put().data() == "abc");
  pb::BulkReply complete;
  complete.mutable_progress()->set_offset(3);
  complete.mutable_progress()->set_complete(true);
  pair.answer(pieces[0], complete);
  const Asked manifest = pair.take_some().at(0);
  CHECK(decode_tree(manifest.request.put().data())->files.at(0).path == "x");
  CHECK(manifest.request.put().digest() == digest_of(manifest.request.put().data()));
}

TEST_CASE(
    "bulk session: a daemon that misses what it was not asked about, or answers past the point, is "
    "refused") {
  const auto outcome_of = [](const std::function<void(pb::BulkReply&)>& change) {
    Pair pair;
    pair.session.put_tree(one_file(pair.folder, "abc"));
    const Asked question = pair.take_some().at(0);
    pb::BulkReply reply;
    change(reply);
    pair.answer(question, reply);
    const std::vector<Finished> finished = pair.pump();
    REQUIRE(finished.size() == 1);
    return finished[0].outcome;
  };
  const auto stranger = [](pb::BulkReply& reply) {
    reply.mutable_missing()->add_digests(digest_of("something else"));
  };
  const auto beside = [](pb::BulkReply& reply) {
    reply.mutable_log()->set_offset(1);
  };
  const auto nothing = [](pb::BulkReply& reply) {
    reply.mutable_missing();
  };
  CHECK(outcome_of(stranger).error().code == Errc::kCorrupt);
  CHECK(outcome_of(beside).error().code == Errc::kCorrupt);
  CHECK(std::get<TreeSent>(*outcome_of(nothing)).files_sent == 0);
}

TEST_CASE("bulk session: messages that are none, or answer nobody, change nothing") {
  Pair pair;
  pair.session.append_log(log_bytes("hello"));
  const Asked asked = pair.take_some().at(0);
  CHECK(pair.router.send(asked.peer, "\xff\xff garbage") == wire::Sent::kYes);
  pb::BulkReply stray = log_reply(99);
  stray.set_tag(asked.request.tag() + 1000);
  CHECK(pair.router.send(asked.peer, wire::encode(stray)) == wire::Sent::kYes);
  pair.pump_nothing();
  pair.answer(asked, log_reply(15));
  CHECK(pair.pump().size() == 1);
}

TEST_CASE("bulk session: a hostile manifest writes nothing") {
  pb::Manifest manifest;
  pb::Manifest::File& file = *manifest.add_files();
  file.set_path("../escaped");
  file.set_digest(digest_of("abc"));
  file.set_size(3);
  const std::string bytes = wire::encode(manifest);
  Pair pair;
  pair.session.get_tree({digest_of(bytes), "", pair.folder / "in/here"});
  const Asked asked = pair.take_some().at(0);
  pb::BulkReply reply;
  reply.mutable_chunk()->set_data(bytes);
  reply.mutable_chunk()->set_size(bytes.size());
  pair.answer(asked, reply);
  const std::vector<Finished> finished = pair.pump();
  REQUIRE(finished.size() == 1);
  CHECK(finished[0].outcome.error().code == Errc::kInvalidArgument);
  CHECK(pair.folder.files("in").empty());
}

TEST_CASE("bulk session: a file that does not have its digest is not put in its place") {
  const std::string bytes = *encode_tree({{{"x", 3, digest_of("abc"), false}}});
  Pair pair;
  pair.session.get_tree({digest_of(bytes), "", pair.folder / "here"});
  pb::BulkReply reply;
  reply.mutable_chunk()->set_data(bytes);
  reply.mutable_chunk()->set_size(bytes.size());
  pair.answer(pair.take_some().at(0), reply);
  reply.mutable_chunk()->set_data("abd");
  reply.mutable_chunk()->set_size(3);
  pair.answer(pair.take_some().at(0), reply);
  const std::vector<Finished> finished = pair.pump();
  REQUIRE(finished.size() == 1);
  CHECK(finished[0].outcome.error().code == Errc::kCorrupt);
  CHECK(pair.folder.files("here").empty());  // the draft is gone, too
}

TEST_CASE("bulk session: what is no digest is an error before anything is asked") {
  Pair pair;
  pair.session.get_blob({"../../etc/passwd", 1000});
  pair.session.get_tree({"", "", pair.folder / "here"});
  const std::vector<Finished> finished = pair.pump();
  REQUIRE(finished.size() == 2);
  CHECK(finished[0].outcome.error().code == Errc::kInvalidArgument);
  CHECK(finished[1].outcome.error().code == Errc::kInvalidArgument);
  CHECK(pair.take().empty());
}

TEST_CASE("bulk client: where nobody is, patience ends in the way that was asked for") {
  const Folder folder;
  wire::Context context;
  const std::string address = "ipc://" + (folder / "nobody");
  BulkClient client = *BulkClient::connect(context, address);
  const BlobWanted wanted{digest_of("abc"), 3};
  const Result<std::string> silent =
      client.get_blob(wanted, {.whole = 0ms, .silence = 150ms, .going_on = {}});
  CHECK(silent.error().code == Errc::kUnavailable);
  CHECK(silent.error().message.find(address) != std::string::npos);
  CHECK(client.get_blob(wanted, {.whole = 150ms, .silence = 10s, .going_on = {}}).error().code ==
        Errc::kTimeout);
  int looks = 0;
  const auto three_looks = [&looks](const Progress&) {
    return ++looks < 3;
  };
  CHECK(client.get_blob(wanted, {.whole = 0ms, .silence = 10s, .going_on = three_looks})
            .error()
            .code == Errc::kInterrupted);
  CHECK(looks == 3);
}
