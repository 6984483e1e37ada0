// Tests of the grid against nested loops.
#include "sweeps/sampler_grid.h"

#include "sweeps/space_rules.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

Choice ints(std::int64_t count) {
  Choice choice;
  for (std::int64_t i = 0; i < count; ++i) {
    choice.values.emplace_back(i);
  }
  return choice;
}

std::string spelled(const Assignment& assignment) {
  std::string text;
  for (const auto& [name, value] : assignment) {
    text += (text.empty() ? "" : " ") + name + to_text(value);
  }
  return text;
}

std::vector<std::string> listed(const SearchSpace& space) {
  REQUIRE(validate(space).ok());
  const Result<GridPlan> plan = GridPlan::make(space);
  REQUIRE(plan.ok());
  std::vector<std::string> points;
  for (std::uint64_t k = 0; k < plan->count(); ++k) {
    points.push_back(spelled(plan->at(space, k)));
  }
  return points;
}

// The definition: an odometer over all values, inactive parameters kept at their first value, what
// violates a constraint left out.
std::vector<std::string> by_loops(const SearchSpace& space) {
  const SpaceRules rules(space);
  const std::size_t count = space.parameters.size();
  std::vector<std::uint64_t> digits(count, 0);
  std::vector<std::string> points;
  while (true) {
    Assignment assignment;
    bool first_round = true;
    for (std::size_t i = 0; i < count; ++i) {
      const Parameter& parameter = space.parameters[i];
      if (rules.active(i, assignment)) {
        assignment.emplace_back(parameter.name, nth_value(parameter.domain, digits[i]));
      } else {
        first_round = first_round && digits[i] == 0;
      }
    }
    if (first_round && rules.satisfied(assignment)) {
      points.push_back(spelled(assignment));
    }
    std::size_t i = count;
    while (i > 0 && ++digits[i - 1] == *cardinality(space.parameters[i - 1].domain)) {
      digits[--i] = 0;
    }
    if (i == 0) {
      return points;
    }
  }
}

TEST_CASE("grid: the last parameter of the file varies fastest") {
  const SearchSpace space = {{{"a", ints(2), ""}, {"b", IntRange{1, 5, false, 2}, ""}}, {}};
  CHECK_EQ(listed(space),
           std::vector<std::string>{"a0 b1", "a0 b3", "a0 b5", "a1 b1", "a1 b3", "a1 b5"});
}

TEST_CASE("grid: an inactive parameter takes part in one point, not in one per value") {
  const SearchSpace space = {
      {{"a", ints(3), ""}, {"b", ints(2), "a == 1"}, {"c", ints(2), "b == 1"}}, {}};
  CHECK_EQ(listed(space), std::vector<std::string>{"a0", "a1 b0", "a1 b1 c0", "a1 b1 c1", "a2"});
}

TEST_CASE("grid: points that violate a constraint are not counted") {
  const SearchSpace space = {{{"a", ints(3), ""}, {"b", ints(3), ""}}, {"a + b == 2"}};
  CHECK_EQ(listed(space), std::vector<std::string>{"a0 b2", "a1 b1", "a2 b0"});
}

TEST_CASE("grid: conditions and constraints together give what nested loops give") {
  const std::vector<SearchSpace> spaces = {
      {{{"a", ints(4), ""}, {"x", ints(3), ""}, {"b", ints(3), "a % 2 == 0"}, {"y", ints(2), ""}},
       {"a * x <= 4", "b != x or y == 1", "b < 2"}},
      {{{"a", ints(3), ""},
        {"b", ints(3), "a > 0"},
        {"c", ints(3), "b > 0 and a < 2"},
        {"d", ints(4), "c in [0, 2]"}},
       {"d >= a"}},
      {{{"a", ints(5), ""}, {"b", ints(5), ""}, {"c", ints(5), ""}}, {"a < b", "b < c"}},
      {{{"a", ints(2), ""}, {"b", ints(2), ""}}, {"a > 5"}},
  };
  for (const SearchSpace& space : spaces) {
    CHECK_EQ(listed(space), by_loops(space));
  }
}

TEST_CASE("grid: an empty space is one point without parameters") {
  CHECK_EQ(listed({}), std::vector<std::string>{""});
}

TEST_CASE("grid: counts of astronomic spaces saturate, and their first points can still be had") {
  SearchSpace space;
  for (int i = 0; i < 40; ++i) {
    space.parameters.push_back({"p" + std::to_string(i), ints(1000), ""});
  }
  const Result<GridPlan> plan = GridPlan::make(space);
  REQUIRE(plan.ok());
  CHECK_EQ(plan->count(), UINT64_MAX);
  const Assignment point = plan->at(space, 123'456);
  CHECK(point[39].second == Value(std::int64_t{456}));
  CHECK(point[38].second == Value(std::int64_t{123}));
  CHECK(point[0].second == Value(std::int64_t{0}));
}

TEST_CASE("grid: continuous ranges and hopelessly tied constraints are refused with advice") {
  const Result<GridPlan> continuous =
      GridPlan::make({{{"lr", FloatRange{0, 1, false, {}}, ""}}, {}});
  REQUIRE_FALSE(continuous.ok());
  CHECK_EQ(continuous.error().message,
           "a grid needs finitely many values, and parameter 'lr' has a continuous range: give it "
           "a step, or use sampler 'sobol'");
  SearchSpace tied;
  std::string sum = "p0";
  tied.parameters.push_back({"p0", ints(20), ""});
  for (int i = 1; i < 8; ++i) {
    tied.parameters.push_back({"p" + std::to_string(i), ints(20), ""});
    sum += " + p" + std::to_string(i);
  }
  tied.constraints = {sum + " == 7"};
  const Result<GridPlan> plan = GridPlan::make(tied);
  REQUIRE_FALSE(plan.ok());
  CHECK(plan.error().message.find("tie too many values together") != std::string::npos);
}

}  // namespace
}  // namespace sweepd::sweeps
