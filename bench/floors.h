// The floors: what the machine itself can do, measured beside the product in one run.
#pragma once

#include "bench/process.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace sweepd::bench {

// A bare RocksDB with the daemon's durability: each batch is written and synced.
class SyncedStore {
 public:
  SyncedStore();
  ~SyncedStore();
  SyncedStore(const SyncedStore&) = delete;
  SyncedStore& operator=(const SyncedStore&) = delete;

  // Writes `records` of `bytes` each in one synced batch.
  struct Batch {
    std::size_t records = 1;
    std::size_t bytes = 64;
  };

  void write(const Batch& batch);

 private:
  struct Impl;
  TempFolder folder_;
  std::unique_ptr<Impl> impl_;
};

// posix_spawn and wait of `program`, `slots` at a time, `count` in all.
struct SpawnLoop {
  std::string program = "/bin/true";
  std::size_t slots = 1;
  std::size_t count = 1;
};

void spawn_and_wait(const SpawnLoop& loop);

// A ZeroMQ echo over ipc in a thread of its own: one round trip of `bytes` a call.
class Echo {
 public:
  explicit Echo(std::size_t bytes);
  ~Echo();
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

  void round_trip();

 private:
  struct Impl;
  TempFolder folder_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sweepd::bench
