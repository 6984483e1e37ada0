// The conditions and constraints of a search space, parsed once for many assignments.
#include "sweeps/space_rules.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace sweepd::sweeps {

namespace {

Expression parsed(const std::string& text) {
  Result<Expression> expression = Expression::parse(text);
  SWEEPD_CHECK(expression.ok());  // the space has been validated
  return std::move(*expression);
}

}  // namespace

SpaceRules::SpaceRules(const SearchSpace& space) : space_(&space) {
  for (const Parameter& parameter : space.parameters) {
    conditions_.push_back(parameter.when.empty() ? std::nullopt
                                                 : std::optional(parsed(parameter.when)));
  }
  for (const std::string& constraint : space.constraints) {
    constraints_.push_back(parsed(constraint));
  }
}

bool SpaceRules::active(std::size_t parameter, const Assignment& before) const {
  const std::optional<Expression>& condition = conditions_[parameter];
  return !condition || condition->evaluate(before) == Truth::kTrue;
}

bool SpaceRules::satisfied(const Assignment& assignment) const {
  return std::all_of(constraints_.begin(), constraints_.end(), [&](const Expression& constraint) {
    return constraint.evaluate(assignment) != Truth::kFalse;
  });
}

Assignment SpaceRules::assignment_at(std::span<const double> point, const Assignment& given) const {
  SWEEPD_CHECK(point.size() == space_->parameters.size());
  Assignment assignment;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Parameter& parameter = space_->parameters[i];
    if (!active(i, assignment)) {
      continue;
    }
    const Value* value = find(given, parameter.name);
    assignment.emplace_back(parameter.name,
                            value != nullptr ? canonical(parameter.domain, *value)
                                             : from_unit(parameter.domain, point[i]));
  }
  return assignment;
}

}  // namespace sweepd::sweeps
