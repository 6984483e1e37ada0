// What counting tells of a space, and what it leaves alone.
#include "sweeps/space_facts.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace sweepd::sweeps {

namespace {

Parameter choice(const std::string& name, std::vector<Value> values, const std::string& when = "") {
  return {name, Choice{std::move(values), {}}, when};
}

std::optional<std::uint64_t> counted(const SearchSpace& space) {
  Effort effort;
  return assignments_in(space, effort);
}

std::optional<std::size_t> contradicted(const SearchSpace& space) {
  Effort effort;
  return contradiction(space, effort);
}

bool never_active(const SearchSpace& space, std::size_t parameter) {
  Effort effort;
  return is_never_active(space, parameter, effort);
}

const Value kOne = std::int64_t{1};
const Value kTwo = std::int64_t{2};
const Value kThree = std::int64_t{3};

}  // namespace

TEST_CASE("space facts: assignments are counted with conditions and constraints") {
  SearchSpace space;
  space.parameters = {choice("a", {kOne, kTwo, kThree}), choice("b", {kOne, kTwo}, "a > 1")};
  CHECK(counted(space) == 5);
  space.constraints = {"a + b < 5"};
  CHECK(counted(space) == 4);
  space.parameters.push_back({"lr", FloatRange{}, ""});
  CHECK(counted(space) == std::nullopt);
}

TEST_CASE("space facts: the first constraint that leaves nothing, among finite parameters") {
  SearchSpace space;
  space.parameters = {choice("a", {kOne, kTwo, kThree}), {"lr", FloatRange{}, ""}};
  space.constraints = {"a > 1"};
  CHECK(contradicted(space) == std::nullopt);
  space.constraints = {"a > 1", "lr > 2", "a < 3", "a != 2", "a < 2"};
  CHECK(contradicted(space) == 3);
  space.constraints = {"lr > 2"};
  CHECK(contradicted(space) == std::nullopt);
  space.constraints = {"a > 3"};
  CHECK(contradicted(space) == 0);
}

TEST_CASE("space facts: a constraint over what may be absent contradicts nothing") {
  SearchSpace space;
  space.parameters = {choice("a", {kOne, kTwo}), choice("b", {kOne}, "a == 2")};
  space.constraints = {"b > 1"};
  CHECK(contradicted(space) == std::nullopt);
  CHECK(counted(space) == 1);
}

TEST_CASE("space facts: a condition that never holds, and those that may") {
  SearchSpace space;
  space.parameters = {choice("a", {kOne, kTwo}),
                      choice("b", {kOne, kTwo}, "a == 2"),
                      {"c", FloatRange{}, "a == 1 and a == 2"},
                      {"d", FloatRange{}, "b == 1 and a == 1"},
                      {"e", FloatRange{}, "b == 1 and a == 2"},
                      {"f", FloatRange{}, "c > 2"}};
  CHECK_FALSE(never_active(space, 0));
  CHECK_FALSE(never_active(space, 1));
  CHECK(never_active(space, 2));
  CHECK(never_active(space, 3));
  CHECK_FALSE(never_active(space, 4));
  CHECK_FALSE(never_active(space, 5));  // c is continuous: nobody counts it
}

TEST_CASE("space facts: too many combinations are not tried") {
  SearchSpace space;
  space.parameters = {{"a", IntRange{0, 100'000}, ""}, choice("b", {kOne}, "a > 100000")};
  CHECK_FALSE(never_active(space, 1));
}

TEST_CASE("space facts: when the effort is spent nothing more is said") {
  SearchSpace space;
  space.parameters = {{"a", IntRange{0, 999}, ""}, choice("b", {kOne}, "a > 1000")};
  Effort enough(2000);  // two parameters for each value
  CHECK(is_never_active(space, 1, enough));
  CHECK_FALSE(is_never_active(space, 1, enough));
  Effort little(1999);
  CHECK_FALSE(is_never_active(space, 1, little));
  CHECK(assignments_in(space, little) == std::nullopt);
  space.constraints = {"a < 0"};
  CHECK(contradiction(space, little) == std::nullopt);
  CHECK(contradicted(space) == 0);
}

TEST_CASE("space facts: a contradiction is told without the effort to find the first one") {
  SearchSpace space;
  space.parameters = {{"a", IntRange{0, 999}, ""}};
  space.constraints = {"a < 0", "a < 1", "a < 2"};
  Effort once(4001);  // three constraints and a step for each value
  CHECK(contradiction(space, once) == 2);
  CHECK(contradicted(space) == 0);
}

TEST_CASE("space facts: a condition that holds is found soon") {
  SearchSpace space;
  space.parameters = {{"a", IntRange{0, 9'999}, ""}, choice("b", {kOne}, "a == 7")};
  Effort effort(17);
  CHECK_FALSE(is_never_active(space, 1, effort));
  CHECK(effort.take(1));
  CHECK_FALSE(effort.take(1));
}

}  // namespace sweepd::sweeps
