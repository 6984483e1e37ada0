// The search space: parameters with their domains and conditions.
#pragma once

#include "base/result.h"
#include "sweeps/domain.h"
#include "sweeps/value.h"

#include <span>
#include <string>
#include <vector>

namespace sweepd::sweeps {

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

// The assignment at a point of the unit cube: one coordinate a parameter in file order, inactive
// parameters keep theirs unused, so that adding a branch does not shift the others. The space is
// valid.
Assignment assignment_at(const SearchSpace& space, std::span<const double> point);

// Whether every constraint holds; a constraint that mentions an inactive parameter holds.
bool satisfies_constraints(const SearchSpace& space, const Assignment& assignment);

// What is wrong with the space in itself: empty ranges, bad weights, unknown names in expressions,
// …
Result<void> validate(const SearchSpace& space);

// The same, of what was added at the end of a space that is valid without it.
Result<void> validate_last_parameter(const SearchSpace& space);
Result<void> validate_last_constraint(const SearchSpace& space);

}  // namespace sweepd::sweeps
