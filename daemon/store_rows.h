// The store row by row, for whoever looks at all of it: the check and the backup.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sweepd::daemon {

// What rows there are; docs/formats.md says what is in them.
enum class Family { kState, kRecord, kMetric, kLog, kMeta };

class StoreRows {
 public:
  virtual ~StoreRows() = default;

  // Takes the key and the value of a row; false ends the scan.
  using Visit = std::function<Result<bool>(std::string_view key, std::string_view value)>;

  // Calls `visit` with the rows whose keys begin with `prefix`, in the order of their keys.
  // kInterrupted: the disk is full, and the store is to be opened anew.
  virtual Result<void> each(Family family, const std::string& prefix, const Visit& visit) = 0;
};

}  // namespace sweepd::daemon
