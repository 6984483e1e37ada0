// Reading what is stored under a digest.
#include "daemon/blob_store.h"

#include "blobs/digest.h"
#include "blobs/file.h"

#include <fmt/format.h>

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::daemon {

namespace {

// The first digits are a folder: a file system slows down with a million names in one.
constexpr std::size_t kFolderDigits = 2;

Error unknown_blob(const std::string& digest) {
  return {Errc::kNotFound, fmt::format("there is no blob {}", digest)};
}

Result<void> check_name(const std::string& digest) {
  if (!blobs::is_digest(digest)) {
    return Error{Errc::kInvalidArgument, "a name of a blob that is not 64 lower-case hex digits"};
  }
  return {};
}

Result<blobs::File> open_blob(const BlobStore& store, const std::string& digest) {
  SWEEPD_TRY_VOID(check_name(digest));
  Result<blobs::File> file = blobs::File::open_to_read(store.path(digest));
  if (!file.ok() && file.error().code == Errc::kNotFound) {
    return unknown_blob(digest);
  }
  return file;
}

}  // namespace

Result<BlobStore> BlobStore::open(const std::string& folder) {
  BlobStore store(folder);
  std::error_code error;
  std::filesystem::create_directories(store.part_folder(), error);
  if (error) {
    return blobs::system_error("make the folder", store.part_folder(), error.value());
  }
  // What is put below is only as durable as the name of the folder itself.
  const std::filesystem::path above = std::filesystem::absolute(folder, error).parent_path();
  SWEEPD_TRY(const blobs::File parent, blobs::File::open_folder(above.string()));
  SWEEPD_TRY_VOID(parent.sync());
  SWEEPD_TRY_VOID(store.sync_folders());
  return store;
}

Result<void> BlobStore::sync_folders() const {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder_, error); !error && at != end(at);
       at.increment(error)) {
    std::error_code unknown;
    if (at->symlink_status(unknown).type() == std::filesystem::file_type::directory) {
      SWEEPD_TRY(const blobs::File below, blobs::File::open_folder(at->path().string()));
      SWEEPD_TRY_VOID(below.sync());
    }
  }
  if (error) {
    return blobs::system_error("read the folder", folder_, error.value());
  }
  SWEEPD_TRY(const blobs::File whole, blobs::File::open_folder(folder_));
  return whole.sync();
}

std::string BlobStore::path(const std::string& digest) const {
  SWEEPD_CHECK(blobs::is_digest(digest));
  return fmt::format(
      "{}/{}/{}", folder_, digest.substr(0, kFolderDigits), digest.substr(kFolderDigits));
}

bool BlobStore::has(const std::string& digest) const {
  return size(digest).ok();
}

Result<std::uint64_t> BlobStore::size(const std::string& digest) const {
  SWEEPD_TRY_VOID(check_name(digest));

  struct stat status {};

  if (::lstat(path(digest).c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    return static_cast<std::uint64_t>(status.st_size);
  }
  return unknown_blob(digest);
}

Result<BlobStore::Piece> BlobStore::read(const std::string& digest, const Range& range) const {
  SWEEPD_TRY(const blobs::File file, open_blob(*this, digest));
  SWEEPD_TRY(const std::uint64_t size, file.size());
  if (range.offset > size) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("blob {} has {} bytes, none at {}", digest, size, range.offset)};
  }
  const std::uint64_t left = size - range.offset;
  const std::size_t length = left < range.length ? static_cast<std::size_t>(left) : range.length;
  SWEEPD_TRY(std::string bytes, file.read_at(range.offset, length));
  return Piece{std::move(bytes), size};
}

Result<blobs::Tree> BlobStore::tree(const std::string& digest) const {
  SWEEPD_TRY(const std::uint64_t bytes, size(digest));
  if (bytes > blobs::kManifestBytesMax) {
    return Error{Errc::kInvalidArgument, fmt::format("blob {} is too large for a tree", digest)};
  }
  SWEEPD_TRY(const Piece piece, read(digest, {0, static_cast<std::size_t>(bytes)}));
  Result<blobs::Tree> tree = blobs::decode_tree(piece.bytes);
  if (!tree.ok()) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("blob {} is not a tree: {}", digest, tree.error().message)};
  }
  return tree;
}

Result<blobs::Tree> BlobStore::complete_tree(const std::string& digest) const {
  SWEEPD_TRY(blobs::Tree whole, tree(digest));
  SWEEPD_TRY_VOID(check_complete(digest, whole));
  return whole;
}

Result<void> BlobStore::check_complete(const std::string& digest, const blobs::Tree& tree) const {
  for (const blobs::TreeFile& file : tree.files) {
    const Result<std::uint64_t> stored = size(file.digest);
    if (!stored.ok() || *stored != file.size) {
      return Error{Errc::kNotFound,
                   fmt::format("'{}' of the tree {} is not stored: blob {} of {} bytes",
                               file.path,
                               digest,
                               file.digest,
                               file.size)};
    }
  }
  return {};
}

Result<void> BlobStore::verify(const std::string& digest) const {
  SWEEPD_TRY_VOID(check_name(digest));
  if (!has(digest)) {
    return unknown_blob(digest);
  }
  SWEEPD_TRY(const blobs::FileDigest found, blobs::digest_of_file(path(digest)));
  if (found.digest != digest) {
    return Error{Errc::kCorrupt,
                 fmt::format("blob {} holds bytes with the digest {}", digest, found.digest)};
  }
  return {};
}

}  // namespace sweepd::daemon
