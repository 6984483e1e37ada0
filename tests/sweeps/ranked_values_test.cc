// Tests of the order statistics against a sorted vector.
#include "sweeps/ranked_values.h"

#include "base/rng.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace sweepd::sweeps {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Rank rank(double value, std::uint32_t trial) {
  return {value, TrialNumber{trial}};
}

TEST_CASE("ranked values: answer as a sorted vector would, through growth and shrinking") {
  Rng rng({1, Stream::kRandomSampler, 1, 0});
  RankedValues fast;
  std::vector<Rank> slow;
  for (std::uint32_t step = 1; step <= 6000; ++step) {
    // Grows for the first half and shrinks in the second; few distinct values, so that ties abound.
    const bool grows = rng.below(10) < (step < 3000 ? 9U : 2U);
    if (grows || slow.empty()) {
      const double value = rng.below(20) == 0 ? kInf : static_cast<double>(rng.below(50));
      const Rank added = rank(value, step);
      fast.insert(added);
      slow.insert(std::lower_bound(slow.begin(), slow.end(), added), added);
    } else {
      const auto gone = slow.begin() + static_cast<std::ptrdiff_t>(rng.below(slow.size()));
      REQUIRE(fast.erase(*gone));
      slow.erase(gone);
    }
    REQUIRE_EQ(fast.size(), slow.size());
    if (slow.empty()) {
      continue;
    }
    const std::size_t k = rng.below(slow.size());
    REQUIRE_EQ(fast.kth(k), slow[k]);
    REQUIRE_EQ(fast.count_before(slow[k]), k);
    const double probe = static_cast<double>(rng.below(52)) - 1;
    const auto better =
        std::count_if(slow.begin(), slow.end(), [probe](const Rank& r) { return r.value < probe; });
    REQUIRE_EQ(fast.count_better(probe), static_cast<std::size_t>(better));
  }
}

TEST_CASE("ranked values: the median of an even number is the mean of the middle two") {
  RankedValues values;
  values.insert(rank(3, 1));
  CHECK_EQ(values.median(), 3);
  values.insert(rank(4, 2));
  CHECK_EQ(values.median(), 3.5);
  values.insert(rank(kInf, 3));
  CHECK_EQ(values.median(), 4);
  values.insert(rank(kInf, 4));
  CHECK_EQ(values.median(), kInf);
}

TEST_CASE("ranked values: what is not there cannot be erased") {
  RankedValues values;
  CHECK_FALSE(values.erase(rank(1, 1)));
  values.insert(rank(1, 1));
  CHECK_FALSE(values.erase(rank(1, 2)));
  CHECK_FALSE(values.erase(rank(2, 1)));
  CHECK(values.erase(rank(1, 1)));
  CHECK(values.empty());
}

TEST_CASE("ranked values: equality is of contents, whatever the history") {
  RankedValues up;
  RankedValues down;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    up.insert(rank(i, i + 1));
    down.insert(rank(1999 - i, 2000 - i));
  }
  CHECK(up == down);
  up.insert(rank(-1, 3000));
  CHECK_FALSE(up == down);
  CHECK(up.erase(rank(-1, 3000)));
  CHECK(up == down);
  CHECK(down.erase(rank(1000, 1001)));
  down.insert(rank(1000, 5000));
  CHECK_FALSE(up == down);
}

}  // namespace
}  // namespace sweepd::sweeps
