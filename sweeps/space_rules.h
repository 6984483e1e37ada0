// The conditions and constraints of a search space, parsed once for many assignments.
#pragma once

#include "sweeps/expression.h"
#include "sweeps/search_space.h"

#include <optional>
#include <span>
#include <vector>

namespace sweepd::sweeps {

class SpaceRules {
 public:
  // The space is valid and outlives the rules.
  explicit SpaceRules(const SearchSpace& space);

  // The assignment at a point of the unit cube, where parameters in `given` have their value from
  // there.
  Assignment assignment_at(std::span<const double> point, const Assignment& given = {}) const;

  // Whether the parameter is active when the ones before it are as in the assignment. A condition
  // that mentions an inactive parameter does not hold.
  bool active(std::size_t parameter, const Assignment& before) const;

  // Whether every constraint holds; one that mentions an inactive parameter does.
  bool satisfied(const Assignment& assignment) const;

  const SearchSpace& space() const { return *space_; }

  // Of each parameter; empty: always active.
  const std::vector<std::optional<Expression>>& conditions() const { return conditions_; }

  const std::vector<Expression>& constraints() const { return constraints_; }

 private:
  const SearchSpace* space_;
  std::vector<std::optional<Expression>> conditions_;
  std::vector<Expression> constraints_;
};

}  // namespace sweepd::sweeps
