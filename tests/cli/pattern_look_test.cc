// Patterns of [[metrics.stdout]] that are none.
#include "cli/pattern_look.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>

using namespace sweepd;

namespace {

std::vector<sweeps::Diagnostic> faults_of(const std::string& pattern) {
  const std::string text =
      "metric = \"loss\"\n[run]\ncommand = \"true\"\ncode = \"\"\n[space]\nx = [1, 2]\n[search]\n"
      "sampler = \"grid\"\n[[metrics.stdout]]\nname = \"loss\"\npattern = '" +
      pattern + "'\n";
  const auto parsed = sweeps::parse_sweep_file({text, "s", {}});
  const auto* sweep = std::get_if<sweeps::ParsedSweep>(&parsed);
  REQUIRE(sweep != nullptr);
  return cli::look_at_patterns(*sweep);
}

}  // namespace

TEST_CASE("patterns: one that the agents could not read is an error at its place") {
  CHECK(faults_of(R"(result (?P<value>\S+))").empty());
  const auto faults = faults_of(R"((result (?P<value>\S+))");
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].severity == sweeps::Diagnostic::Severity::kError);
  CHECK(faults[0].line == 11);
  CHECK(faults[0].column == 11);
  CHECK(faults[0].message.starts_with("the pattern is no regular expression: missing )"));
}
