// The turns of the bulk door: receive, apply, sync, answer.
#include "daemon/bulk.h"

#include "base/limits.h"
#include "base/log.h"
#include "blobs/bulk_session.h"
#include "daemon/blob_uploads.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace sweepd::daemon {

namespace {

// Of one turn: enough to share a sync well, little enough to answer soon and to keep in memory.
constexpr std::size_t kTurnMessagesMax = 512;
constexpr std::size_t kTurnBytesMax = 32UL * 1024 * 1024;

struct Answer {
  std::string peer;
  pb::BulkReply reply;
  std::string completes;              // the blob whose sync it waits for
  std::optional<std::size_t> append;  // the append whose sync it waits for
};

void refuse(pb::BulkReply& reply, const Error& error) {
  reply.clear_body();
  reply.set_code(static_cast<int>(error.code));
  reply.set_message(error.message);
}

std::optional<LogKey> log_key(const pb::AppendLog& append) {
  const AttemptKey attempt = wire::from_proto(append.attempt());
  const bool known = append.stream() == pb::STDOUT || append.stream() == pb::STDERR;
  if (!known || !attempt.sweep || !attempt.trial || !attempt.attempt) {
    return std::nullopt;
  }
  return LogKey{attempt, append.stream() == pb::STDOUT ? LogStream::kStdout : LogStream::kStderr};
}

// One turn: what was asked and what will be answered.
class Turn {
 public:
  Turn(const BlobStore& store, BlobUploads& uploads, bool admits)
      : store_(store), uploads_(uploads), admits_(admits) {}

  void take(const wire::Incoming& incoming);
  void sync(LogStore& logs);

  // Answers that are not sent before a sync; the turn ends after them.
  std::vector<Answer>& answers() { return answers_; }

  bool full() const { return answers_.size() >= kTurnMessagesMax || bytes_ >= kTurnBytesMax; }

 private:
  void apply(const pb::BulkRequest& request, Answer& answer);
  void has(const pb::HasBlobs& has, Answer& answer);
  void put(const pb::PutChunk& put, Answer& answer);
  void get(const pb::GetChunk& get, Answer& answer) const;
  void append(const pb::AppendLog& append, Answer& answer);
  void sync_blobs();
  void sync_logs(LogStore& logs);

  const BlobStore& store_;
  BlobUploads& uploads_;
  bool admits_;  // new bytes
  std::vector<Answer> answers_;
  std::vector<LogAppend> appends_;
  std::size_t bytes_ = 0;
};

void Turn::take(const wire::Incoming& incoming) {
  bytes_ += incoming.bytes.size();
  Answer& answer = answers_.emplace_back();
  answer.peer = incoming.peer;
  pb::BulkRequest request;
  const Result<void> decoded = wire::decode(incoming.bytes, limits::kBulkMessageBytesMax, request);
  if (!decoded.ok()) {
    refuse(answer.reply, {Errc::kInvalidArgument, decoded.error().message});
    return;
  }
  answer.reply.set_tag(request.tag());
  apply(request, answer);
  bytes_ += answer.reply.chunk().data().size();
}

void Turn::apply(const pb::BulkRequest& request, Answer& answer) {
  if (!admits_ && (request.has_put() || request.has_append_log())) {
    return refuse(answer.reply,
                  {Errc::kUnavailable,
                   "the daemon's disk is almost full: logs and files are taken again when there is "
                   "room"});
  }
  switch (request.body_case()) {
    case pb::BulkRequest::kHas:
      return has(request.has(), answer);
    case pb::BulkRequest::kPut:
      return put(request.put(), answer);
    case pb::BulkRequest::kGet:
      return get(request.get(), answer);
    case pb::BulkRequest::kAppendLog:
      return append(request.append_log(), answer);
    case pb::BulkRequest::BODY_NOT_SET:
      break;
  }
  refuse(answer.reply, {Errc::kInvalidArgument, "a bulk request that this daemon does not know"});
}

void Turn::has(const pb::HasBlobs& has, Answer& answer) {
  pb::MissingBlobs& missing = *answer.reply.mutable_missing();
  for (const std::string& digest : has.digests()) {
    if (!uploads_.has(digest)) {
      missing.add_digests(digest);
    }
  }
}

void Turn::put(const pb::PutChunk& put, Answer& answer) {
  const Result<BlobUploads::Stored> stored =
      uploads_.put({put.digest(), put.size(), put.offset(), put.data()});
  if (!stored.ok()) {
    return refuse(answer.reply, stored.error());
  }
  pb::PutProgress& progress = *answer.reply.mutable_progress();
  progress.set_offset(stored->offset);
  progress.set_complete(stored->complete);
  if (stored->complete) {
    answer.completes = put.digest();
  }
}

void Turn::get(const pb::GetChunk& get, Answer& answer) const {
  const std::size_t length = std::min<std::size_t>(get.length(), limits::kChunkBytes);
  Result<BlobStore::Piece> piece = store_.read(get.digest(), {get.offset(), length});
  if (!piece.ok()) {
    return refuse(answer.reply, piece.error());
  }
  pb::Chunk& chunk = *answer.reply.mutable_chunk();
  chunk.set_data(std::move(piece->bytes));
  chunk.set_size(piece->size);
}

void Turn::append(const pb::AppendLog& append, Answer& answer) {
  const std::optional<LogKey> key = log_key(append);
  if (!key || append.offset() > UINT64_MAX - append.data().size()) {
    return refuse(answer.reply, {Errc::kInvalidArgument, "an append to a log that cannot be"});
  }
  answer.append = appends_.size();
  appends_.push_back({*key, append.offset(), append.data()});
}

void Turn::sync(LogStore& logs) {
  sync_blobs();
  sync_logs(logs);
}

void Turn::sync_blobs() {
  const std::map<std::string, Error> failed = uploads_.flush();
  for (Answer& answer : answers_) {
    if (const auto error = failed.find(answer.completes); error != failed.end()) {
      refuse(answer.reply, error->second);
    }
  }
}

void Turn::sync_logs(LogStore& logs) {
  if (appends_.empty()) {
    return;
  }
  const Result<std::vector<std::uint64_t>> stored = logs.append(appends_);
  SWEEPD_CHECK(!stored.ok() || stored->size() == appends_.size());
  for (Answer& answer : answers_) {
    if (!answer.append) {
      continue;
    }
    if (stored.ok()) {
      answer.reply.mutable_log()->set_offset((*stored)[*answer.append]);
    } else {
      refuse(answer.reply, stored.error());
    }
  }
}

}  // namespace

struct BulkDoor::Impl {
  Impl(const Ports& given, wire::Router bound, blobs::File event)
      : store(given.store),
        logs(given.logs),
        gate(given.gate),
        router(std::move(bound)),
        wake(std::move(event)),
        uploads(given.store, given.offers, given.fatal) {}

  void run();
  void turn();

  const BlobStore& store;
  LogStore& logs;
  const FileGate& gate;
  wire::Router router;
  blobs::File wake;  // readable: the end has come
  BlobUploads uploads;
  std::thread thread;
};

void BulkDoor::Impl::run() {
  uploads.remove_stale_parts();
  for (;;) {
    std::array<wire::PollItem, 2> items{};
    items[0].router = &router;
    items[1].fd = wake.fd();
    wire::poll(items, std::chrono::milliseconds(-1));
    if (items[1].ready) {
      return;
    }
    turn();
  }
}

void BulkDoor::Impl::turn() {
  Turn turn(store, uploads, gate.open());
  while (!turn.full()) {
    const std::optional<wire::Incoming> incoming = router.receive();
    if (!incoming) {
      break;
    }
    turn.take(*incoming);
  }
  turn.sync(logs);
  for (const Answer& answer : turn.answers()) {
    static_cast<void>(router.send(answer.peer, wire::encode(answer.reply)));
  }
}

BulkDoor::BulkDoor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<BulkDoor>> BulkDoor::start(const Ports& ports, const std::string& address) {
  SWEEPD_TRY(wire::Router router,
             wire::Router::bind(ports.context, address, blobs::bulk_socket_options()));
  blobs::File wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  if (!wake) {
    return blobs::system_error("make", "eventfd", errno);
  }
  auto door = std::unique_ptr<BulkDoor>(
      new BulkDoor(std::make_unique<Impl>(ports, std::move(router), std::move(wake))));
  // Signals are for the main thread: the new one inherits a full mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  door->impl_->thread = std::thread([impl = door->impl_.get()] { impl->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return door;
}

BulkDoor::~BulkDoor() {
  if (!impl_->thread.joinable()) {
    return;
  }
  const std::uint64_t one = 1;
  SWEEPD_CHECK(::write(impl_->wake.fd(), &one, sizeof one) == sizeof one);
  impl_->thread.join();
}

}  // namespace sweepd::daemon
