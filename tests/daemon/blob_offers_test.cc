// A blob that somebody was told is here is not deleted under them.
#include "daemon/blob_offers.h"

#include "blobs/digest.h"
#include "tests/blobs/folder.h"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace sweepd;
using daemon::BlobOffers;
using daemon::BlobStore;
using Deletion = daemon::BlobOffers::Deletion;

namespace {

struct Place {
  sweepd::testing::Folder folder;
  BlobStore store = *BlobStore::open(folder / "blobs");
  BlobOffers offers{Instant{10}};

  std::string put(const std::string& content) const {
    const std::string digest = blobs::digest_of(content);
    std::filesystem::create_directories(std::filesystem::path(store.path(digest)).parent_path());
    std::ofstream(store.path(digest), std::ios::binary) << content;
    return digest;
  }
};

}  // namespace

TEST_CASE("offers: a blob is deleted only when it was offered before the time that is asked for") {
  Place place;
  const std::string digest = place.put("abc");
  place.offers.set_now(Instant{20});
  CHECK(place.offers.offer(place.store, digest));
  CHECK(*place.offers.erase(place.store, digest, Instant{20}) == Deletion::kKept);
  CHECK(place.store.has(digest));
  CHECK(*place.offers.erase(place.store, digest, Instant{21}) == Deletion::kDeleted);
  CHECK_FALSE(place.store.has(digest));
  CHECK(*place.offers.erase(place.store, digest, Instant{21}) == Deletion::kGone);
  CHECK_FALSE(place.offers.offer(place.store, digest));
}

TEST_CASE("offers: an older note does not replace a younger one") {
  Place place;
  const std::string digest = place.put("abc");
  place.offers.set_now(Instant{30});
  place.offers.note(digest);
  place.offers.set_now(Instant{20});
  place.offers.note(digest);
  CHECK_FALSE(place.offers.offered_before(digest, Instant{25}));
}

TEST_CASE("offers: what is no digest is not here and nothing happens") {
  Place place;
  CHECK_FALSE(place.offers.offer(place.store, "../../etc/passwd"));
  CHECK_FALSE(place.offers.offer(place.store, ""));
}

TEST_CASE("offers: of an offer and a deletion at the same time, one sees the other") {
  Place place;
  for (int round = 0; round < 300; ++round) {
    const std::string digest = place.put("blob " + std::to_string(round));
    place.offers.set_now(Instant{100 + round});
    std::atomic<bool> go{false};
    bool told = false;
    std::thread asker([&] {
      while (!go) {
      }
      told = place.offers.offer(place.store, digest);
    });
    go = true;
    const auto deletion = place.offers.erase(place.store, digest, Instant{100 + round});
    asker.join();
    REQUIRE(deletion.ok());
    // Told that it is here: then it is here. Deleted: then nobody was told that it is here.
    CHECK(told == place.store.has(digest));
    CHECK(told == (*deletion == Deletion::kKept));
  }
}
