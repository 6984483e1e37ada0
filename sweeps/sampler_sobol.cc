// The scrambled Sobol sequence: points of the unit cube that leave no gaps.
#include "sweeps/sampler_sobol.h"

#include "base/check.h"
#include "base/rng.h"
#include "sweeps/sobol_table.h"

#include <array>
#include <bit>

namespace sweepd::sweeps {

namespace {

constexpr unsigned kIndexBits = 32;

// The numbers m_1 … m_32 of a dimension by the recurrence of its polynomial:
// m_k = 2 a_1 m_{k-1} ^ 4 a_2 m_{k-2} ^ … ^ 2^s m_{k-s} ^ m_{k-s}.
std::array<std::uint64_t, kIndexBits> numbers_of(const SobolRow& row) {
  std::array<std::uint64_t, kIndexBits> m = {};
  const auto degree = static_cast<unsigned>(std::bit_width(row.polynomial)) - 1;
  for (unsigned k = 0; k < kIndexBits; ++k) {
    if (degree == 0) {
      m[k] = 1;
    } else if (k < degree) {
      m[k] = row.initial[k];
    } else {
      m[k] = m[k - degree];
      for (unsigned i = 1; i <= degree; ++i) {
        const bool term = (row.polynomial >> (degree - i) & 1U) != 0;
        m[k] ^= term ? m[k - i] << i : 0;
      }
    }
  }
  return m;
}

// The 53 bits, highest first, of the lower triangular matrix times the 32 bits of the plain
// coordinate.
std::uint64_t scrambled(const Rng::Source& matrix, std::uint32_t plain) {
  constexpr unsigned kRows = 53;
  Rng rows(matrix);
  std::uint64_t out = 0;
  std::uint64_t random = 0;
  for (unsigned i = 0; i < kRows; ++i) {
    random = i % 2 == 0 ? rows.bits() : random >> 32;
    auto row = static_cast<std::uint32_t>(random);
    if (i < kIndexBits) {
      const std::uint32_t diagonal = 0x80000000U >> i;
      row = (row & ~(diagonal | (diagonal - 1))) | diagonal;
    }
    out = out << 1 | (static_cast<unsigned>(std::popcount(row & plain)) & 1U);
  }
  return out;
}

}  // namespace

std::uint32_t sobol_bits(std::size_t dimension, std::uint32_t index) {
  SWEEPD_CHECK(dimension < kSobolDimensionsMax);
  const std::array<std::uint64_t, kIndexBits> m = numbers_of(kSobolTable[dimension]);
  const std::uint32_t gray = index ^ (index >> 1);
  std::uint32_t bits = 0;
  for (unsigned k = 0; k < kIndexBits; ++k) {
    if ((gray >> k & 1U) != 0) {
      bits ^= static_cast<std::uint32_t>(m[k] << (kIndexBits - 1 - k));
    }
  }
  return bits;
}

std::vector<double> sobol_point(const SobolKey& key, std::size_t dimensions, std::uint32_t index) {
  std::vector<double> point;
  point.reserve(dimensions);
  for (std::uint32_t d = 0; d < dimensions; ++d) {
    const Rng::Source matrix = {key.seed, Stream::kSobolScramble, d, 0};
    Rng shift({key.seed, Stream::kSobolShift, d, key.retry});
    const std::uint64_t bits = scrambled(matrix, sobol_bits(d, index)) ^ (shift.bits() >> 11);
    point.push_back(static_cast<double>(bits) * 0x1p-53);
  }
  return point;
}

}  // namespace sweepd::sweeps
