// The floors: what the machine itself can do, measured beside the product in one run.
#include "bench/floors.h"

#include "base/check.h"
#include "wire/socket.h"

#include <rocksdb/db.h>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

namespace sweepd::bench {

struct SyncedStore::Impl {
  std::unique_ptr<rocksdb::DB> db;
  std::uint64_t next = 0;
  std::string value;
};

SyncedStore::SyncedStore() : impl_(std::make_unique<Impl>()) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  SWEEPD_CHECK(rocksdb::DB::Open(options, (folder_.path() / "db").string(), &db).ok());
  impl_->db.reset(db);
}

SyncedStore::~SyncedStore() = default;

void SyncedStore::write(const Batch& batch) {
  impl_->value.resize(batch.bytes, 'x');
  rocksdb::WriteBatch writes;
  for (std::size_t i = 0; i < batch.records; ++i) {
    std::array<char, 16> key{};
    std::uint64_t number = __builtin_bswap64(++impl_->next);
    std::memcpy(key.data() + 8, &number, sizeof number);
    SWEEPD_CHECK(writes.Put({key.data(), key.size()}, impl_->value).ok());
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  SWEEPD_CHECK(impl_->db->Write(options, &writes).ok());
}

void spawn_and_wait(const SpawnLoop& loop) {
  std::string name = loop.program;
  const std::array<char*, 2> argv = {name.data(), nullptr};
  std::size_t running = 0;
  for (std::size_t started = 0; started < loop.count || running > 0;) {
    if (started < loop.count && running < loop.slots) {
      pid_t pid = 0;
      SWEEPD_CHECK(::posix_spawn(&pid, name.c_str(), nullptr, nullptr, argv.data(), environ) == 0);
      ++started;
      ++running;
    } else {
      SWEEPD_CHECK(::wait(nullptr) > 0);
      --running;
    }
  }
}

struct Echo::Impl {
  wire::Context context;
  std::string address;
  std::string payload;
  std::atomic<bool> stop = false;
  std::thread server;
  std::unique_ptr<wire::Dealer> dealer;

  void serve() {
    auto router = wire::Router::bind(context, address, {1 << 20, 1000});
    SWEEPD_CHECK(router.ok());
    std::array<wire::PollItem, 1> items;
    items[0].router = &*router;
    while (!stop) {
      wire::poll(items, std::chrono::milliseconds(50));
      while (const auto message = router->receive()) {
        router->send(message->peer, message->bytes);
      }
    }
  }
};

Echo::Echo(std::size_t bytes) : impl_(std::make_unique<Impl>()) {
  impl_->address = "ipc://" + (folder_.path() / "echo").string();
  impl_->payload.assign(bytes, 'x');
  impl_->server = std::thread([impl = impl_.get()] { impl->serve(); });
  auto dealer = wire::Dealer::connect(impl_->context, impl_->address, {1 << 20, 1000});
  SWEEPD_CHECK(dealer.ok());
  impl_->dealer = std::make_unique<wire::Dealer>(std::move(*dealer));
}

Echo::~Echo() {
  impl_->stop = true;
  impl_->server.join();
}

void Echo::round_trip() {
  std::array<wire::PollItem, 1> items;
  items[0].dealer = impl_->dealer.get();
  while (impl_->dealer->send(impl_->payload) != wire::Sent::kYes) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  while (!impl_->dealer->receive()) {
    wire::poll(items, std::chrono::milliseconds(1000));
  }
}

}  // namespace sweepd::bench
