// Random domains and search spaces for tests, odd ones included.
#pragma once

#include "base/rng.h"
#include "sweeps/search_space.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace sweepd::sweeps {

inline double fuzz_bound(Rng& rng) {
  const double sign = rng.below(3) == 0 ? -1 : 1;
  return rng.below(8) == 0 ? 0 : sign * std::pow(10, rng.uniform() * 12 - 6);
}

inline Domain fuzz_float(Rng& rng) {
  FloatRange range;
  range.log = rng.below(3) == 0;
  const double a = range.log ? std::pow(10, rng.uniform() * 600 - 300) : fuzz_bound(rng);
  const double b = range.log ? a * std::pow(10, rng.uniform() * 6) : fuzz_bound(rng);
  range.low = std::min(a, b);
  range.high = rng.below(8) == 0 ? range.low : std::max(a, b);
  if (rng.below(3) == 0) {
    // Steps that divide the range and steps that do not, wider ones than the range too.
    const double steps = rng.uniform() * 20 + 0.5;
    range.step = range.low == range.high ? 1 : (range.high - range.low) / steps;
  }
  return range;
}

inline Domain fuzz_int(Rng& rng) {
  IntRange range;
  range.log = rng.below(3) == 0;
  range.low = range.log ? 1 + static_cast<std::int64_t>(rng.below(1000))
                        : static_cast<std::int64_t>(rng.below(2000)) - 1000;
  range.high = range.low + static_cast<std::int64_t>(rng.below(8) == 0 ? 0 : rng.below(100'000));
  range.step = range.log ? 1 : 1 + static_cast<std::int64_t>(rng.below(9));
  return range;
}

inline Domain fuzz_choice(Rng& rng) {
  Choice choice;
  const std::uint64_t count = 1 + rng.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    choice.values.push_back(i % 2 == 0 ? Value(fmt::format("v{}", i))
                                       : Value(static_cast<std::int64_t>(i)));
  }
  if (rng.below(2) == 0) {
    for (std::uint64_t i = 0; i < count; ++i) {
      choice.weights.push_back(0.1 + rng.uniform());
    }
  }
  return choice;
}

inline Domain fuzz_normal(Rng& rng) {
  Normal normal;
  normal.log = rng.below(2) == 0;
  normal.mean = normal.log ? rng.uniform() * 4 - 2 : fuzz_bound(rng);
  normal.sd = rng.below(8) == 0 ? 0 : rng.uniform() * 3;
  if (rng.below(2) == 0) {
    normal.step = 0.25;
  }
  return normal;
}

inline Domain fuzz_hyperdrive(Rng& rng) {
  Hyperdrive expression;
  expression.kind = static_cast<Hyperdrive::Kind>(1 + rng.below(9));
  expression.a = static_cast<double>(rng.below(9)) / 2 + 1;
  expression.b = expression.a + static_cast<double>(rng.below(9)) / 2;
  expression.q = static_cast<double>(1 + rng.below(5));
  if (expression.kind == Hyperdrive::Kind::kRandint) {
    expression.a = std::floor(expression.a);
  }
  return expression;
}

// Valid, or nearly always: callers skip what validate refuses.
inline Domain fuzz_domain(Rng& rng) {
  switch (rng.below(5)) {
    case 0:
      return fuzz_float(rng);
    case 1:
      return fuzz_int(rng);
    case 2:
      return fuzz_choice(rng);
    case 3:
      return fuzz_normal(rng);
    default:
      return fuzz_hyperdrive(rng);
  }
}

// Up to six parameters; some hang on the first one, which is a choice then.
inline SearchSpace fuzz_space(Rng& rng) {
  SearchSpace space;
  const std::uint64_t count = 1 + rng.below(6);
  space.parameters.push_back({"p0", fuzz_choice(rng), ""});
  for (std::uint64_t i = 1; i < count; ++i) {
    const bool hangs = rng.below(3) == 0;
    space.parameters.push_back(
        {fmt::format("p{}", i), fuzz_domain(rng), hangs ? "p0 == 'v0'" : ""});
  }
  return space;
}

}  // namespace sweepd::sweeps
