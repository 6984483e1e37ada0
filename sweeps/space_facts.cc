// What can be told of a search space by counting its assignments.
#include "sweeps/space_facts.h"

#include "base/check.h"
#include "sweeps/expression.h"
#include "sweeps/sampler_grid.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::sweeps {
namespace {

constexpr std::uint64_t kTriedMax = 10'000;  // assignments of the parameters before a condition

Expression parsed(const std::string& text) {
  Result<Expression> expression = Expression::parse(text);
  SWEEPD_CHECK(expression.ok());  // the space has been validated
  return *std::move(expression);
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
        (!is_conditional || has_all(part, parsed(parameter.when).names()))) {
      part.parameters.push_back(parameter);
    }
  }
  return part;
}

// A parameter that decides whether another one is active.
struct Ancestor {
  const Parameter* parameter = nullptr;
  std::optional<Expression> condition;

  bool is_active(const Assignment& before) const {
    return !condition || condition->evaluate(before) == Truth::kTrue;
  }
};

// The parameters that decide whether this one is active, in file order, it as the last.
std::vector<Ancestor> ancestry(const SearchSpace& space, std::size_t parameter) {
  std::set<std::string> wanted = {space.parameters[parameter].name};
  std::vector<Ancestor> part;
  for (std::size_t i = parameter + 1; i-- > 0;) {
    const Parameter& each = space.parameters[i];
    if (!wanted.contains(each.name)) {
      continue;
    }
    Ancestor& ancestor = part.emplace_back(Ancestor{&each, std::nullopt});
    if (!each.when.empty()) {
      ancestor.condition = parsed(each.when);
      wanted.insert(ancestor.condition->names().begin(), ancestor.condition->names().end());
    }
  }
  std::reverse(part.begin(), part.end());
  return part;
}

// How many values each of them has; empty when there are more than kTriedMax combinations.
std::optional<std::vector<std::uint64_t>> sizes_if_small(const std::vector<Ancestor>& part) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t combinations = 1;
  for (const Ancestor& ancestor : part) {
    const std::optional<std::uint64_t> values = cardinality(ancestor.parameter->domain);
    if (!values || *values > kTriedMax / combinations) {
      return std::nullopt;
    }
    combinations *= *values;
    sizes.push_back(*values);
  }
  return sizes;
}

// The next combination as by nested loops, the last parameter fastest; false after the last one.
bool advance(std::vector<std::uint64_t>& combination, const std::vector<std::uint64_t>& sizes) {
  for (std::size_t i = combination.size(); i-- > 0;) {
    if (++combination[i] < sizes[i]) {
      return true;
    }
    combination[i] = 0;
  }
  return false;
}

// The combination without the parameters that are not active in it.
Assignment assignment_of(const std::vector<Ancestor>& part,
                         const std::vector<std::uint64_t>& combination) {
  Assignment assignment;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const Parameter& parameter = *part[i].parameter;
    if (part[i].is_active(assignment)) {
      assignment.emplace_back(parameter.name, nth_value(parameter.domain, combination[i]));
    }
  }
  return assignment;
}

// What trying one combination costs.
std::uint64_t effort_of_try(const std::vector<Ancestor>& part) {
  return std::accumulate(
      part.begin(), part.end(), std::uint64_t{0}, [](std::uint64_t sum, const Ancestor& each) {
        return sum + effort_of(each.parameter->when);
      });
}

// Nothing when it cannot be counted.
std::optional<bool> is_empty(SearchSpace part,
                             const std::vector<std::string>& constraints,
                             Effort& effort) {
  part.constraints = constraints;
  const std::optional<std::uint64_t> count = assignments_in(part, effort);
  return count ? std::optional(*count == 0) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> assignments_in(const SearchSpace& space, Effort& effort) {
  const Result<GridPlan> plan = GridPlan::make(space, effort);
  return plan.ok() ? std::optional(plan->count()) : std::nullopt;
}

std::optional<std::size_t> contradiction(const SearchSpace& space, Effort& effort) {
  const SearchSpace part = finite_part(space);
  std::vector<std::size_t> index;  // of those that the part can be counted with
  std::vector<std::string> constraints;
  for (std::size_t i = 0; i < space.constraints.size(); ++i) {
    if (has_all(part, parsed(space.constraints[i]).names())) {
      index.push_back(i);
      constraints.push_back(space.constraints[i]);
    }
  }
  if (constraints.empty() || !is_empty(part, constraints, effort).value_or(false)) {
    return std::nullopt;
  }
  // What is empty stays empty with more constraints, so the first one can be found by halving.
  std::size_t least = 0;
  std::size_t most = constraints.size() - 1;
  while (least < most) {
    const std::size_t middle = (least + most) / 2;
    const auto end = constraints.begin() + static_cast<std::ptrdiff_t>(middle + 1);
    const std::optional<bool> empty = is_empty(part, {constraints.begin(), end}, effort);
    if (!empty) {
      break;
    }
    if (*empty) {
      most = middle;
    } else {
      least = middle + 1;
    }
  }
  return index[most];
}

bool is_never_active(const SearchSpace& space, std::size_t parameter, Effort& effort) {
  if (space.parameters[parameter].when.empty()) {
    return false;
  }
  std::vector<Ancestor> part = ancestry(space, parameter);
  const std::uint64_t units = effort_of_try(part);
  const Ancestor last = std::move(part.back());
  part.pop_back();
  const std::optional<std::vector<std::uint64_t>> sizes = sizes_if_small(part);
  if (!sizes) {
    return false;
  }
  std::vector<std::uint64_t> combination(part.size(), 0);
  do {
    // Most conditions hold soon.
    if (!effort.take(units) || last.is_active(assignment_of(part, combination))) {
      return false;
    }
  } while (advance(combination, *sizes));
  return true;
}

}  // namespace sweepd::sweeps
