// Offers of blobs, and their deletion.
#include "daemon/blob_offers.h"

#include "blobs/digest.h"
#include "blobs/file.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <thread>

namespace sweepd::daemon {

namespace {

constexpr std::size_t kPlaceDigits = 8;

// The first digits of a digest, which are as random as any others.
std::size_t place_of(const std::string& digest, std::size_t places) {
  std::uint32_t number = 0;
  std::from_chars(digest.data(), digest.data() + kPlaceDigits, number, 16);
  return number % places;
}

}  // namespace

// All steps are sequentially consistent, the default: the argument above is about one order of all.
void BlobOffers::note(const std::string& digest) {
  if (!blobs::is_digest(digest)) {
    return;
  }
  const std::size_t place = place_of(digest, kPlaces);
  std::atomic<std::int64_t>& noted = (*places_)[place];
  const std::int64_t now = now_;
  std::int64_t before = noted;
  while (before < now && !noted.compare_exchange_weak(before, now)) {
  }
  while (condemned_ == place + 1) {
    std::this_thread::yield();  // for one system call
  }
}

bool BlobOffers::offer(const BlobStore& store, const std::string& digest) {
  note(digest);
  return store.has(digest);
}

bool BlobOffers::offered_before(const std::string& digest, Instant then) const {
  const std::int64_t noted = (*places_)[place_of(digest, kPlaces)];
  return noted < then.us;
}

Result<BlobOffers::Deletion> BlobOffers::erase(const BlobStore& store,
                                               const std::string& digest,
                                               Instant then) {
  // Room for one place only, so that the wait of others is for one system call: the bytes of a
  // large file are freed after it has lost its name.
  const std::string path = store.path(digest);
  const Result<blobs::File> held = blobs::File::open_to_read(path);
  condemned_ = place_of(digest, kPlaces) + 1;
  const bool free = offered_before(digest, then);
  const int failed = free && ::unlink(path.c_str()) != 0 ? errno : 0;
  condemned_ = 0;
  if (!free) {
    return Deletion::kKept;
  }
  if (failed == ENOENT) {
    return Deletion::kGone;
  }
  if (failed != 0) {
    return blobs::system_error("delete the blob", path, failed);
  }
  return Deletion::kDeleted;
}

}  // namespace sweepd::daemon
