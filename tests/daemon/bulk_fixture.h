// A daemon with nothing but a bulk door, and peers of it.
#pragma once

#include "base/limits.h"
#include "blobs/bulk_client.h"
#include "blobs/scan.h"
#include "daemon/bulk.h"
#include "tests/blobs/folder.h"
#include "wire/protocol.h"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::daemon::test {

inline const AttemptKey kAttempt{{12}, {7}, {1}};

// Logs in memory, with a brake.
class MemoryLogs final : public LogStore {
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

  Result<LogPiece> read(const LogKey& log, std::uint64_t offset, std::size_t length) override {
    const std::lock_guard lock(mutex_);
    return LogPiece{offset, logs_[log].substr(offset, length)};
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
  testing::Folder folder;
  wire::Context context;
  BlobStore store = *BlobStore::open(folder / "blobs");
  daemon::BlobOffers offers{Instant{}};
  MemoryLogs logs;
  daemon::FileGate gate{folder.path()};
  std::unique_ptr<BulkDoor> door;

  Daemon() { start(); }

  std::string address() const { return "ipc://" + (folder / "bulk"); }

  void start() {
    Result<std::unique_ptr<BulkDoor>> started =
        BulkDoor::start({context, store, offers, logs, gate}, address());
    if (!started.ok()) {
      FAIL(started.error().message);
    }
    door = *std::move(started);
  }

  void stop() { door.reset(); }

  blobs::BulkClient client() { return *blobs::BulkClient::connect(context, address()); }
};

inline const blobs::Patience kPatience{
    .whole = std::chrono::seconds(60), .silence = std::chrono::seconds(20), .going_on = {}};

inline blobs::LocalTree scanned(const std::string& folder) {
  return *blobs::scan_folder({.folder = folder, .only = {}});
}

// The digest of a folder that was sent.
inline std::string sent_digest(blobs::BulkClient& client, const std::string& folder) {
  const Result<blobs::TreeSent> sent = client.put_tree(scanned(folder), kPatience);
  if (!sent.ok()) {
    FAIL(sent.error().message);
  }
  return sent->digest;
}

// Some of everything.
inline void fill(const testing::Folder& folder, const std::string& name) {
  folder.write(name + "/main.py", "print('hello')\n");
  folder.write(name + "/empty", "");
  folder.write(name + "/pkg/__init__.py", "");
  folder.write(name + "/pkg/größe/日本.txt", "ü");
  folder.write(name + "/same", "print('hello')\n");
  folder.write(name + "/large", testing::pattern(3 * limits::kChunkBytes + 11));
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
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (dealer_.send(bytes) != wire::Sent::kYes) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      usleep(1000);
    }
  }

  pb::BulkReply receive() {
    std::array<wire::PollItem, 1> items{};
    items[0].dealer = &dealer_;
    wire::poll(items, std::chrono::seconds(5));
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

inline pb::BulkRequest append_request(std::uint64_t offset, const std::string& bytes) {
  pb::BulkRequest request;
  *request.mutable_append_log()->mutable_attempt() = wire::to_proto(kAttempt);
  request.mutable_append_log()->set_stream(pb::STDOUT);
  request.mutable_append_log()->set_offset(offset);
  request.mutable_append_log()->set_data(bytes);
  return request;
}

inline int code(Errc errc) {
  return static_cast<int>(errc);
}
}  // namespace sweepd::daemon::test
