// The simulator's program: seeds, mutants, regressions and the shrinking of what they find.
#include "base/log.h"
#include "tests/sim/mutant.h"
#include "tests/sim/options.h"
#include "tests/sim/regressions.h"
#include "tests/sim/shrink.h"
#include "tests/sim/simulation.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using sweepd::sim::Finding;
using sweepd::sim::Mode;
using sweepd::sim::Mutant;
using sweepd::sim::MutantInfo;
using sweepd::sim::Options;
using sweepd::sim::Plan;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int list_mutants() {
  for (const MutantInfo& info : sweepd::sim::mutants()) {
    fmt::print("{:24} {:8} {}\n", info.name, to_text(info.mode), info.what);
  }
  return 0;
}

Plan plan_of(const Options& options, std::uint64_t seed) {
  return {seed,
          options.losses   ? Mode::kLosses
          : options.system ? Mode::kSystem
                           : Mode::kCore,
          options.mutant,
          options.trace,
          options.cuts};
}

// The command line that shows the same again.
std::string command_of(const Options& options, const Plan& plan) {
  const std::string mutant = fmt::format(" --mutant {}", options.mutant_name);
  const std::string cuts = fmt::format(" --cut {}", to_text(plan.cuts));
  return fmt::format("sweepd-sim{} --seed {}{}{}",
                     plan.mode == Mode::kCore ? "" : fmt::format(" --{}", to_text(plan.mode)),
                     plan.seed,
                     plan.mutant == Mutant::kNone ? "" : mutant,
                     plan.cuts.empty() ? "" : cuts);
}

// Runs every seed; a violation is one line that reproduces it.
int run_seeds(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t events = 0;
  std::uint64_t violations = 0;
  double virtual_hours = 0;
  for (std::uint64_t seed = options.first; seed <= options.last; ++seed) {
    const Plan plan = plan_of(options, seed);
    const Finding finding = sweepd::sim::simulate(plan);
    events += finding.events;
    virtual_hours += static_cast<double>(finding.virtual_us) / 3.6e9;
    if (finding.violation) {
      ++violations;
      fmt::print("VIOLATION {} : {}\n", command_of(options, plan), *finding.violation);
      if (plan.mutant == Mutant::kNone) {
        fmt::print("once mended, for regressions.txt: {}\n",
                   regression_line(plan, *finding.violation));
      }
      std::fflush(stdout);
    }
  }
  const double wall = seconds_since(start);
  const std::uint64_t seeds = options.last - options.first + 1;
  fmt::print("{} seeds, {} violations, {} events, {:.1f} virtual hours, {:.1f} s, {:.0f} seeds/s\n",
             seeds,
             violations,
             events,
             virtual_hours,
             wall,
             static_cast<double>(seeds) / wall);
  return violations == 0 ? 0 : 1;
}

// No seed that once found something may find anything.
int run_regressions(const Options& options) {
  std::ostringstream text;
  text << std::ifstream(options.regressions).rdbuf();
  const auto regressions = sweepd::sim::read_regressions(text.str());
  if (!regressions.ok() || regressions->empty()) {
    fmt::print(stderr,
               "{}: {}\n",
               options.regressions,
               regressions.ok() ? "no seeds" : regressions.error().message);
    return 2;
  }
  int violations = 0;
  for (const sweepd::sim::Regression& each : *regressions) {
    const Finding finding = sweepd::sim::simulate(each.plan);
    if (finding.violation) {
      ++violations;
      fmt::print("VIOLATION {} : {}; it once found: {}\n",
                 command_of(options, each.plan),
                 *finding.violation,
                 each.what);
    }
  }
  fmt::print("{} regressions, {} violations\n", regressions->size(), violations);
  return violations == 0 ? 0 : 1;
}

// Every mutant must be caught by one of the seeds.
int run_mutants(const Options& options) {
  int survivors = 0;
  for (const MutantInfo& info : sweepd::sim::mutants()) {
    std::uint64_t seed = options.first;
    Finding finding;
    for (; seed <= options.last && !finding.violation; ++seed) {
      finding = sweepd::sim::simulate({seed, info.mode, info.mutant, false, {}});
    }
    if (finding.violation) {
      fmt::print("{:24} caught at seed {}: {}\n", info.name, seed - 1, *finding.violation);
    } else {
      ++survivors;
      fmt::print("{:24} SURVIVES seeds {}..{}\n", info.name, options.first, options.last);
    }
    std::fflush(stdout);
  }
  fmt::print("{} mutants, {} survive\n", sweepd::sim::mutants().size(), survivors);
  return survivors == 0 ? 0 : 1;
}

// What is left of the first seed that violates. 0 when it is smaller, and the printed command shows
// the same again.
int shrink_first(const Options& options) {
  for (std::uint64_t seed = options.first; seed <= options.last; ++seed) {
    const Plan plan = plan_of(options, seed);
    const Finding finding = sweepd::sim::simulate(plan);
    if (!finding.violation) {
      continue;
    }
    fmt::print("seed {}: {}\n", seed, *finding.violation);
    const sweepd::sim::Shrunk least = sweepd::sim::shrink(plan, finding);
    fmt::print("of {} things {} are left after {} runs: {}\n\n{}\n",
               least.size_before,
               least.size,
               least.runs,
               least.finding.violation.value_or(""),
               describe(scenario_of(least.plan)));
    fmt::print("{} --trace\n", command_of(options, least.plan));
    // As somebody who types that line would see it.
    Plan again = plan;
    again.trace = false;
    const auto cuts = sweepd::sim::parse_cuts(to_text(least.plan.cuts));
    again.cuts = cuts.ok() ? *cuts : again.cuts;
    const bool same = sweepd::sim::simulate(again) == least.finding;
    fmt::print("{}\n", same ? "the same when it is run again" : "NOT THE SAME when run again");
    return same && least.size < least.size_before ? 0 : 1;
  }
  fmt::print("no seed violates anything\n");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  sweepd::log_setup("sweepd-sim", sweepd::LogLevel::kError);
  const auto options = sweepd::sim::read_options({argv + 1, argv + argc});
  if (!options) {
    fmt::print(stderr, "{}", sweepd::sim::kUsage);
    return 2;
  }
  if (options->list) {
    return list_mutants();
  }
  if (!options->regressions.empty()) {
    return run_regressions(*options);
  }
  if (options->shrink) {
    return shrink_first(*options);
  }
  return options->all_mutants ? run_mutants(*options) : run_seeds(*options);
}
