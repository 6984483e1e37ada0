// Counter-based random numbers: a draw is a function of (seed, stream, index, draw), never of
// history.
#pragma once

#include <array>
#include <cstdint>

namespace sweepd {

// Independent uses of one seed. Append-only: the values decide what a seed means.
enum class Stream : std::uint32_t {
  kRandomSampler = 1,
  kSobolScramble = 2,
  kSobolShift = 3,
};

// Philox4x32-10 (Salmon et al., SC 2011): ten rounds, passes BigCrush, no state to save.
//   key:     two words
//   counter: four words
// Returns four independent words.
std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 2>& key,
                                    const std::array<std::uint32_t, 4>& counter);

// The draws of one (seed, stream, index, retry): for example of one trial of the random sampler.
class Rng {
 public:
  struct Source {
    std::uint64_t seed = 0;
    Stream stream = Stream::kRandomSampler;
    std::uint32_t index = 0;  // the trial number, or the dimension
    std::uint32_t retry = 0;  // 0, 1, … when the draws before were refused
  };

  explicit Rng(const Source& source) : source_(source) {}

  std::uint64_t bits();                      // 64 uniform bits
  double uniform();                          // in [0, 1), 53 bits
  std::uint64_t below(std::uint64_t bound);  // in [0, bound), unbiased; bound > 0
  double normal();                           // standard normal, by inversion of one uniform

 private:
  Source source_;
  std::uint64_t draw_ = 0;
};

// The inverse of the standard normal distribution function for p in (0, 1): Wichura's algorithm AS
// 241 (PPND16), relative error about 1e-16. Polynomials, one logarithm and one square root, so that
// it does not depend on how a C library rounds its error function.
double normal_quantile(double p);

}  // namespace sweepd
