// Tests of the counter-based random numbers.
#include "base/rng.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

namespace sweepd {
namespace {

using Block = std::array<std::uint32_t, 4>;

Rng source(std::uint64_t seed, std::uint32_t index = 1, std::uint32_t retry = 0) {
  return Rng({seed, Stream::kRandomSampler, index, retry});
}

TEST_CASE("philox: gives the known answers of its authors") {
  CHECK(philox({0, 0}, {0, 0, 0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("rng: the first draws of a source are the words of its first blocks") {
  const std::uint64_t seed = 0x0123456789abcdef;
  Rng rng({seed, Stream::kSobolShift, 7, 2});
  for (std::uint32_t block = 0; block < 3; ++block) {
    const Block words = philox({0x89abcdef, 0x01234567},
                               {static_cast<std::uint32_t>(Stream::kSobolShift), 7, 2, block});
    CHECK_EQ(rng.bits(), std::uint64_t{words[0]} << 32 | words[1]);
    CHECK_EQ(rng.bits(), std::uint64_t{words[2]} << 32 | words[3]);
  }
}

TEST_CASE("rng: seed, stream, index and retry each give other draws; the same give the same") {
  const std::uint64_t here = source(5).bits();
  CHECK_EQ(source(5).bits(), here);
  CHECK_NE(source(6).bits(), here);
  CHECK_NE(source(5 + (std::uint64_t{1} << 32)).bits(), here);
  CHECK_NE(source(5, 2).bits(), here);
  CHECK_NE(source(5, 1, 1).bits(), here);
  CHECK_NE(Rng({5, Stream::kSobolScramble, 1, 0}).bits(), here);
}

TEST_CASE("rng: uniform draws fill [0, 1) evenly") {
  Rng rng = source(1);
  std::array<int, 10> counts = {};
  for (int i = 0; i < 100'000; ++i) {
    const double u = rng.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    ++counts[static_cast<std::size_t>(u * 10)];
  }
  for (const int count : counts) {
    CHECK(std::abs(count - 10'000) < 500);  // five standard deviations
  }
}

TEST_CASE("rng: below gives every number under its bound alike, also for bounds over 2^63") {
  Rng rng = source(2);
  std::map<std::uint64_t, int> counts;
  for (int i = 0; i < 60'000; ++i) {
    ++counts[rng.below(6)];
  }
  CHECK_EQ(counts.size(), 6);
  for (const auto& [value, count] : counts) {
    CHECK(value < 6);
    CHECK(std::abs(count - 10'000) < 500);
  }
  int low = 0;
  const std::uint64_t bound = std::uint64_t{3} << 62;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t draw = rng.below(bound);
    REQUIRE(draw < bound);
    low += draw < bound / 2 ? 1 : 0;
  }
  CHECK(std::abs(low - 5'000) < 250);  // a plain remainder would give 6,667
  CHECK_EQ(rng.below(1), 0);
}

TEST_CASE("rng: normal draws have mean 0 and variance 1") {
  Rng rng = source(3);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = rng.normal();
    sum += z;
    squares += z * z;
  }
  CHECK(std::fabs(sum / kDraws) < 0.016);
  CHECK(std::fabs(squares / kDraws - 1) < 0.023);
}

TEST_CASE("normal quantile: agrees with published values to the last digits") {
  // As scipy.special.ndtri gives them.
  const std::map<double, double> known = {
      {0.25, -0.6744897501960817},
      {0.001, -3.090232306167813},
      {1e-20, -9.262340089798409},
      {0.975, 1.959963984540054},
      {0.8413447460685429, 1.0},
      {0.075, -1.4395314709384563},
      {1e-300, -37.0470962993612},
  };
  for (const auto& [p, z] : known) {
    CAPTURE(p);
    CHECK(normal_quantile(p) == doctest::Approx(z).epsilon(2e-15));
  }
  CHECK_EQ(normal_quantile(0.5), 0);
}

TEST_CASE("normal quantile: is odd around one half and undone by the distribution function") {
  for (int i = 1; i < 1024; ++i) {
    const double p = i / 1024.0;
    CHECK_EQ(normal_quantile(p), -normal_quantile(1 - p));
    const double back = 0.5 * std::erfc(-normal_quantile(p) / std::sqrt(2.0));
    CHECK(back == doctest::Approx(p).epsilon(1e-14));
  }
}

}  // namespace
}  // namespace sweepd
