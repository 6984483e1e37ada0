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
// that is on the disk refers to the blob. The argument why none is lost:
//
// 1. Whoever is told that a blob is here, or has sent it, is told after that was noted: an offer.
//    Each note has the time of the loop, which only grows and outlives the process; what a process
//    before this one offered counts as offered when this one started.
// 2. gc deletes a blob only when no row refers to it and it was offered last before every attempt
//    that was under way when gc began had been assigned. An attempt that may still refer to a blob
//    was assigned before it was offered one, and is under way until it has referred to it, or never
//    will. Attempts that are assigned later are offered later still.
// 3. A client that submits is not waited for: the daemon looks for all files of the code itself,
//    and that look is an offer. If it comes too late, the submission is refused, and whoever
//    submits again sends what is missing.
// 4. Offer and deletion cannot miss each other: the one notes, then looks whether the blob is being
//    deleted; the other says what it is about to delete, then looks at the notes. In whatever order
//    these four steps happen, at least one sees the other.
//
// May be used by any thread; one at a time deletes.
class BlobOffers {
 public:
  explicit BlobOffers(Instant started) : started_(started), now_(started.us) {}

  // The loop says the time at the beginning of each turn, before it assigns anything in it.
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

  Instant started_;
  std::atomic<std::int64_t> now_;
  std::unique_ptr<Places> places_ = std::make_unique<Places>();
  std::atomic<std::uint64_t> condemned_{0};  // the place of the blob that is being deleted, plus 1
};

}  // namespace sweepd::daemon
