// The simulator's command line: `sweepd-sim [--seeds N|A..B] [--seed S --trace] [--mutant NAME]`.
#include "base/log.h"
#include "tests/sim/mutant.h"
#include "tests/sim/simulation.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

namespace {

using sweepd::sim::Finding;
using sweepd::sim::Mutant;
using sweepd::sim::MutantInfo;
using sweepd::sim::Plan;

struct Options {
  std::uint64_t first = 1;
  std::uint64_t last = 2000;
  Mutant mutant = Mutant::kNone;
  std::string_view mutant_name;
  bool trace = false;
  bool all_mutants = false;
  bool list = false;
  bool system = false;
};

constexpr std::string_view kUsage =
    "usage: sweepd-sim [--seeds N|A..B] [--seed S] [--trace] [--mutant NAME] [--list-mutants]\n"
    "                  [--system]        around the production loop, gateways and session\n"
    "                  [--all-mutants]   every mutant must be caught within the seeds\n";

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_seeds(std::string_view text, Options& options) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    return read_number(text, options.last);
  }
  return read_number(text.substr(0, dots), options.first) &&
         read_number(text.substr(dots + 2), options.last);
}

bool read_value(std::string_view option, std::string_view value, Options& options) {
  if (option == "--seeds") {
    return read_seeds(value, options);
  }
  if (option == "--seed") {
    return read_number(value, options.first) && read_number(value, options.last);
  }
  if (option == "--mutant") {
    const auto mutant = sweepd::sim::find_mutant(value);
    options.mutant = mutant.value_or(Mutant::kNone);
    options.mutant_name = value;
    return mutant.has_value();
  }
  return false;
}

bool read_options(const std::vector<std::string_view>& args, Options& options) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--trace") {
      options.trace = true;
    } else if (args[i] == "--list-mutants") {
      options.list = true;
    } else if (args[i] == "--system") {
      options.system = true;
    } else if (args[i] == "--all-mutants") {
      options.all_mutants = true;
    } else if (i + 1 < args.size() && read_value(args[i], args[i + 1], options)) {
      ++i;
    } else {
      return false;
    }
  }
  return true;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int list_mutants() {
  for (const MutantInfo& info : sweepd::sim::mutants()) {
    fmt::print("{:24} {}\n", info.name, info.what);
  }
  return 0;
}

// Runs every seed; a violation is one line that reproduces it.
int run_seeds(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t events = 0;
  std::uint64_t violations = 0;
  double virtual_hours = 0;
  for (std::uint64_t seed = options.first; seed <= options.last; ++seed) {
    const Plan plan{seed, options.mutant, options.trace};
    const Finding finding =
        options.system ? sweepd::sim::simulate_system(plan) : sweepd::sim::simulate(plan);
    events += finding.events;
    virtual_hours += static_cast<double>(finding.virtual_us) / 3.6e9;
    if (finding.violation) {
      ++violations;
      fmt::print("VIOLATION sweepd-sim{} --seed {}{}{} : {}\n",
                 options.system ? " --system" : "",
                 seed,
                 options.mutant == Mutant::kNone ? "" : " --mutant ",
                 options.mutant_name,
                 *finding.violation);
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

// Every mutant must be caught by one of the seeds.
int run_mutants(const Options& options) {
  int survivors = 0;
  for (const MutantInfo& info : sweepd::sim::mutants()) {
    std::uint64_t seed = options.first;
    Finding finding;
    for (; seed <= options.last && !finding.violation; ++seed) {
      finding = sweepd::sim::simulate({seed, info.mutant, false});
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

}  // namespace

int main(int argc, char** argv) {
  sweepd::log_setup("sweepd-sim", sweepd::LogLevel::kError);
  Options options;
  if (!read_options({argv + 1, argv + argc}, options)) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (options.list) {
    return list_mutants();
  }
  return options.all_mutants ? run_mutants(options) : run_seeds(options);
}
