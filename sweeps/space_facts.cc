// What can be told of a search space by counting its assignments.
#include "sweeps/space_facts.h"

#include "base/check.h"
#include "sweeps/expression.h"
#include "sweeps/sampler_grid.h"

#include <algorithm>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

constexpr std::uint64_t kTriedMax = 10'000;  // assignments of the parameters before a condition

std::vector<std::string> names_in(const std::string& expression) {
  const Result<Expression> parsed = Expression::parse(expression);
  SWEEPD_CHECK(parsed.ok());  // the space has been validated
  return parsed->names();
}

bool has(const SearchSpace& space, const std::string& name) {
  return std::any_of(space.parameters.begin(), space.parameters.end(), [&name](const Parameter& p) {
    return p.name == name;
  });
}

bool has_all(const SearchSpace& space, const std::vector<std::string>& names) {
  return std::all_of(
      names.begin(), names.end(), [&space](const std::string& name) { return has(space, name); });
}

// The finite parameters whose conditions speak about such parameters only, without constraints.
SearchSpace finite_part(const SearchSpace& space) {
  SearchSpace part;
  for (const Parameter& parameter : space.parameters) {
    const bool is_conditional = !parameter.when.empty();
    if (cardinality(parameter.domain) &&
        (!is_conditional || has_all(part, names_in(parameter.when)))) {
      part.parameters.push_back(parameter);
    }
  }
  return part;
}

// The parameters that decide whether this one is active, it among them.
SearchSpace ancestry(const SearchSpace& space, std::size_t parameter) {
  std::vector<std::string> wanted = {space.parameters[parameter].name};
  SearchSpace part;
  for (std::size_t i = parameter + 1; i-- > 0;) {
    const Parameter& each = space.parameters[i];
    if (std::find(wanted.begin(), wanted.end(), each.name) == wanted.end()) {
      continue;
    }
    part.parameters.push_back(each);
    if (!each.when.empty()) {
      const std::vector<std::string> names = names_in(each.when);
      wanted.insert(wanted.end(), names.begin(), names.end());
    }
  }
  std::reverse(part.parameters.begin(), part.parameters.end());
  return part;
}

// Whether there are no more than kTriedMax combinations.
bool is_small(const SearchSpace& space) {
  std::uint64_t combinations = 1;
  for (const Parameter& parameter : space.parameters) {
    const std::optional<std::uint64_t> values = cardinality(parameter.domain);
    if (!values || *values > kTriedMax / combinations) {
      return false;
    }
    combinations *= *values;
  }
  return true;
}

// Nothing when it cannot be counted.
std::optional<bool> is_empty(SearchSpace part, const std::vector<std::string>& constraints) {
  part.constraints = constraints;
  const std::optional<std::uint64_t> count = assignments_in(part);
  return count ? std::optional(*count == 0) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> assignments_in(const SearchSpace& space) {
  const Result<GridPlan> plan = GridPlan::make(space);
  return plan.ok() ? std::optional(plan->count()) : std::nullopt;
}

std::optional<std::size_t> contradiction(const SearchSpace& space) {
  const SearchSpace part = finite_part(space);
  std::vector<std::size_t> index;  // of those that the part can be counted with
  std::vector<std::string> constraints;
  for (std::size_t i = 0; i < space.constraints.size(); ++i) {
    if (has_all(part, names_in(space.constraints[i]))) {
      index.push_back(i);
      constraints.push_back(space.constraints[i]);
    }
  }
  if (constraints.empty() || !is_empty(part, constraints).value_or(false)) {
    return std::nullopt;
  }
  // What is empty stays empty with more constraints, so the first one can be found by halving.
  std::size_t least = 0;
  std::size_t most = constraints.size() - 1;
  while (least < most) {
    const std::size_t middle = (least + most) / 2;
    const auto end = constraints.begin() + static_cast<std::ptrdiff_t>(middle + 1);
    if (is_empty(part, {constraints.begin(), end}).value_or(false)) {
      most = middle;
    } else {
      least = middle + 1;
    }
  }
  return index[most];
}

bool is_never_active(const SearchSpace& space, std::size_t parameter) {
  if (space.parameters[parameter].when.empty()) {
    return false;
  }
  SearchSpace part = ancestry(space, parameter);
  // Where it is active it doubles the assignments of those before it.
  part.parameters.back().domain = Choice{{Value(false), Value(true)}, {}};
  if (!is_small(part)) {
    return false;
  }
  const std::optional<std::uint64_t> with = assignments_in(part);
  part.parameters.pop_back();
  const std::optional<std::uint64_t> without =
      part.parameters.empty() ? std::optional<std::uint64_t>(1) : assignments_in(part);
  return with && without && *with == *without;
}

}  // namespace sweepd::sweeps
