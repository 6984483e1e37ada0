// Order statistics: the values of one rung or interval, kept sorted.
#pragma once

#include "sweeps/objective.h"

#include <cstddef>
#include <vector>

namespace sweepd::sweeps {

// A sorted multiset of ranks in chunks of bounded size: insertion and removal move one chunk,
// positions are found by adding up chunk sizes, so every operation costs O(sqrt n) with a tiny
// constant (a tree with counts costs more below some millions of values). Values are never NaN;
// infinity sorts last.
class RankedValues {
 public:
  void insert(const Rank& rank);
  // Whether the rank was there.
  bool erase(const Rank& rank);

  std::size_t size() const { return size_; }

  bool empty() const { return size_ == 0; }

  // How many ranks stand before this one, itself not counted.
  std::size_t count_before(const Rank& rank) const;

  // How many values are strictly smaller.
  std::size_t count_better(double value) const { return count_before({value, TrialNumber{0}}); }

  // The rank at position k = 0, 1, … < size().
  const Rank& kth(std::size_t k) const;
  // The middle value; the mean of the middle two of an even number. Not of an empty set.
  double median() const;

  // The same ranks; how they are cut into chunks does not matter.
  bool operator==(const RankedValues& other) const;

 private:
  // The chunk where the rank is or belongs; chunks_.size() when it belongs after all.
  std::size_t chunk_of(const Rank& rank) const;

  std::vector<std::vector<Rank>> chunks_;  // none empty; all ranks of one before all of the next
  std::size_t size_ = 0;
};

}  // namespace sweepd::sweeps
