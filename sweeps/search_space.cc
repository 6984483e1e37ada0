// The search space: parameters with their domains and conditions.
#include "sweeps/search_space.h"

#include "base/limits.h"
#include "base/nearest.h"
#include "sweeps/space_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace sweepd::sweeps {

namespace {

constexpr std::size_t kNameBytesMax = 128;         // it becomes a flag and an environment variable
constexpr std::size_t kExpressionBytesMax = 4096;  // more is a program, not a condition
constexpr std::size_t kConstraintsMax = 256;

Error about(const std::string& subject, const Error& error) {
  return Error{error.code, fmt::format("{}: {}", subject, error.message)};
}

// The kinds of values that a domain can give.
Kinds kinds_in(const Domain& domain) {
  const auto* choice = std::get_if<Choice>(&domain);
  if (choice == nullptr) {
    return {false, true, false};
  }
  Kinds kinds;
  for (const Value& value : choice->values) {
    const Kinds kind = kind_of(value);
    kinds.boolean = kinds.boolean || kind.boolean;
    kinds.number = kinds.number || kind.number;
    kinds.text = kinds.text || kind.text;
  }
  return kinds;
}

Result<void> name_is_usable(const std::string& name) {
  if (name.empty()) {
    return Error{Errc::kInvalidArgument, "a parameter has no name"};
  }
  if (name.size() > kNameBytesMax) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format(
            "the parameter name '{}…' is longer than {} bytes", name.substr(0, 32), kNameBytesMax)};
  }
  const bool clean = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != '`' && c != '=';
  });
  if (!clean) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("the parameter name '{}' holds a space, a control character, '`' or '='",
                    name)};
  }
  return {};
}

// Whether the expression can be parsed, names only these parameters and makes sense with their
// kinds.
Result<void> expression_fits(const std::string& text, std::span<const Parameter> known) {
  if (text.size() > kExpressionBytesMax) {
    return Error{Errc::kInvalidArgument, fmt::format("longer than {} bytes", kExpressionBytesMax)};
  }
  SWEEPD_TRY(const Expression expression, Expression::parse(text));
  if (expression.names().empty()) {
    return Error{Errc::kInvalidArgument, fmt::format("'{}' names no parameter", text)};
  }
  std::vector<Kinds> kinds;
  for (const std::string& name : expression.names()) {
    const auto found = std::find_if(
        known.begin(), known.end(), [&name](const Parameter& p) { return p.name == name; });
    if (found == known.end()) {
      std::vector<std::string> names;
      for (const Parameter& parameter : known) {
        names.push_back(parameter.name);
      }
      const std::optional<std::string> meant = nearest(name, names);
      return Error{Errc::kInvalidArgument,
                   fmt::format("unknown parameter '{}'{}",
                               name,
                               meant ? fmt::format(", did you mean '{}'?", *meant) : "")};
    }
    kinds.push_back(kinds_in(found->domain));
  }
  return expression.check(kinds);
}

Result<void> condition_fits(const SearchSpace& space, std::size_t index) {
  const Parameter& parameter = space.parameters[index];
  if (parameter.when.empty()) {
    return {};
  }
  const std::span<const Parameter> earlier(space.parameters.data(), index);
  Result<void> fits = expression_fits(parameter.when, earlier);
  if (fits.ok()) {
    return {};
  }
  // The commonest fault deserves its own words: the parameter exists, further down.
  if (expression_fits(parameter.when, space.parameters).ok()) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("parameter '{}': the condition '{}' may only name parameters that "
                             "stand before it",
                             parameter.name,
                             parameter.when)};
  }
  return about(fmt::format("parameter '{}': the condition '{}'", parameter.name, parameter.when),
               fits.error());
}

Result<void> parameter_fits(const SearchSpace& space, std::size_t index) {
  const Parameter& parameter = space.parameters[index];
  SWEEPD_TRY_VOID(name_is_usable(parameter.name));
  if (const Result<void> good = validate(parameter.domain); !good.ok()) {
    return about(fmt::format("parameter '{}'", parameter.name), good.error());
  }
  return condition_fits(space, index);
}

Result<void> constraint_fits(const SearchSpace& space, std::size_t index) {
  const std::string& constraint = space.constraints[index];
  if (const Result<void> fits = expression_fits(constraint, space.parameters); !fits.ok()) {
    return about(fmt::format("constraint '{}'", constraint), fits.error());
  }
  return {};
}

Result<void> counts_fit(const SearchSpace& space) {
  if (space.parameters.size() > limits::kParametersMax) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("{} parameters, at most {} are allowed",
                             space.parameters.size(),
                             limits::kParametersMax)};
  }
  if (space.constraints.size() > kConstraintsMax) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format(
            "{} constraints, at most {} are allowed", space.constraints.size(), kConstraintsMax)};
  }
  return {};
}

Error stands_twice(const Parameter& parameter) {
  return Error{Errc::kInvalidArgument,
               fmt::format("the parameter '{}' stands twice", parameter.name)};
}

}  // namespace

Assignment assignment_at(const SearchSpace& space, std::span<const double> point) {
  return SpaceRules(space).assignment_at(point);
}

bool satisfies_constraints(const SearchSpace& space, const Assignment& assignment) {
  return SpaceRules(space).satisfied(assignment);
}

Result<void> validate(const SearchSpace& space) {
  SWEEPD_TRY_VOID(counts_fit(space));
  std::set<std::string> names;
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    if (!names.insert(space.parameters[i].name).second) {
      return stands_twice(space.parameters[i]);
    }
    SWEEPD_TRY_VOID(parameter_fits(space, i));
  }
  for (std::size_t i = 0; i < space.constraints.size(); ++i) {
    SWEEPD_TRY_VOID(constraint_fits(space, i));
  }
  return {};
}

Result<void> validate_last_parameter(const SearchSpace& space) {
  SWEEPD_TRY_VOID(counts_fit(space));
  const Parameter& last = space.parameters.back();
  const auto same = std::find_if(space.parameters.begin(),
                                 space.parameters.end(),
                                 [&last](const Parameter& p) { return p.name == last.name; });
  if (&*same != &last) {
    return stands_twice(last);
  }
  return parameter_fits(space, space.parameters.size() - 1);
}

Result<void> validate_last_constraint(const SearchSpace& space) {
  SWEEPD_TRY_VOID(counts_fit(space));
  return constraint_fits(space, space.constraints.size() - 1);
}

}  // namespace sweepd::sweeps
