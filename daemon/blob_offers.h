// Which blobs somebody was told are here, so that none of them is deleted before it is referred to.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "daemon/blob_store.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace sweepd::daemon {

// An agent asks whether a blob is here, is told yes, does not send it, and some time later ends an
// attempt that refers to it; a client does the same with the code of a sweep. In between nothing
// that is on the disk refers to the blob. The argument why no row ever refers to one that is gone:
//
// 1. Before a row that refers to files is written the loop looks for all of them itself. What is
//    missing then is asked for: the agent collects the outputs once more, the client is refused
//    and submits again. So what was told earlier is a hint, true most of the time, and a run of gc
//    waits for nobody.
// 2. That look is an offer: each file is noted, with the time of the loop's turn, before it is
//    looked at. A run of gc deletes only what no row refers to and was offered last before it
//    began; what was offered earlier than that is referred to by a row by then, because a run
//    begins between turns, with everything decided on the disk.
// 3. Offer and deletion cannot miss each other: the one notes, then looks whether the blob is being
//    deleted; the other says what it is about to delete, then looks at the notes. In whatever order
//    these four steps happen, at least one sees the other.
//
// May be used by any thread; one at a time deletes.
class BlobOffers {
 public:
  explicit BlobOffers(Instant now) : now_(now.us) {}

  // The loop says the time at the beginning of each turn.
  void set_now(Instant now) { now_ = now.us; }

  // Whether the blob is here; if so it was offered.
  bool offer(const BlobStore& store, const std::string& digest);

  // The blob is about to be here.
  void note(const std::string& digest);

  // Whether the blob was offered last before then.
  bool offered_before(const std::string& digest, Instant then) const;

  enum class Deletion { kDeleted, kGone, kKept };

  // Deletes the blob if it was offered last before then. What is gone already is fine.
  Result<Deletion> erase(const BlobStore& store, const std::string& digest, Instant then);

 private:
  // Blobs share places. Sharing only keeps a blob longer, and the table needs no clearing.
  static constexpr std::size_t kPlaces = 1U << 18U;
  using Places = std::array<std::atomic<std::int64_t>, kPlaces>;

  std::atomic<std::int64_t> now_;
  std::unique_ptr<Places> places_ = std::make_unique<Places>();
  std::atomic<std::uint64_t> condemned_{0};  // the place of the blob that is being deleted, plus 1
};

}  // namespace sweepd::daemon
