// The daemon's content-addressed files: snapshots, artifacts and models, named by their SHA-256.
#pragma once

#include "base/result.h"
#include "blobs/manifest.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace sweepd::daemon {

// What is stored. The file system is the truth and nothing is kept in memory: may be used by any
// thread, beside the one that stores.
class BlobStore {
 public:
  // Makes the folder where it is missing; all that it holds survives a power cut from then on.
  static Result<BlobStore> open(const std::string& folder);

  // Looks at a folder and makes nothing.
  static BlobStore at(const std::string& folder) { return BlobStore(folder); }

  const std::string& folder() const { return folder_; }

  // False for what is not a digest, too.
  bool has(const std::string& digest) const;

  Result<std::uint64_t> size(const std::string& digest) const;

  struct Range {
    std::uint64_t offset = 0;
    std::size_t length = 0;
  };

  struct Piece {
    std::string bytes;       // fewer than asked for only at the end of the blob
    std::uint64_t size = 0;  // of the whole blob
  };

  // kInvalidArgument: not a digest, or an offset behind the end. kNotFound: no such blob.
  Result<Piece> read(const std::string& digest, const Range& range) const;

  // The manifest that a digest names; kInvalidArgument when the blob is not a sound one.
  Result<blobs::Tree> tree(const std::string& digest) const;

  // The tree, when all its files are here in the sizes that it says; kNotFound names the first that
  // is not.
  Result<blobs::Tree> complete_tree(const std::string& digest) const;

  // The same for a tree that was read already.
  Result<void> check_complete(const std::string& digest, const blobs::Tree& tree) const;

  // Reads all of a blob and compares; kCorrupt when the disk has changed it.
  Result<void> verify(const std::string& digest) const;

  // Where uploads are and where they go.
  std::string part_folder() const { return folder_ + "/tmp"; }

  std::string path(const std::string& digest) const;  // of a digest that was checked

 private:
  explicit BlobStore(std::string folder) : folder_(std::move(folder)) {}

  // A blob that a process before this one put in its place may not have got further than there.
  Result<void> sync_folders() const;

  std::string folder_;
};

}  // namespace sweepd::daemon
