// What is stored under a digest, and what is never served.
#include "daemon/blob_store.h"

#include "blobs/digest.h"
#include "tests/blobs/folder.h"

#include <doctest/doctest.h>

using namespace sweepd;
using daemon::BlobStore;
using sweepd::testing::Folder;

namespace {

// Puts content under its name as an upload would.
std::string stored(const BlobStore& store, const std::string& content) {
  const std::string digest = blobs::digest_of(content);
  std::filesystem::create_directories(std::filesystem::path(store.path(digest)).parent_path());
  std::ofstream(store.path(digest), std::ios::binary) << content;
  return digest;
}

}  // namespace

TEST_CASE("blob store: the file of a blob lies where the formats say") {
  const Folder folder;
  const BlobStore store = *BlobStore::open(folder / "blobs");
  const std::string digest = blobs::digest_of("abc");
  CHECK(store.path(digest) == folder / ("blobs/ba/" + digest.substr(2)));
  CHECK(std::filesystem::is_directory(folder / "blobs/tmp"));
}

TEST_CASE("blob store: a blob is read in ranges, and not beyond its end") {
  const Folder folder;
  const BlobStore store = *BlobStore::open(folder / "blobs");
  const std::string digest = stored(store, "abcdef");
  CHECK(store.has(digest));
  CHECK(*store.size(digest) == 6);
  CHECK(store.read(digest, {0, 100})->bytes == "abcdef");
  CHECK(store.read(digest, {2, 3})->bytes == "cde");
  CHECK(store.read(digest, {2, 3})->size == 6);
  CHECK(store.read(digest, {6, 3})->bytes.empty());
  CHECK(store.read(digest, {7, 1}).error().code == Errc::kInvalidArgument);
  CHECK(store.read(digest, {UINT64_MAX, 1}).error().code == Errc::kInvalidArgument);
}

TEST_CASE("blob store: what is not stored is not found") {
  const Folder folder;
  const BlobStore store = *BlobStore::open(folder / "blobs");
  const std::string digest = blobs::digest_of("abc");
  CHECK_FALSE(store.has(digest));
  CHECK(store.size(digest).error().code == Errc::kNotFound);
  CHECK(store.read(digest, {0, 1}).error().code == Errc::kNotFound);
  CHECK(store.verify(digest).error().code == Errc::kNotFound);
  CHECK(store.tree(digest).error().code == Errc::kNotFound);
}

TEST_CASE("blob store: a name that is no digest never becomes a path") {
  const Folder folder;
  const BlobStore store = *BlobStore::open(folder / "blobs");
  folder.write("blobs/secret", "s");
  for (const std::string& name : {std::string(),
                                  std::string("secret"),
                                  std::string("../blobs/secret"),
                                  std::string(60, '.') + "/../",
                                  "ab/../secret" + std::string(52, '/')}) {
    CHECK_FALSE(store.has(name));
    CHECK(store.size(name).error().code == Errc::kInvalidArgument);
    CHECK(store.read(name, {0, 1}).error().code == Errc::kInvalidArgument);
    CHECK(store.verify(name).error().code == Errc::kInvalidArgument);
    CHECK(store.tree(name).error().code == Errc::kInvalidArgument);
  }
}

TEST_CASE("blob store: a link or a folder in the place of a blob is no blob") {
  const Folder folder;
  const BlobStore store = *BlobStore::open(folder / "blobs");
  folder.write("secret", "s");
  const std::string digest = blobs::digest_of("abc");
  std::filesystem::create_directory(folder / "blobs/ba");
  std::filesystem::create_symlink(folder / "secret", store.path(digest));
  CHECK_FALSE(store.has(digest));
}

TEST_CASE("blob store: bytes that the disk changed are found on demand") {
  const Folder folder;
  const BlobStore store = *BlobStore::open(folder / "blobs");
  const std::string digest = stored(store, "abc");
  CHECK(store.verify(digest).ok());
  std::ofstream(store.path(digest)) << "abd";
  CHECK(store.verify(digest).error().code == Errc::kCorrupt);
}

TEST_CASE("blob store: a tree is complete when all its files are there in their sizes") {
  const Folder folder;
  const BlobStore store = *BlobStore::open(folder / "blobs");
  const blobs::Tree tree{
      {{"a", 3, blobs::digest_of("abc"), false}, {"b", 1, blobs::digest_of("x"), true}}};
  const std::string digest = stored(store, *blobs::encode_tree(tree));
  CHECK(*store.tree(digest) == tree);
  CHECK(store.complete_tree(digest).error().code == Errc::kNotFound);
  stored(store, "abc");
  const Error missing = store.complete_tree(digest).error();
  CHECK(missing.code == Errc::kNotFound);
  CHECK(missing.message.find("'b'") != std::string::npos);
  stored(store, "x");
  CHECK(*store.complete_tree(digest) == tree);
  std::ofstream(store.path(blobs::digest_of("abc"))) << "ab";
  CHECK(store.complete_tree(digest).error().code == Errc::kNotFound);
}

TEST_CASE("blob store: a blob that is no manifest is not a tree") {
  const Folder folder;
  const BlobStore store = *BlobStore::open(folder / "blobs");
  CHECK(store.tree(stored(store, "no manifest")).error().code == Errc::kInvalidArgument);
}

TEST_CASE("blob store: a folder that cannot be made is an error") {
  const Folder folder;
  folder.write("file", "");
  CHECK_FALSE(BlobStore::open(folder / "file/blobs").ok());
}
