// The search for the paths to blame, and sizes in words.
#include "blobs/largest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>

namespace sweepd::blobs {

namespace {

using Totals = std::map<std::string, std::uint64_t>;  // of files, and of folders with a '/' behind

Totals totals_of(const std::vector<SizedPath>& files) {
  Totals totals;
  for (const SizedPath& file : files) {
    for (std::size_t slash = file.path.find('/'); slash != std::string::npos;
         slash = file.path.find('/', slash + 1)) {
      totals[file.path.substr(0, slash + 1)] += file.size;
    }
    totals[file.path] += file.size;
  }
  return totals;
}

bool is_top_level(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos || slash + 1 == path.size();
}

// The deepest path below `top` that is more than half of it. Two such paths are always one below
// the other, so the longest is the deepest.
SizedPath culprit(const Totals& totals, const Totals::const_iterator top) {
  SizedPath found{top->first, top->second};
  if (!top->first.ends_with('/')) {
    return found;
  }
  for (auto at = std::next(top); at != totals.end() && at->first.starts_with(top->first); ++at) {
    const bool most = at->second > top->second / 2;
    if (most && at->first.size() > found.path.size()) {
      found = {at->first, at->second};
    }
  }
  return found;
}

}  // namespace

std::vector<SizedPath> largest_paths(const std::vector<SizedPath>& files, std::size_t count) {
  const Totals totals = totals_of(files);
  std::vector<Totals::const_iterator> tops;
  for (auto at = totals.begin(); at != totals.end(); ++at) {
    if (is_top_level(at->first)) {
      tops.push_back(at);
    }
  }
  std::sort(tops.begin(), tops.end(), [](const auto& a, const auto& b) {
    return std::tie(b->second, a->first) < std::tie(a->second, b->first);
  });
  tops.resize(std::min(tops.size(), count));
  std::vector<SizedPath> largest;
  largest.reserve(tops.size());
  for (const auto& top : tops) {
    largest.push_back(culprit(totals, top));
  }
  std::sort(largest.begin(), largest.end(), [](const SizedPath& a, const SizedPath& b) {
    return std::tie(b.size, a.path) < std::tie(a.size, b.path);
  });
  return largest;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) {
    return fmt::format("{} bytes", bytes);
  }
  auto value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace sweepd::blobs
