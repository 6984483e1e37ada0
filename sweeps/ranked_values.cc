// Order statistics: the values of one rung or interval, kept sorted.
#include "sweeps/ranked_values.h"

#include "base/check.h"

#include <algorithm>
#include <iterator>

namespace sweepd::sweeps {

namespace {

// 8 KiB: one insertion moves half of it, and 100,000 values make some 300 chunks.
constexpr std::size_t kChunkRanksMax = 512;

using Chunk = std::vector<Rank>;

Chunk::difference_type offset_in(const Chunk& chunk, const Rank& rank) {
  return std::distance(chunk.begin(), std::lower_bound(chunk.begin(), chunk.end(), rank));
}

}  // namespace

std::size_t RankedValues::chunk_of(const Rank& rank) const {
  const auto found = std::lower_bound(
      chunks_.begin(), chunks_.end(), rank, [](const Chunk& chunk, const Rank& sought) {
        return chunk.back() < sought;
      });
  return static_cast<std::size_t>(std::distance(chunks_.begin(), found));
}

void RankedValues::insert(const Rank& rank) {
  ++size_;
  if (chunks_.empty()) {
    chunks_.push_back({rank});
    return;
  }
  const std::size_t at = std::min(chunk_of(rank), chunks_.size() - 1);
  Chunk& chunk = chunks_[at];
  chunk.insert(chunk.begin() + offset_in(chunk, rank), rank);
  if (chunk.size() > kChunkRanksMax) {
    const auto middle = chunk.begin() + kChunkRanksMax / 2;
    Chunk upper(middle, chunk.end());
    chunk.erase(middle, chunk.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
  }
}

bool RankedValues::erase(const Rank& rank) {
  const std::size_t at = chunk_of(rank);
  if (at == chunks_.size()) {
    return false;
  }
  Chunk& chunk = chunks_[at];
  const auto found = chunk.begin() + offset_in(chunk, rank);
  if (found == chunk.end() || !(*found == rank)) {
    return false;
  }
  chunk.erase(found);
  if (chunk.empty()) {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  --size_;
  return true;
}

std::size_t RankedValues::count_before(const Rank& rank) const {
  const std::size_t at = chunk_of(rank);
  std::size_t count = 0;
  for (std::size_t i = 0; i < at; ++i) {
    count += chunks_[i].size();
  }
  return at == chunks_.size() ? count
                              : count + static_cast<std::size_t>(offset_in(chunks_[at], rank));
}

const Rank& RankedValues::kth(std::size_t k) const {
  SWEEPD_CHECK(k < size_);
  std::size_t at = 0;
  std::size_t left = k;
  while (left >= chunks_[at].size()) {
    left -= chunks_[at].size();
    ++at;
  }
  return chunks_[at][left];
}

double RankedValues::median() const {
  const double upper = kth(size_ / 2).value;
  if (size_ % 2 == 1) {
    return upper;
  }
  const double lower = kth(size_ / 2 - 1).value;
  return (lower + upper) / 2;
}

bool RankedValues::operator==(const RankedValues& other) const {
  if (size_ != other.size_) {
    return false;
  }
  std::size_t theirs = 0;
  std::size_t offset = 0;
  for (const Chunk& chunk : chunks_) {
    for (const Rank& rank : chunk) {
      if (offset == other.chunks_[theirs].size()) {
        ++theirs;
        offset = 0;
      }
      if (!(rank == other.chunks_[theirs][offset])) {
        return false;
      }
      ++offset;
    }
  }
  return true;
}

}  // namespace sweepd::sweeps
