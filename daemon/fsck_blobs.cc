// The check of the blobs: what is referred to is there, whole and unchanged.
#include "blobs/digest.h"
#include "daemon/fsck_parts.h"

#include <filesystem>
#include <system_error>

namespace sweepd::daemon::fsck_parts {

namespace {

namespace fs = std::filesystem;

struct Wanted {
  std::uint64_t size = 0;
  std::string who;
};

using Blobs = std::map<std::string, Wanted>;  // by digest

std::string name_of(const std::string& digest) {
  return fmt::format("blob {}", digest);
}

// The blobs of all trees that are referred to, with the manifests themselves.
Result<Blobs> wanted_blobs(Check& check, const BlobStore& store) {
  Blobs wanted;
  std::uint64_t done = 0;
  for (const auto& [digest, who] : check.trees) {
    SWEEPD_TRY_VOID(check.tell("folders", done++, check.trees.size()));
    const Result<std::uint64_t> size = store.size(digest);
    if (!size.ok()) {
      check.find("blob-missing", name_of(digest), fmt::format("the manifest of {}", who));
      continue;
    }
    wanted.insert_or_assign(digest, Wanted{*size, "the manifest of " + who});
    const Result<blobs::Tree> tree = store.tree(digest);
    if (!tree.ok()) {
      check.find("manifest-damaged", name_of(digest), tree.error().message);
      continue;
    }
    for (const blobs::TreeFile& file : tree->files) {
      wanted.emplace(file.digest, Wanted{file.size, fmt::format("'{}' of {}", file.path, who)});
    }
  }
  return wanted;
}

// Whether its content is worth reading: it is there, in the right size.
bool present(Check& check, const BlobStore& store, const std::string& digest, const Wanted& one) {
  const Result<std::uint64_t> size = store.size(digest);
  if (!size.ok()) {
    check.find("blob-missing", name_of(digest), one.who);
  } else if (*size != one.size) {
    check.find("blob-size",
               name_of(digest),
               fmt::format("{}: {} bytes instead of {}", one.who, *size, one.size));
  }
  return size.ok() && *size == one.size;
}

void count_others(Check& check, const BlobStore& store, const Blobs& wanted) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(store.folder(), error); !error && at != end(at);
       at.increment(error)) {
    std::error_code unknown;
    if (!at->is_regular_file(unknown)) {
      continue;
    }
    const std::string above = at->path().parent_path().filename();
    const std::string name = at->path().filename();
    if (above == "tmp") {
      ++check.report().parts;
    } else if (!wanted.contains(above + name)) {
      ++check.report().orphans;
      check.report().orphan_bytes += at->file_size(unknown);
    }
  }
}

}  // namespace

Result<void> check_blobs(Check& check, const BlobStore& store) {
  SWEEPD_TRY(const Blobs wanted, wanted_blobs(check, store));
  std::uint64_t total = 0;
  for (const auto& [digest, one] : wanted) {
    total += one.size;
  }
  std::uint64_t done = 0;
  for (const auto& [digest, one] : wanted) {
    SWEEPD_TRY_VOID(check.tell("bytes of files", done, total));
    ++check.report().blobs;
    check.report().blob_bytes += one.size;
    done += one.size;
    if (!present(check, store, digest, one) || check.fast()) {
      continue;
    }
    if (const Result<void> same = store.verify(digest); !same.ok()) {
      check.find(
          "blob-changed", name_of(digest), fmt::format("{}: {}", one.who, same.error().message));
    }
  }
  count_others(check, store, wanted);
  return {};
}

}  // namespace sweepd::daemon::fsck_parts
