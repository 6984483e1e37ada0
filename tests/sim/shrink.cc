// From a seed that violates to the least that still does.
#include "tests/sim/shrink.h"

#include "tests/sim/cuts.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace sweepd::sim {

namespace {

// The phase of faults need not be longer than until the violation.
std::int64_t needed_s(const Finding& finding) {
  return finding.virtual_us / 1'000'000 + 1;
}

constexpr std::int64_t kRolls = 24;

// Accepts the plan if it violates alike.
bool accept(Shrunk& best, const Plan& plan, const std::string& kind) {
  Finding finding = simulate(plan);
  ++best.runs;
  if (!finding.violation || kind_of(*finding.violation) != kind) {
    return false;
  }
  best.plan = plan;
  best.finding = std::move(finding);
  return true;
}

bool accept_with_luck(Shrunk& best, const Plan& plan, const std::string& kind) {
  bool accepted = accept(best, plan, kind);
  for (std::int64_t roll = 1; roll <= kRolls && !accepted; ++roll) {
    Plan rolled = plan;
    rolled.cuts = with(plan.cuts, {"chance", 0, roll});
    accepted = accept(best, rolled, kind);
  }
  return accepted;
}

// Tries each candidate; true when one of them was accepted.
bool pass(Shrunk& best, const Scenario& drawn, const std::string& kind) {
  bool smaller = false;
  for (const Cut& candidate : candidates(drawn, best.plan.cuts, needed_s(best.finding))) {
    Plan plan = best.plan;
    plan.cuts = with(plan.cuts, candidate);
    const Result<Scenario> scenario = cut(drawn, plan.cuts);
    const std::size_t size = scenario.ok() ? size_of(*scenario) : best.size;
    if (size >= best.size) {
      continue;  // it changes nothing, or takes back an earlier cut
    }
    if (accept_with_luck(best, plan, kind)) {
      best.size = size;
      smaller = true;
    }
  }
  return smaller;
}

}  // namespace

std::string kind_of(const std::string& violation) {
  constexpr std::string_view kRule = "not so: ";
  std::string kind = violation;
  if (const std::size_t rule = violation.find(kRule); rule != std::string::npos) {
    kind = violation.substr(rule + kRule.size());
  } else if (!violation.starts_with("a check failed: ")) {
    kind = violation.substr(0, violation.find(": "));
  }
  // Numbers say where, not what.
  std::erase_if(kind, [](unsigned char byte) { return std::isdigit(byte) != 0; });
  return kind;
}

Shrunk shrink(const Plan& plan, const Finding& finding) {
  const Scenario drawn = draw_scenario(plan.seed);
  Shrunk best{plan, finding, 0, 0, 0};
  best.plan.trace = false;
  best.size_before = size_of(scenario_of(plan));
  best.size = best.size_before;
  const std::string kind = kind_of(finding.violation.value_or(""));
  while (pass(best, drawn, kind)) {
  }
  return best;
}

}  // namespace sweepd::sim
