// Tests of search spaces: conditions, constraints and what is refused.
#include "sweeps/search_space.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

Choice texts(const std::vector<std::string>& values) {
  Choice choice;
  choice.values.assign(values.begin(), values.end());
  return choice;
}

SearchSpace conditional() {
  return {{{"optimizer", texts({"sgd", "adam"}), ""},
           {"momentum", FloatRange{0, 1, false, {}}, "optimizer == 'sgd'"},
           {"nesterov", Choice{{true, false}, {}}, "momentum > 0.5"},
           {"width", IntRange{1, 100, false, 1}, ""}},
          {}};
}

std::string names(const Assignment& assignment) {
  std::string text;
  for (const auto& [name, value] : assignment) {
    text += (text.empty() ? "" : " ") + name + "=" + to_text(value);
  }
  return text;
}

std::string fault(const SearchSpace& space) {
  const Result<void> valid = validate(space);
  return valid.ok() ? "" : valid.error().message;
}

TEST_CASE("spaces: inactive parameters are absent, and a chain of conditions falls with its head") {
  const SearchSpace space = conditional();
  REQUIRE_EQ(fault(space), "");
  const auto at = [&space](const std::vector<double>& point) {
    return names(assignment_at(space, point));
  };
  CHECK_EQ(at({0, 0.75, 0, 0.5}), "optimizer=sgd momentum=0.75 nesterov=true width=51");
  CHECK_EQ(at({0, 0.25, 0, 0.5}), "optimizer=sgd momentum=0.25 width=51");
  CHECK_EQ(at({0.5, 0.75, 0, 0.5}), "optimizer=adam width=51");
}

TEST_CASE("spaces: an inactive parameter keeps its coordinate, so that the others do not move") {
  SearchSpace space = conditional();
  const Assignment before = assignment_at(space, std::vector<double>{0.9, 0.1, 0.2, 0.33});
  space.parameters[1].when = "optimizer == 'lion'";
  CHECK(assignment_at(space, std::vector<double>{0.9, 0.1, 0.2, 0.33}) == before);
}

TEST_CASE("spaces: a constraint holds or not, and holds when it mentions an inactive parameter") {
  SearchSpace space = conditional();
  space.constraints = {"width <= 50 or momentum < 0.5", "width < 90"};
  REQUIRE_EQ(fault(space), "");
  const auto good = [&space](const std::vector<double>& point) {
    return satisfies_constraints(space, assignment_at(space, point));
  };
  CHECK(good({0, 0.75, 0, 0.4}));
  CHECK_FALSE(good({0, 0.75, 0, 0.6}));
  CHECK(good({0.5, 0.75, 0, 0.6}));
  CHECK_FALSE(good({0.5, 0.75, 0, 0.95}));
}

TEST_CASE("spaces: faults name the parameter or the constraint, and the nearest name") {
  const auto with = [](Parameter parameter) {
    SearchSpace space = conditional();
    space.parameters.push_back(std::move(parameter));
    return fault(space);
  };
  CHECK_EQ(with({"", Choice{{true}, {}}, ""}), "a parameter has no name");
  CHECK_EQ(with({"width", Choice{{true}, {}}, ""}), "the parameter 'width' stands twice");
  CHECK_EQ(with({"x", Choice{}, ""}), "parameter 'x': there is nothing to choose from");
  CHECK_EQ(
      with({"x", Choice{{true}, {}}, "widht > 3"}),
      "parameter 'x': the condition 'widht > 3': unknown parameter 'widht', did you mean 'width'?");
  CHECK_EQ(with({"x", Choice{{true}, {}}, "width >"}),
           "parameter 'x': the condition 'width >': column 8: expected a value, not the end");
  CHECK_EQ(
      with({"x", Choice{{true}, {}}, "optimizer < 3"}),
      "parameter 'x': the condition 'optimizer < 3': column 11: cannot compare text with a number");
  CHECK_EQ(with({"x", Choice{{true}, {}}, "1 < 2"}),
           "parameter 'x': the condition '1 < 2': '1 < 2' names no parameter");
  CHECK_NE(with({"a b", Choice{{true}, {}}, ""}), "");
  CHECK_NE(with({"a=b", Choice{{true}, {}}, ""}), "");
  CHECK_NE(with({std::string(200, 'a'), Choice{{true}, {}}, ""}), "");
  CHECK_EQ(with({"größe-2", Choice{{true}, {}}, ""}), "");
}

TEST_CASE("spaces: a condition names earlier parameters only, itself excluded") {
  SearchSpace space = conditional();
  space.parameters[0].when = "width > 3";
  CHECK_EQ(fault(space),
           "parameter 'optimizer': the condition 'width > 3' may only name parameters that stand "
           "before it");
  space = conditional();
  space.parameters[3].when = "width > 3";
  CHECK_NE(fault(space), "");
}

TEST_CASE("spaces: faulty constraints and absurd sizes are refused") {
  SearchSpace space = conditional();
  space.constraints = {"width + 1"};
  CHECK_EQ(fault(space), "constraint 'width + 1': gives a number, not true or false");
  space.constraints = {"depth < 3"};
  CHECK_EQ(fault(space), "constraint 'depth < 3': unknown parameter 'depth'");
  space.constraints = {"width < 3 or " + std::string(5000, ' ') + "width > 4"};
  CHECK_NE(fault(space), "");
  space.constraints.assign(300, "width < 90");
  CHECK_NE(fault(space), "");
  space = {};
  for (int i = 0; i < 257; ++i) {
    space.parameters.push_back({"p" + std::to_string(i), Choice{{true}, {}}, ""});
  }
  CHECK_EQ(fault(space), "257 parameters, at most 256 are allowed");
}

}  // namespace
}  // namespace sweepd::sweeps
