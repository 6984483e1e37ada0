// The count and the sum of hashes of records that were deleted.
#include "daemon/deleted_records.h"

#include "daemon/journal_keys.h"

namespace sweepd::daemon {

namespace {

// The finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): neighbours have nothing in common.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

}  // namespace

void DeletedRecords::add(std::uint64_t seq) {
  ++count;
  sum += mixed(seq);
}

std::string DeletedRecords::encode() const {
  return keys::number(count) + keys::number(sum);
}

Result<DeletedRecords> DeletedRecords::decode(std::string_view bytes) {
  if (bytes.empty()) {
    return DeletedRecords{};
  }
  if (bytes.size() != 16) {
    return Error{Errc::kCorrupt, "what is known of deleted records cannot be read"};
  }
  return DeletedRecords{*keys::last_number(bytes.substr(0, 8)), *keys::last_number(bytes)};
}

}  // namespace sweepd::daemon
