// The simulator's command line.
#pragma once

#include "tests/sim/cuts.h"
#include "tests/sim/mutant.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sim {

struct Options {
  std::uint64_t first = 1;  // seeds, both included
  std::uint64_t last = 2000;
  Mutant mutant = Mutant::kNone;
  std::string_view mutant_name;
  std::vector<Cut> cuts;
  std::string regressions;  // a file
  bool trace = false;
  bool shrink = false;
  bool all_mutants = false;
  bool list = false;
  bool system = false;
  bool losses = false;
};

constexpr std::string_view kUsage =
    "usage: sweepd-sim [--seeds N|A..B] [--seed S] [--trace] [--mutant NAME] [--list-mutants]\n"
    "                  [--system]        around the production loop, gateways and session\n"
    "                  [--losses]        and a disk of the daemon that loses what it had\n"
    "                  [--cut CUTS]      without parts of what the seed draws\n"
    "                  [--shrink]        finds the cuts that leave the violation of --seed\n"
    "                  [--regressions FILE]  the seeds that once found something\n"
    "                  [--all-mutants]   every mutant must be caught within the seeds\n";

// None when they cannot be understood. The names of mutants are views of the arguments.
std::optional<Options> read_options(const std::vector<std::string_view>& args);

}  // namespace sweepd::sim
