// The search space: parameters with their domains and conditions, and the way from the unit cube to values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "sweeps/value.h"

namespace sweepd::sweeps {

// Real values in [low, high], both included; with `step` the grid low, low+step, …
struct FloatRange {
  double low = 0;
  double high = 1;
  bool log = false;
  std::optional<double> step;

  bool operator==(const FloatRange&) const = default;
};

// Integers in [low, high], both included; `log` spaces them evenly in the logarithm with half-step edges.
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
// compat = "hyperdrive"): round(x/q)·q, half to even, not clipped.
struct Hyperdrive {
  enum class Kind : int {  // stored; append-only
    kUniform = 1, kQuniform = 2, kLoguniform = 3, kQloguniform = 4, kNormal = 5,
    kQnormal = 6, kLognormal = 7, kQlognormal = 8, kRandint = 9,
  };
  Kind kind = Kind::kUniform;
  double a = 0;  // low, mean, or randint's upper
  double b = 0;  // high or sd
  double q = 1;

  bool operator==(const Hyperdrive&) const = default;
};

using Domain = std::variant<FloatRange, IntRange, Normal, Choice, Hyperdrive>;

struct Parameter {
  std::string name;
  Domain domain;
  std::string when;  // an expression over earlier parameters; empty: always active

  bool operator==(const Parameter&) const = default;
};

// Parameters in file order. Constants are choices of one value.
struct SearchSpace {
  std::vector<Parameter> parameters;
  std::vector<std::string> constraints;  // expressions that every proposal satisfies

  bool operator==(const SearchSpace&) const = default;
};

// How many values the domain has; empty when it is continuous or unbounded.
std::optional<std::uint64_t> cardinality(const Domain& domain);

// The value at position u in [0, 1) of the domain, by inverse distribution function: equal steps of u
// have equal probability. Never outside the bounds.
Value from_unit(const Domain& domain, double u);

// A u that from_unit maps back to `value` (exactly for ints, choices and steps, within 2 ulp for floats);
// an error when the value is not in the domain.
Result<double> to_unit(const Domain& domain, const Value& value);

// The k-th value, k < cardinality(domain). Finite domains only.
Value nth_value(const Domain& domain, std::uint64_t k);

// The assignment at a point of the unit cube: one coordinate a parameter in file order, inactive parameters
// keep theirs unused, so that adding a branch does not shift the others.
Assignment assignment_at(const SearchSpace& space, std::span<const double> point);

// Whether every constraint holds; a constraint that mentions an inactive parameter holds.
bool satisfies_constraints(const SearchSpace& space, const Assignment& assignment);

// What is wrong with the space in itself: empty ranges, bad weights, unknown names in expressions, …
Result<void> validate(const SearchSpace& space);

}  // namespace sweepd::sweeps
