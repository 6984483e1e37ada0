// The scrambled Sobol sequence: points of the unit cube that leave no gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sweepd::sweeps {

// Coordinate `dimension` (0, 1, … < kSobolDimensionsMax) of point `index` (0, 1, …) of the plain
// sequence in Gray code order, as the bits behind the binary point, highest first.
std::uint32_t sobol_bits(std::size_t dimension, std::uint32_t index);

// Which scramble of the sequence.
struct SobolKey {
  std::uint64_t seed = 0;
  std::uint32_t retry =
      0;  // 0, 1, … where a point before was refused: another shift of the same net
};

// Point `index` of the sequence after a random linear scramble (Matoušek 1998: a lower triangular
// matrix with unit diagonal per dimension) and a random digital shift, both functions of the key
// and the dimension alone, so that dimensions do not depend on how many there are. Coordinates are
// in [0, 1) with 53 bits. Any 2^m points from a multiple of 2^m on have one coordinate in each
// interval of length 2^-m.
std::vector<double> sobol_point(const SobolKey& key, std::size_t dimensions, std::uint32_t index);

}  // namespace sweepd::sweeps
