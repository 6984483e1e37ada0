// Counter-based random numbers: a draw is a function of (seed, stream, index, draw), never of
// history.
#include "base/rng.h"

#include "base/check.h"

#include <cmath>

namespace sweepd {

namespace {

struct Product {
  std::uint32_t high = 0;
  std::uint32_t low = 0;
};

Product multiplied(std::uint32_t factor, std::uint32_t word) {
  const std::uint64_t product = std::uint64_t{factor} * word;
  return {static_cast<std::uint32_t>(product >> 32), static_cast<std::uint32_t>(product)};
}

// The value at x of the polynomial with these coefficients, constant term first.
double polynomial(const std::array<double, 8>& coefficients, double x) {
  double sum = 0;
  for (std::size_t i = coefficients.size(); i-- > 0;) {
    sum = sum * x + coefficients[i];
  }
  return sum;
}

}  // namespace

std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 2>& key,
                                    const std::array<std::uint32_t, 4>& counter) {
  constexpr int kRounds = 10;
  std::array<std::uint32_t, 2> k = key;
  std::array<std::uint32_t, 4> c = counter;
  for (int round = 0; round < kRounds; ++round) {
    const Product a = multiplied(0xD2511F53U, c[0]);
    const Product b = multiplied(0xCD9E8D57U, c[2]);
    c = {b.high ^ c[1] ^ k[0], b.low, a.high ^ c[3] ^ k[1], a.low};
    k[0] += 0x9E3779B9U;
    k[1] += 0xBB67AE85U;
  }
  return c;
}

std::uint64_t Rng::bits() {
  // One block of 128 bits serves two draws.
  const std::uint64_t block = draw_ / 2;
  const bool second = draw_ % 2 == 1;
  ++draw_;
  SWEEPD_CHECK(block <= UINT32_MAX);
  const std::array<std::uint32_t, 4> words = philox(
      {static_cast<std::uint32_t>(source_.seed), static_cast<std::uint32_t>(source_.seed >> 32)},
      {static_cast<std::uint32_t>(source_.stream),
       source_.index,
       source_.retry,
       static_cast<std::uint32_t>(block)});
  return second ? (std::uint64_t{words[2]} << 32 | words[3])
                : (std::uint64_t{words[0]} << 32 | words[1]);
}

double Rng::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1p-53;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  SWEEPD_CHECK(bound > 0);
  // Draws in the last, incomplete run of `bound` values would favour the small remainders.
  const std::uint64_t excess = (UINT64_MAX % bound + 1) % bound;
  std::uint64_t draw = bits();
  while (draw > UINT64_MAX - excess) {
    draw = bits();
  }
  return draw % bound;
}

double Rng::normal() {
  // The middle of the 53-bit cell, so that 0 cannot occur.
  const std::uint64_t cell = bits() >> 12;
  return normal_quantile((static_cast<double>(cell) + 0.5) * 0x1p-52);
}

double normal_quantile(double p) {
  SWEEPD_CHECK(p > 0 && p < 1);
  constexpr std::array<double, 8> kCentreTop = {3.3871328727963666080e0,
                                                1.3314166789178437745e+2,
                                                1.9715909503065514427e+3,
                                                1.3731693765509461125e+4,
                                                4.5921953931549871457e+4,
                                                6.7265770927008700853e+4,
                                                3.3430575583588128105e+4,
                                                2.5090809287301226727e+3};
  constexpr std::array<double, 8> kCentreBottom = {1.0,
                                                   4.2313330701600911252e+1,
                                                   6.8718700749205790830e+2,
                                                   5.3941960214247511077e+3,
                                                   2.1213794301586595867e+4,
                                                   3.9307895800092710610e+4,
                                                   2.8729085735721942674e+4,
                                                   5.2264952788528545610e+3};
  constexpr std::array<double, 8> kNearTop = {1.42343711074968357734e0,
                                              4.63033784615654529590e0,
                                              5.76949722146069140550e0,
                                              3.64784832476320460504e0,
                                              1.27045825245236838258e0,
                                              2.41780725177450611770e-1,
                                              2.27238449892691845833e-2,
                                              7.74545014278341407640e-4};
  constexpr std::array<double, 8> kNearBottom = {1.0,
                                                 2.05319162663775882187e0,
                                                 1.67638483018380384940e0,
                                                 6.89767334985100004550e-1,
                                                 1.48103976427480074590e-1,
                                                 1.51986665636164571966e-2,
                                                 5.47593808499534494600e-4,
                                                 1.05075007164441684324e-9};
  constexpr std::array<double, 8> kFarTop = {6.65790464350110377720e0,
                                             5.46378491116411436990e0,
                                             1.78482653991729133580e0,
                                             2.96560571828504891230e-1,
                                             2.65321895265761230930e-2,
                                             1.24266094738807843860e-3,
                                             2.71155556874348757815e-5,
                                             2.01033439929228813265e-7};
  constexpr std::array<double, 8> kFarBottom = {1.0,
                                                5.99832206555887937690e-1,
                                                1.36929880922735805310e-1,
                                                1.48753612908506148525e-2,
                                                7.86869131145613259100e-4,
                                                1.84631831751005468180e-5,
                                                1.42151175831644588870e-7,
                                                2.04426310338993978564e-15};

  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kCentreTop, r) / polynomial(kCentreBottom, r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double size = r <= 5 ? polynomial(kNearTop, r - 1.6) / polynomial(kNearBottom, r - 1.6)
                             : polynomial(kFarTop, r - 5) / polynomial(kFarBottom, r - 5);
  return q < 0 ? -size : size;
}

}  // namespace sweepd
