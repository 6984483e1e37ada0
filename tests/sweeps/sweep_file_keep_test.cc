// `keep` of [run]: what it may be, and what people are told who write something else.
#include "tests/sweeps/sweep_file_faults.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace sweepd::sweeps;

namespace {

std::string with_keep(const std::string& keep) {
  return "metric = \"loss\"\ncommand = \"p\"\n[space]\na = [1, 2]\n[search]\nsampler = "
         "\"grid\"\n[run]\nkeep = " +
         keep + "\n";
}

std::optional<std::uint32_t> keep_of(const std::string& keep) {
  const std::string text = with_keep(keep);
  const auto parsed = parse_sweep_file({text, "a", {}});
  REQUIRE(std::holds_alternative<ParsedSweep>(parsed));
  return std::get<ParsedSweep>(parsed).spec.run.keep;
}

std::string fault_of(const std::string& keep) {
  return faults_of(with_keep(keep));
}

}  // namespace

TEST_CASE("keep: a number of trials, the best one, or all, which is the default") {
  CHECK(keep_of("3") == 3U);
  CHECK(keep_of("1") == 1U);
  CHECK(keep_of("\"best\"") == 1U);
  CHECK(keep_of("\"all\"") == std::nullopt);
  const auto plain = parse_sweep_file(
      {"metric = \"loss\"\ncommand = \"p\"\n[space]\na = { uniform = [0, 1] }\n", "a", {}});
  REQUIRE(std::holds_alternative<ParsedSweep>(plain));
  CHECK(std::get<ParsedSweep>(plain).spec.run.keep == std::nullopt);
}

TEST_CASE("keep: --set takes the same values") {
  const std::string text = with_keep("\"all\"");
  const auto parsed = parse_sweep_file({text, "a", {{"run.keep", "best"}}});
  REQUIRE(std::holds_alternative<ParsedSweep>(parsed));
  CHECK(std::get<ParsedSweep>(parsed).spec.run.keep == 1U);
}

TEST_CASE("keep: other values are told what it must be, at their place") {
  CHECK(fault_of("0") == R"text(a.toml:8:8: error: `keep` must be at least 1, got 0
    8 | keep = 0
      |        ^
)text");
  CHECK(fault_of("2000000") == R"text(a.toml:8:8: error: `keep` must be at most 1000000, got 2000000
    8 | keep = 2000000
      |        ^^^^^^^
)text");
  CHECK(fault_of("\"bset\"") == R"text(a.toml:8:8: error: unknown keep "bset"
    8 | keep = "bset"
      |        ^^^^^^
      = help: did you mean "best"?
)text");
  CHECK(fault_of("\"few\"") == R"text(a.toml:8:8: error: unknown keep "few"
    8 | keep = "few"
      |        ^^^^^
      = help: there are "best", "all"
)text");
  for (const std::string other : {"\"3\"", "true", "1.5", "[1]"}) {
    CAPTURE(other);
    const std::string told = fault_of(other);
    CHECK(told.find("`keep` must be a number of trials, \"best\" or \"all\", not ") !=
          std::string::npos);
    CHECK(told.find("= help: write keep = 3\n") != std::string::npos);
  }
}

TEST_CASE("keep: a job keeps the files of its one trial") {
  CHECK(faults_of("command = \"p\"\n[run]\nkeep = \"best\"\n") ==
        R"text(a.toml:3:8: error: a job is one trial, and its files are kept
    3 | keep = "best"
      |        ^^^^^^
      = help: take `keep` out, or add [space] with a parameter
)text");
  CHECK(faults_of("command = \"p\"\n[run]\nkeep = \"all\"\n") == "no fault, warnings: ");
}
