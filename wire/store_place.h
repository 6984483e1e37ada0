// How far a daemon's store is: one number that agents are told and remember, so that a store that
// has lost records is found out. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sweepd::wire {

// From the highest bits on: 16 that tell the store from others, 8, and 40.
struct StorePlace {
  std::uint16_t store = 0;
  // How often it went on from less than others knew: whatever was told before is less than all that
  // is told since, so that a restore, or a loss that is known, is not found once more.
  std::uint32_t restores = 0;
  std::uint64_t record = 0;  // the number of the last one on disk
};

constexpr unsigned kRecordBits = 40;
constexpr unsigned kRestoreBits = 8;
constexpr std::uint64_t kRecordMask = (std::uint64_t{1} << kRecordBits) - 1;

// 0 is the place of no store: nobody was told anything.
constexpr std::uint64_t to_number(const StorePlace& place) {
  return std::uint64_t{place.store} << (kRecordBits + kRestoreBits) |
         std::min<std::uint64_t>(place.restores, (1U << kRestoreBits) - 1) << kRecordBits |
         (place.record & kRecordMask);
}

constexpr bool same_store(std::uint64_t one, std::uint64_t other) {
  return one >> (kRecordBits + kRestoreBits) == other >> (kRecordBits + kRestoreBits);
}

// How many records are missing, at least, in a store that is at `found`, when somebody was told
// that it is at `seen`; 0: none.
constexpr std::uint64_t records_missing(std::uint64_t seen, std::uint64_t found) {
  if (!same_store(seen, found) || seen <= found) {
    return 0;
  }
  const std::uint64_t told = seen & kRecordMask;
  const std::uint64_t held = found & kRecordMask;
  return told > held ? told - held : 1;
}

}  // namespace sweepd::wire
