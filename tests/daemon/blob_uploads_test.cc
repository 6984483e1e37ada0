// Uploads: pieces in every order, crashes in between, full disks, wrong names.
#include "daemon/blob_uploads.h"

#include "blobs/digest.h"
#include "tests/blobs/folder.h"
#include "tests/file_limit.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

using namespace sweepd;
using daemon::BlobStore;
using daemon::BlobUploads;
using sweepd::testing::FileLimit;
using sweepd::testing::Folder;

namespace {

using Files = std::map<std::string, std::string>;

// A store that may be closed as by a crash and opened again.
struct Place {
  Folder folder;
  BlobStore store = *BlobStore::open(folder / "blobs");
  daemon::BlobOffers offers{Instant{}};
  std::optional<BlobUploads> uploads{std::in_place, store, offers};

  void crash() { uploads.emplace(store, offers); }

  Files parts() const { return folder.files("blobs/tmp"); }
};

const std::string kText = "the quick brown fox";
const std::string kDigest = blobs::digest_of(kText);
const std::uint64_t kSize = kText.size();

// The piece of kText at `offset`.
BlobUploads::Piece piece(std::uint64_t offset, std::size_t length) {
  return {kDigest, kSize, offset, std::string_view(kText).substr(offset, length)};
}

bool is(const Result<BlobUploads::Stored>& stored, std::uint64_t offset, bool complete) {
  return stored.ok() && stored->offset == offset && stored->complete == complete;
}

}  // namespace

TEST_CASE("uploads: pieces in order become a blob, visible after the flush and not before") {
  Place place;
  CHECK(is(place.uploads->put(piece(0, 4)), 4, false));
  CHECK(is(place.uploads->put(piece(4, 10)), 14, false));
  CHECK(is(place.uploads->put(piece(14, 100)), kSize, true));
  CHECK_FALSE(place.store.has(kDigest));
  CHECK(place.uploads->flush().empty());
  CHECK(place.store.has(kDigest));
  CHECK(place.store.read(kDigest, {0, 100})->bytes == kText);
  CHECK(place.store.verify(kDigest).ok());
  CHECK(place.parts().empty());
}

TEST_CASE("uploads: an empty blob is one empty piece") {
  Place place;
  const std::string digest = blobs::digest_of("");
  CHECK(is(place.uploads->put({digest, 0, 0, ""}), 0, true));
  CHECK(place.uploads->flush().empty());
  CHECK(*place.store.size(digest) == 0);
}

TEST_CASE("uploads: a piece that comes twice, or overlaps, is taken once") {
  Place place;
  CHECK(is(place.uploads->put(piece(0, 8)), 8, false));
  CHECK(is(place.uploads->put(piece(0, 8)), 8, false));
  CHECK(is(place.uploads->put(piece(2, 3)), 8, false));
  CHECK(is(place.uploads->put(piece(5, 8)), 13, false));
  CHECK(is(place.uploads->put(piece(0, 100)), kSize, true));
  CHECK(is(place.uploads->put(piece(0, 100)), kSize, true));  // before the flush
  CHECK(place.uploads->flush().empty());
  CHECK(is(place.uploads->put(piece(0, 8)), kSize, true));  // and after it
  CHECK(place.store.verify(kDigest).ok());
  CHECK(place.parts().empty());
}

TEST_CASE("uploads: a piece behind a gap is not taken, and the answer says where to go on") {
  Place place;
  CHECK(is(place.uploads->put(piece(8, 4)), 0, false));
  CHECK(is(place.uploads->put(piece(0, 8)), 8, false));
  CHECK(is(place.uploads->put(piece(12, 7)), 8, false));
  CHECK(is(place.uploads->put(piece(8, 4)), 12, false));
  CHECK(is(place.uploads->put(piece(12, 7)), kSize, true));
  CHECK(place.uploads->flush().empty());
  CHECK(place.store.verify(kDigest).ok());
}

TEST_CASE(
    "uploads: bytes with another digest are refused and leave nothing; the right ones still come "
    "in") {
  Place place;
  std::string wrong = kText;
  wrong[3] = '!';
  const Result<BlobUploads::Stored> refused = place.uploads->put({kDigest, kSize, 0, wrong});
  CHECK(refused.error().code == Errc::kCorrupt);
  CHECK(place.uploads->flush().empty());
  CHECK_FALSE(place.store.has(kDigest));
  CHECK(place.parts().empty());
  CHECK(is(place.uploads->put(piece(0, 100)), kSize, true));
  CHECK(place.uploads->flush().empty());
  CHECK(place.store.verify(kDigest).ok());
}

TEST_CASE("uploads: a size that is a lie does not disturb the upload of the true size") {
  Place place;
  CHECK(is(place.uploads->put({kDigest, kSize + 5, 0, "evil"}), 4, false));
  CHECK(is(place.uploads->put(piece(0, 100)), kSize, true));
  CHECK(place.uploads->flush().empty());
  CHECK(place.store.verify(kDigest).ok());
}

TEST_CASE("uploads: pieces that cannot be are refused before a file is made") {
  Place place;
  CHECK(place.uploads->put({"../../x", 4, 0, "evil"}).error().code == Errc::kInvalidArgument);
  CHECK(place.uploads->put({"", 4, 0, "evil"}).error().code == Errc::kInvalidArgument);
  CHECK(place.uploads->put({kDigest, 3, 0, "evil"}).error().code == Errc::kInvalidArgument);
  CHECK(place.uploads->put({kDigest, 8, 9, ""}).error().code == Errc::kInvalidArgument);
  CHECK(place.uploads->put({kDigest, 8, UINT64_MAX, "evil"}).error().code ==
        Errc::kInvalidArgument);
  CHECK(place.uploads->put({kDigest, UINT64_MAX, 0, "evil"}).error().code ==
        Errc::kInvalidArgument);
  CHECK(place.folder.files().empty());
}

TEST_CASE("uploads: a crash at any byte is gone on from, or begun again, and the blob is right") {
  for (std::size_t left = 0; left <= kSize; ++left) {
    Place place;
    CHECK(is(place.uploads->put(piece(0, left)), left, left == kSize));
    place.crash();
    const Result<BlobUploads::Stored> asked = place.uploads->put(piece(0, 0));
    CHECK(is(asked, left, left == kSize));
    CHECK(place.uploads->put(piece(left, 100)).ok());
    CHECK(place.uploads->flush().empty());
    CHECK(place.store.verify(kDigest).ok());
    CHECK(place.parts().empty());
  }
}

TEST_CASE("uploads: a part that a crash left too long, or with other bytes, is begun again") {
  for (const std::string& garbage :
       {kText + "more", std::string("garbage"), std::string(kSize, 'x')}) {
    Place place;
    place.folder.write("blobs/tmp/" + kDigest + "-" + std::to_string(kSize), garbage);
    place.crash();
    std::uint64_t offset = 0;
    bool complete = false;
    for (int tries = 0; tries < 3 && !complete; ++tries) {
      const Result<BlobUploads::Stored> stored = place.uploads->put(piece(offset, 100));
      REQUIRE(stored.ok());  // the sender is not blamed
      offset = stored->offset;
      complete = stored->complete;
    }
    CHECK(complete);
    CHECK(place.uploads->flush().empty());
    CHECK(place.store.verify(kDigest).ok());
  }
}

TEST_CASE("uploads: parts older than a day are removed, younger ones kept") {
  Place place;
  place.folder.write("blobs/tmp/old", "x");
  place.folder.write("blobs/tmp/young", "x");
  std::filesystem::last_write_time(
      place.folder / "blobs/tmp/old",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  place.uploads->remove_stale_parts();
  CHECK(place.parts() == Files{{"young", "x"}});
}

TEST_CASE("uploads: a full disk is kUnavailable, and there is no gap when there is room again") {
  Place place;
  CHECK(is(place.uploads->put(piece(0, 4)), 4, false));
  {
    const FileLimit full(10);
    CHECK(place.uploads->put(piece(4, 10)).error().code == Errc::kUnavailable);
    CHECK(place.parts().begin()->second == kText.substr(0, 4));
    CHECK(is(place.uploads->put(piece(4, 6)), 10, false));
  }
  CHECK(is(place.uploads->put(piece(10, 100)), kSize, true));
  CHECK(place.uploads->flush().empty());
  CHECK(place.store.verify(kDigest).ok());
}

TEST_CASE(
    "uploads: a blob that cannot be put in its place is told about, the others of the flush are "
    "there") {
  Place place;
  place.folder.write("blobs/" + kDigest.substr(0, 2), "a file where a folder belongs");
  const std::string other = blobs::digest_of("other");
  REQUIRE(other.substr(0, 2) != kDigest.substr(0, 2));
  CHECK(is(place.uploads->put(piece(0, 100)), kSize, true));
  CHECK(is(place.uploads->put({other, 5, 0, "other"}), 5, true));
  const std::map<std::string, Error> failed = place.uploads->flush();
  CHECK(failed.size() == 1);
  CHECK(failed.contains(kDigest));
  CHECK(place.store.has(other));
  CHECK_FALSE(place.store.has(kDigest));
  std::filesystem::remove(place.folder / ("blobs/" + kDigest.substr(0, 2)));
  CHECK(is(place.uploads->put(piece(0, 100)), kSize, true));
  CHECK(place.uploads->flush().empty());
  CHECK(place.store.verify(kDigest).ok());
}

TEST_CASE("uploads: many at once, more than may be open, all arrive") {
  Place place;
  std::vector<std::string> contents;
  for (unsigned i = 0; i < 300; ++i) {
    contents.push_back(testing::pattern(100, i));
  }
  for (std::uint64_t offset = 0; offset < 100; offset += 50) {
    for (const std::string& content : contents) {
      const Result<BlobUploads::Stored> stored = place.uploads->put(
          {blobs::digest_of(content), 100, offset, std::string_view(content).substr(offset, 50)});
      CHECK(is(stored, offset + 50, offset == 50));
    }
  }
  CHECK(place.uploads->flush().empty());
  for (const std::string& content : contents) {
    CHECK(place.store.verify(blobs::digest_of(content)).ok());
  }
  CHECK(place.parts().empty());
}
