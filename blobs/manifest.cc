// Trees and their manifests: what is refused, and the bytes in between.
#include "blobs/manifest.h"

#include "base/utf8.h"
#include "blobs/digest.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <limits>
#include <set>

namespace sweepd::blobs {

namespace {

constexpr std::size_t kShownPathBytes = 80;

// Paths of strangers go into messages: cut, and without control bytes.
std::string shown(std::string_view path) {
  std::string text;
  for (const char byte : path.substr(0, kShownPathBytes)) {
    const auto code = static_cast<unsigned char>(byte);
    text += code < 0x20 || code >= 0x7f ? '?' : byte;
  }
  return path.size() > kShownPathBytes ? text + "…" : text;
}

Error bad_path(std::string_view path, std::string_view why) {
  return {Errc::kInvalidArgument, fmt::format("the path '{}' {}", shown(path), why)};
}

// A file where another file needs a folder. Sorted neighbours are not enough: `a`, `a-b`, `a/c`.
Result<void> check_no_file_is_a_folder(const Tree& tree) {
  std::set<std::string_view> paths;
  for (const TreeFile& file : tree.files) {
    paths.insert(file.path);
  }
  for (const std::string_view path : paths) {
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
      if (paths.contains(path.substr(0, slash))) {
        return bad_path(path.substr(0, slash), "is a file and the folder of another file");
      }
    }
  }
  return {};
}

Result<void> check_file(const TreeFile& file) {
  SWEEPD_TRY_VOID(check_tree_path(file.path));
  if (!is_digest(file.digest)) {
    return bad_path(file.path, "has a digest that is not 64 lower-case hex digits");
  }
  return {};
}

}  // namespace

std::uint64_t Tree::bytes() const {
  std::uint64_t total = 0;
  for (const TreeFile& file : files) {
    total += file.size;
  }
  return total;
}

bool lies_at(std::string_view file, std::string_view path) {
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return path.empty() ||
         (file.starts_with(path) && (file.size() == path.size() || file[path.size()] == '/'));
}

bool Tree::holds(std::string_view path) const {
  return std::any_of(files.begin(), files.end(), [path](const TreeFile& file) {
    return lies_at(file.path, path);
  });
}

Result<void> check_tree_path(std::string_view path) {
  if (path.empty() || path.size() > kTreePathBytesMax) {
    return bad_path(path, fmt::format("has {} bytes, not 1 to {}", path.size(), kTreePathBytesMax));
  }
  if (path.find('\0') != std::string_view::npos || !is_utf8(path)) {
    return bad_path(path, "is not UTF-8 text");
  }
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") {
      return bad_path(path, "has an empty, '.' or '..' part");
    }
    start = end + 1;
  }
  return {};
}

Result<void> check_tree(const Tree& tree) {
  if (tree.files.size() > limits::kTreeFilesMax) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format(
            "a tree of {} files where {} are allowed", tree.files.size(), limits::kTreeFilesMax)};
  }
  std::uint64_t total = 0;
  std::string_view before;
  for (const TreeFile& file : tree.files) {
    SWEEPD_TRY_VOID(check_file(file));
    if (file.path <= before) {
      return bad_path(file.path, "is there twice, or not in the order of the bytes");
    }
    if (file.size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - total) {
      return bad_path(file.path, "has a size that no disk holds");
    }
    total += file.size;
    before = file.path;
  }
  return check_no_file_is_a_folder(tree);
}

Result<std::string> encode_tree(const Tree& tree) {
  SWEEPD_TRY_VOID(check_tree(tree));
  pb::Manifest manifest;
  for (const TreeFile& file : tree.files) {
    pb::Manifest::File& entry = *manifest.add_files();
    entry.set_path(file.path);
    entry.set_size(file.size);
    entry.set_digest(file.digest);
    entry.set_executable(file.executable);
  }
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // the digest must not depend on the machine
    SWEEPD_CHECK(manifest.SerializeToCodedStream(&coded));
  }
  return bytes;
}

Result<Tree> decode_tree(std::string_view bytes) {
  pb::Manifest manifest;
  SWEEPD_TRY_VOID(wire::decode(bytes, kManifestBytesMax, manifest));
  Tree tree;
  tree.files.reserve(static_cast<std::size_t>(manifest.files_size()));
  for (pb::Manifest::File& file : *manifest.mutable_files()) {
    tree.files.push_back({std::move(*file.mutable_path()),
                          file.size(),
                          std::move(*file.mutable_digest()),
                          file.executable()});
  }
  SWEEPD_TRY_VOID(check_tree(tree));
  return tree;
}

}  // namespace sweepd::blobs
