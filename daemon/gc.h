// One run of gc: what no row refers to any more is found, and deleted.
#pragma once

#include "base/result.h"
#include "daemon/blob_offers.h"
#include "daemon/blob_store.h"
#include "daemon/journal_rocksdb.h"
#include "daemon/ports.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace sweepd::daemon {

// Blobs that were sent and never referred to are kept so long: a client may be slow.
constexpr std::chrono::hours kOrphanAge{24};

// What a run works on, beside those that write.
struct GcScene {
  RocksJournal& journal;
  const BlobStore& blobs;
  BlobOffers& offers;
  std::chrono::seconds orphan_age = kOrphanAge;
};

// Told how far it is; total 0: not known. False: give up, kInterrupted.
using GcTold = std::function<bool(std::string_view phase, std::uint64_t done, std::uint64_t total)>;

// A blob is in use as long as a row is there that refers to a folder that it is in; rows go first,
// blobs afterwards. No row of a removed sweep may be deleted while it runs, and no backup may have
// been begun before it and still copy blobs. kCorrupt: a folder that is in use cannot be read, so
// that nobody knows what is; nothing was deleted then.
Result<GcResult> run_gc(const GcScene& scene, const GcOrder& order, const GcTold& told);

}  // namespace sweepd::daemon
