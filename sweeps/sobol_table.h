// Direction numbers of the Sobol sequence: the first 256 rows of new-joe-kuo-6.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sweepd::sweeps {

constexpr std::size_t kSobolDimensionsMax = 256;

// One dimension: a primitive polynomial over GF(2), its coefficients as bits with the highest and
// the constant term included (x^3 + x + 1 is 11), and the initial numbers m_1 … m_degree; zeros
// follow.
struct SobolRow {
  std::uint16_t polynomial = 0;
  std::array<std::uint16_t, 11> initial = {};
};

// The first dimension has the polynomial 1 and no initial numbers: van der Corput's sequence.
extern const std::array<SobolRow, kSobolDimensionsMax> kSobolTable;

}  // namespace sweepd::sweeps
