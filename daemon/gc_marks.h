// Which blobs rows refer to: the first half of gc.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "daemon/blob_store.h"
#include "daemon/gc.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sweepd::daemon {

// Blobs as the first 8 bytes of their digests: two that share them keep each other, which is no
// harm, and a million trials fit into memory.
class Marks {
 public:
  void add(std::string_view digest);
  bool has(std::string_view digest) const;

 private:
  std::unordered_set<std::uint64_t> blobs_;
};

struct References {
  Marks used;
  std::vector<std::string> dropped;  // trees that run.keep let go, and nobody else refers to
  std::map<SweepId, std::set<std::string>> trees_without;  // of the sweeps that do not count
};

// Reads all records, a journal at a time. Records that are written meanwhile refer to what was
// offered after gc began, which is kept for that reason.
Result<References> find_references(const GcScene& scene,
                                   const std::vector<SweepId>& without,
                                   const GcTold& told);

}  // namespace sweepd::daemon
