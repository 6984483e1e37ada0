// One blob over a network that loses, doubles and reorders, against a daemon that forgets.
#include "blobs/blob_transfer.h"

#include "base/limits.h"
#include "tests/blobs/folder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using namespace sweepd;
using namespace sweepd::blobs;

namespace {

constexpr std::uint64_t kChunk = limits::kChunkBytes;

// What a daemon keeps of one blob.
struct Model {
  std::string digest;
  std::string stored;
  bool complete = false;

  pb::BulkReply answer(const pb::BulkRequest& request) {
    pb::BulkReply reply;
    reply.set_tag(request.tag());
    if (request.has_put()) {
      put(request.put(), reply);
    } else {
      const std::string& blob = stored;
      const auto offset = std::min<std::size_t>(request.get().offset(), blob.size());
      reply.mutable_chunk()->set_data(blob.substr(offset, request.get().length()));
      reply.mutable_chunk()->set_size(blob.size());
    }
    return reply;
  }

 private:
  void put(const pb::PutChunk& piece, pb::BulkReply& reply) {
    const std::uint64_t end = piece.offset() + piece.data().size();
    if (!complete && piece.offset() <= stored.size() && end > stored.size()) {
      stored += piece.data().substr(stored.size() - piece.offset());
    }
    if (!complete && stored.size() == piece.size()) {
      complete = digest_of(stored) == digest;
      if (!complete) {
        stored.clear();
        reply.set_code(static_cast<int>(Errc::kCorrupt));
        return;
      }
    }
    reply.mutable_progress()->set_offset(stored.size());
    reply.mutable_progress()->set_complete(complete);
  }
};

// Requests and answers under way; each step one of them arrives, gets lost, or arrives twice.
class Network {
 public:
  explicit Network(unsigned seed) : random_(seed) {}

  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  template <typename Message>
  std::optional<Message> take(std::vector<Message>& queue, int doubled_percent) {
    if (queue.empty()) {
      return std::nullopt;
    }
    const std::size_t at = chance(20) ? random_() % queue.size() : 0;
    Message message = queue[at];
    if (!chance(doubled_percent)) {
      queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return message;
  }

 private:
  std::minstd_rand random_;
};

struct Faults {
  int lost_percent = 0;
  int doubled_percent = 0;
  int restart_percent = 0;  // the daemon loses a part of what it had
};

// Runs a transfer to its end; false: it did not come to one.
template <typename Transfer, typename Restart>
bool run(Transfer& transfer, Model& model, const Faults& faults, unsigned seed, Restart restart) {
  Network network(seed);
  std::vector<pb::BulkRequest> requests;
  std::vector<pb::BulkReply> replies;
  std::vector<std::uint64_t> unanswered;
  std::uint64_t tag = 0;
  for (int step = 0; step < 20'000 && !transfer.complete(); ++step) {
    pb::BulkRequest request;
    request.set_tag(++tag);
    const auto asked = [&]() -> bool {
      if constexpr (std::is_same_v<Transfer, BlobSender>) {
        return *transfer.next(request);
      } else {
        return transfer.next(request);
      }
    };
    if (unanswered.size() < 8 && asked()) {
      unanswered.push_back(tag);
      if (!network.chance(faults.lost_percent)) {
        requests.push_back(request);
      }
    }
    if (const auto arrived = network.take(requests, faults.doubled_percent)) {
      if (network.chance(faults.restart_percent)) {
        restart(model);
      }
      const pb::BulkReply reply = model.answer(*arrived);
      if (!network.chance(faults.lost_percent)) {
        replies.push_back(reply);
      }
    }
    if (const auto reply = network.take(replies, faults.doubled_percent)) {
      std::erase(unanswered, reply->tag());
      REQUIRE(transfer.answer(*reply).ok());
    }
    // Time passes: the oldest is given up when nothing else moves, and sometimes before.
    const bool idle = requests.empty() && replies.empty() && !unanswered.empty();
    if (!unanswered.empty() && (idle || network.chance(2))) {
      transfer.lost(unanswered.front());
      unanswered.erase(unanswered.begin());
    }
  }
  return transfer.complete();
}

const std::vector<std::uint64_t> kSizes = {
    0, 1, kChunk - 1, kChunk, kChunk + 1, 2 * kChunk, 5 * kChunk + 17};

const std::vector<Faults> kFaults = {
    {0, 0, 0}, {20, 0, 0}, {0, 30, 0}, {20, 20, 0}, {0, 0, 10}, {20, 20, 10}};

}  // namespace

TEST_CASE("blob sender: whatever is lost, doubled, reordered or forgotten, the blob arrives") {
  unsigned seed = 0;
  for (const std::uint64_t size : kSizes) {
    const std::string content = testing::pattern(size);
    for (const Faults& faults : kFaults) {
      CAPTURE(size);
      CAPTURE(++seed);
      Model model{digest_of(content), "", false};
      BlobSender sender({model.digest, size, std::string_view(content)});
      const auto restart = [](Model& daemon) {
        if (!daemon.complete) {
          daemon.stored.resize(daemon.stored.size() / 2);
        }
      };
      CHECK(run(sender, model, faults, seed, restart));
      CHECK(model.complete);
      CHECK(model.stored == content);
      CHECK(sender.stored() == size);
    }
  }
}

TEST_CASE("blob receiver: whatever is lost, doubled or reordered, the blob arrives") {
  unsigned seed = 1000;
  for (const std::uint64_t size : kSizes) {
    const std::string content = testing::pattern(size);
    for (const bool size_known : {false, true}) {
      for (const Faults& faults : kFaults) {
        CAPTURE(size);
        CAPTURE(++seed);
        Model model{digest_of(content), content, true};
        std::string got;
        BlobReceiver receiver({model.digest, size_known ? std::optional(size) : std::nullopt, size},
                              [&got](std::string_view bytes) -> Result<void> {
                                got += bytes;
                                return {};
                              });
        CHECK(run(receiver, model, faults, seed, [](Model&) {}));
        CHECK(got == content);
      }
    }
  }
}

TEST_CASE("blob sender: without faults nothing is sent twice") {
  const std::string content = testing::pattern(5 * kChunk + 17);
  Model model{digest_of(content), "", false};
  BlobSender sender({model.digest, content.size(), std::string_view(content)});
  std::uint64_t bytes = 0;
  for (std::uint64_t tag = 1; !sender.complete(); ++tag) {
    pb::BulkRequest request;
    request.set_tag(tag);
    REQUIRE(*sender.next(request));
    bytes += request.put().data().size();
    REQUIRE(sender.answer(model.answer(request)).ok());
  }
  CHECK(bytes == content.size());
}

TEST_CASE("blob sender: it goes on where another one ended") {
  const std::string content = testing::pattern(4 * kChunk);
  Model model{digest_of(content), content.substr(0, 3 * kChunk), false};
  BlobSender sender({model.digest, content.size(), std::string_view(content)});
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t tag = 1; !sender.complete(); ++tag) {
    pb::BulkRequest request;
    request.set_tag(tag);
    REQUIRE(*sender.next(request));
    offsets.push_back(request.put().offset());
    REQUIRE(sender.answer(model.answer(request)).ok());
  }
  CHECK(offsets == std::vector<std::uint64_t>{0, 3 * kChunk});
}

TEST_CASE("blob sender: a blob that never has its name ends as changed while it was sent") {
  Model model{digest_of("right"), "", false};
  BlobSender sender({model.digest, 5, std::string_view("wrong")});
  Result<void> taken;
  int tries = 0;
  for (std::uint64_t tag = 1; taken.ok(); ++tag, ++tries) {
    REQUIRE(tries < 100);
    pb::BulkRequest request;
    request.set_tag(tag);
    REQUIRE(*sender.next(request));
    taken = sender.answer(model.answer(request));
  }
  CHECK(taken.error().code == Errc::kWrongState);
  CHECK(tries == 4);
}

TEST_CASE("blob sender: a file that is shorter than it was is an error, not a short blob") {
  const testing::Folder folder;
  folder.write("x", "abc");
  BlobSender sender({digest_of("abcdef"), 6, folder / "x"});
  pb::BulkRequest request;
  request.set_tag(1);
  CHECK(sender.next(request).error().code == Errc::kWrongState);
}

namespace {

// The answer of a daemon that is asked for its first piece of a blob.
Result<void> received(const BlobReceiver::Blob& blob, const pb::BulkReply& body) {
  BlobReceiver receiver(blob, [](std::string_view) -> Result<void> { return {}; });
  pb::BulkRequest request;
  request.set_tag(7);
  REQUIRE(receiver.next(request));
  pb::BulkReply reply = body;
  reply.set_tag(7);
  const Result<void> taken = receiver.answer(reply);
  CHECK_FALSE((taken.ok() && receiver.complete()));
  return taken;
}

pb::BulkReply chunk(const std::string& data, std::uint64_t size) {
  pb::BulkReply reply;
  reply.mutable_chunk()->set_data(data);
  reply.mutable_chunk()->set_size(size);
  return reply;
}

}  // namespace

TEST_CASE("blob receiver: a daemon that lies is caught") {
  const std::string digest = digest_of("abc");
  CHECK(received({digest, 3}, chunk("abd", 3)).error().code == Errc::kCorrupt);
  CHECK(received({digest, 3}, chunk("abc", 4)).error().code == Errc::kCorrupt);
  CHECK(received({digest, 3}, chunk("abcd", 3)).error().code == Errc::kCorrupt);
  CHECK(received({digest, 3}, chunk("", 3)).error().code == Errc::kCorrupt);
  CHECK(received({digest, std::nullopt}, chunk("", 0)).error().code == Errc::kCorrupt);
  CHECK(received({digest, std::nullopt, 2}, chunk("abc", 3)).error().code ==
        Errc::kInvalidArgument);
  CHECK(received({digest, 3}, {}).error().code == Errc::kCorrupt);
  pb::BulkReply refusal;
  refusal.set_code(static_cast<int>(Errc::kNotFound));
  refusal.set_message("no such blob");
  CHECK(received({digest, 3}, refusal).error() == Error{Errc::kNotFound, "no such blob"});
  refusal.set_code(4711);
  CHECK(received({digest, 3}, refusal).error().code == Errc::kUnexpected);
}
