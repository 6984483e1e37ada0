// A folder as data: the list of its files, the bytes that stand for it, and the digest of those.
#pragma once

#include "base/limits.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::blobs {

constexpr std::size_t kTreePathBytesMax = 1024;

// Enough for a full tree whose paths are as long as they may be.
constexpr std::size_t kManifestBytesMax = limits::kTreeFilesMax * (kTreePathBytesMax + 128);

struct TreeFile {
  std::string path;  // relative, with '/'
  std::uint64_t size = 0;
  std::string digest;
  bool executable = false;

  bool operator==(const TreeFile&) const = default;
};

// Whether a file of a tree is what a path names, or lies below it. Slashes at the end do not
// matter;
// "" is the tree itself.
bool lies_at(std::string_view file, std::string_view path);

// Folders without files are not in it: a tree is what its files are.
struct Tree {
  std::vector<TreeFile> files;  // in the byte order of their paths

  std::uint64_t bytes() const;

  // Whether a file has this path or lies below it. Empty: anything at all.
  bool holds(std::string_view path) const;

  bool operator==(const Tree&) const = default;
};

// Whether a path may be in a tree: UTF-8, relative, at most kTreePathBytesMax bytes, without NUL
// and without empty, `.` and `..` parts. Names the path and the reason.
Result<void> check_tree_path(std::string_view path);

// Everything that makes a tree safe to write to a disk: sound paths, sorted and unique, none a
// folder of another, sound digests, no more than limits::kTreeFilesMax files.
Result<void> check_tree(const Tree& tree);

// The bytes that stand for a checked tree, the same for the same tree on every machine. Their
// digest names it.
Result<std::string> encode_tree(const Tree& tree);

// Reads bytes that anybody may have sent; what comes out has passed all the checks.
Result<Tree> decode_tree(std::string_view bytes);

}  // namespace sweepd::blobs
