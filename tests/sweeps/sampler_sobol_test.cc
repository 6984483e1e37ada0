// Tests of the Sobol sequence and its scramble.
#include "sweeps/sampler_sobol.h"

#include "sweeps/sobol_table.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <set>
#include <vector>

namespace sweepd::sweeps {
namespace {

TEST_CASE("sobol: the plain sequence has the golden points in six dimensions") {
  // As SciPy and PyTorch give them.
  const std::vector<std::vector<double>> golden = {{0, 0, 0, 0, 0, 0},
                                                   {.5, .5, .5, .5, .5, .5},
                                                   {.75, .25, .25, .25, .75, .75},
                                                   {.25, .75, .75, .75, .25, .25},
                                                   {.375, .375, .625, .875, .375, .125},
                                                   {.875, .875, .125, .375, .875, .625},
                                                   {.625, .125, .875, .625, .625, .875},
                                                   {.125, .625, .375, .125, .125, .375}};
  for (std::uint32_t index = 0; index < golden.size(); ++index) {
    for (std::size_t d = 0; d < 6; ++d) {
      CHECK_EQ(sobol_bits(d, index) * 0x1p-32, golden[index][d]);
    }
  }
}

TEST_CASE("sobol: far dimensions and points agree with SciPy") {
  CHECK_EQ(sobol_bits(255, 1000) * 0x1p-32, 0.2490234375);
  CHECK_EQ(sobol_bits(100, 123'456) * 0x1p-32, 0.5315628051757812);
  CHECK_EQ(sobol_bits(63, 999'999) * 0x1p-32, 0.2534341812133789);
}

TEST_CASE("sobol: the table's polynomials are of their degree and its numbers odd and in range") {
  for (std::size_t d = 1; d < kSobolDimensionsMax; ++d) {
    CAPTURE(d);
    const SobolRow& row = kSobolTable[d];
    const auto degree = static_cast<std::size_t>(std::bit_width(row.polynomial)) - 1;
    CHECK((row.polynomial & 1) == 1);
    CHECK(row.polynomial >= kSobolTable[d - 1].polynomial);
    for (std::size_t k = 0; k < row.initial.size(); ++k) {
      CHECK((k < degree) == (row.initial[k] != 0));
      CHECK((k >= degree || row.initial[k] % 2 == 1));
      CHECK(row.initial[k] < 2U << k);
    }
  }
}

TEST_CASE(
    "sobol: any aligned 2^m scrambled points have one coordinate in each interval, per dimension") {
  constexpr std::uint32_t kPoints = 256;
  for (const std::uint64_t seed : {0ULL, 1ULL, 0xfeedULL}) {
    for (const std::uint32_t start : {0U, 768U}) {
      std::vector<std::set<int>> hit(64);
      for (std::uint32_t i = 0; i < kPoints; ++i) {
        const std::vector<double> point = sobol_point({seed, 0}, hit.size(), start + i);
        for (std::size_t d = 0; d < hit.size(); ++d) {
          REQUIRE(point[d] >= 0);
          REQUIRE(point[d] < 1);
          hit[d].insert(static_cast<int>(point[d] * kPoints));
        }
      }
      for (const std::set<int>& intervals : hit) {
        CHECK_EQ(intervals.size(), kPoints);
      }
    }
  }
}

TEST_CASE("sobol: the first two dimensions stay a (0, m, 2) net under every scramble") {
  constexpr unsigned kBits = 6;
  for (const std::uint32_t retry : {0U, 5U}) {
    for (unsigned a = 0; a <= kBits; ++a) {
      std::set<std::pair<int, int>> boxes;
      for (std::uint32_t i = 0; i < 1U << kBits; ++i) {
        const std::vector<double> point = sobol_point({42, retry}, 2, i);
        boxes.emplace(static_cast<int>(std::ldexp(point[0], static_cast<int>(a))),
                      static_cast<int>(std::ldexp(point[1], static_cast<int>(kBits - a))));
      }
      CHECK_EQ(boxes.size(), std::size_t{1} << kBits);
    }
  }
}

TEST_CASE(
    "sobol: seeds, retries and dimensions scramble differently; the same key gives the same "
    "point") {
  const std::vector<double> point = sobol_point({7, 0}, 3, 5);
  CHECK_EQ(sobol_point({7, 0}, 3, 5), point);
  CHECK_NE(sobol_point({8, 0}, 3, 5), point);
  CHECK_NE(sobol_point({7, 1}, 3, 5), point);
  CHECK_NE(sobol_point({7, 0}, 3, 6), point);
  const std::vector<double> wider = sobol_point({7, 0}, 5, 5);
  CHECK_EQ(std::vector<double>(wider.begin(), wider.begin() + 3), point);
}

TEST_CASE("sobol: integrates a product of 8 dimensions five times better than random points") {
  constexpr std::uint32_t kPoints = 4096;
  constexpr std::uint64_t kSeeds = 8;
  double squares = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    double sum = 0;
    for (std::uint32_t i = 0; i < kPoints; ++i) {
      double product = 1;
      for (const double u : sobol_point({seed, 0}, 8, i)) {
        product *= 2 * u;
      }
      sum += product;
    }
    squares += (sum / kPoints - 1) * (sum / kPoints - 1);
  }
  // The standard error of as many independent points is sqrt(((4/3)^8 - 1) / 4096) = 0.047.
  CHECK(std::sqrt(squares / kSeeds) < 0.047 / 5);
}

}  // namespace
}  // namespace sweepd::sweeps
