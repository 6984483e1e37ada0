// What is remembered of records that were deleted: enough to tell them from records that are lost.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sweepd::daemon {

// Records are numbered 1, 2, 3 … without gaps, and those of a removed sweep leave gaps all over.
// Kept are how many there were and the sum of a hash of their numbers: whatever is missing and has
// another sum was not deleted by us. A list of the gaps would be as long as what was deleted.
struct DeletedRecords {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  bool operator==(const DeletedRecords&) const = default;

  void add(std::uint64_t seq);

  std::string encode() const;

  // Of what `encode` wrote; nothing was deleted yet when it is empty. kCorrupt for anything else.
  static Result<DeletedRecords> decode(std::string_view bytes);
};

}  // namespace sweepd::daemon
