// The domains of parameters, and the way from the unit interval to values and back.
#pragma once

#include "base/result.h"
#include "sweeps/value.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace sweepd::sweeps {

// Real values in [low, high], both included; with `step` the grid low, low+step, …
struct FloatRange {
  double low = 0;
  double high = 1;
  bool log = false;
  std::optional<double> step;

  bool operator==(const FloatRange&) const = default;
};

// Integers in [low, high], both included; `log` spaces them evenly in the logarithm with half-step
// edges.
struct IntRange {
  std::int64_t low = 0;
  std::int64_t high = 1;
  bool log = false;
  std::int64_t step = 1;

  bool operator==(const IntRange&) const = default;
};

// A normal variate, or exp of one; with `step` rounded to multiples of it.
struct Normal {
  double mean = 0;
  double sd = 1;
  bool log = false;
  std::optional<double> step;

  bool operator==(const Normal&) const = default;
};

// One of the listed values; weights are relative, empty means equal.
struct Choice {
  std::vector<Value> values;
  std::vector<double> weights;

  bool operator==(const Choice&) const = default;
};

// HyperDrive's quantised expressions and its log ranges, with its exact meaning (semantics of
// compat = "hyperdrive"): round(x/q)·q, half to even, not clipped. The quantised ones and randint
// give ints (q is a whole number there), the others floats.
struct Hyperdrive {
  enum class Kind : int {  // stored; append-only
    kUniform = 1,
    kQuniform = 2,
    kLoguniform = 3,
    kQloguniform = 4,
    kNormal = 5,
    kQnormal = 6,
    kLognormal = 7,
    kQlognormal = 8,
    kRandint = 9,
  };
  Kind kind = Kind::kUniform;
  double a = 0;  // low, mean, or randint's upper
  double b = 0;  // high or sd
  double q = 1;

  bool operator==(const Hyperdrive&) const = default;
};

using Domain = std::variant<FloatRange, IntRange, Normal, Choice, Hyperdrive>;

// How many values the domain has; empty when it is continuous or unbounded.
std::optional<std::uint64_t> cardinality(const Domain& domain);

// The value at position u of the domain, by inverse distribution function: equal steps of u have
// equal probability. Never outside the bounds; u outside [0, 1) means the nearer end.
Value from_unit(const Domain& domain, double u);

// A u that from_unit maps back to `value`, or an error when the value is not in the domain. Exactly
// for ints, choices and steps. For floats as near as 53 bits of u allow: within 2 ulp of the wider
// bound on a linear range, and within 2 + ln(high/low) + |ln low| ulp on a logarithmic one. Whole
// numbers are taken for floats.
Result<double> to_unit(const Domain& domain, const Value& value);

// The k-th value, k < cardinality(domain). Finite domains only.
Value nth_value(const Domain& domain, std::uint64_t k);

// The value as the domain spells it: a whole number becomes a float where the domain has floats,
// and 0.3 becomes the point of the step grid that it is meant to be. Only of values that to_unit
// takes.
Value canonical(const Domain& domain, const Value& value);

// What is wrong with the domain in itself: empty ranges, bad steps, bad weights, … The other
// functions take only domains that pass.
Result<void> validate(const Domain& domain);

// The number in an int or float value; empty for bools and text.
std::optional<double> number_in(const Value& value);

}  // namespace sweepd::sweeps
