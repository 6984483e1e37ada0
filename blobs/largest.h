// Which files and folders make a tree too large, for the person who has to leave some out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sweepd::blobs {

struct SizedPath {
  std::string path;  // folders end with '/'
  std::uint64_t size = 0;

  bool operator==(const SizedPath&) const = default;
};

// The `count` largest things below the top, largest first. A top-level folder stands for its files
// unless one path in it is more than half of it: then that path is named, as deep as this goes.
// With sizes of 1, the places with the most files.
std::vector<SizedPath> largest_paths(const std::vector<SizedPath>& files, std::size_t count);

std::string size_text(std::uint64_t bytes);  // "1.2 GB", "300.0 MB", "12 bytes"

}  // namespace sweepd::blobs
