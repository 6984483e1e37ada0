// The command line of the power-loss suite.
#include "base/log.h"
#include "tests/power/cuts.h"
#include "tests/power/faults.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sweepd::power;  // NOLINT(google-build-using-namespace): a program, not a header

constexpr std::string_view kUsage =
    "usage: sweepd-power [--workload journal|blobs|ledger] [--cuts N] [--seed S]\n"
    "       sweepd-power --workload W --seed S --cut K [--mutant M] [--trace FILE]\n"
    "       sweepd-power --faults [--workload W] [--error EIO|ENOSPC] [--forever] [--every K]\n"
    "                    [--at N]\n"
    "       sweepd-power --all-mutants [--cuts N] | --list-mutants | --print --trace FILE\n"
    "\n"
    "Records what the journal, the blob store and the ledger do to their files, cuts the power at\n"
    "N moments of it, and reopens what a disk may then hold. --faults makes the first operation\n"
    "fail, then the second, and so on (--every K: every K-th); all errors and both kinds unless\n"
    "one is named. --all-mutants: variants that are broken on purpose must all be caught.\n"
    "\n"
    "Without --workload all three. A violation is one line that reproduces it and exit code 1.\n"
    "A long run: sweepd-power --cuts 5000 && sweepd-power --faults && sweepd-power --all-mutants\n"
    "--cuts 2000. It works in /dev/shm where there is one, else in the folder for temporary "
    "files.\n";

struct Options {
  std::vector<WorkloadKind> workloads;
  std::uint64_t seed = 1;
  std::uint64_t first = 1;
  std::uint64_t cuts = 300;
  const MutantInfo* mutant = nullptr;
  std::string trace;
  std::vector<int> errors = {EIO, ENOSPC};
  bool forever_only = false;
  std::uint64_t at = 0;
  std::uint64_t every = 1;
  bool faults = false;
  bool all_mutants = false;
  bool list = false;
  bool print = false;
};

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0;
}

bool read_workload(std::string_view value, Options& options) {
  for (const WorkloadInfo& info : workloads()) {
    if (info.name == value) {
      options.workloads = {info.kind};
      return true;
    }
  }
  return false;
}

bool read_value(std::string_view option, std::string_view value, Options& options) {
  if (option == "--workload") {
    return read_workload(value, options);
  }
  if (option == "--cuts") {
    return read_number(value, options.cuts);
  }
  if (option == "--cut") {
    return read_number(value, options.first) && read_number(value, options.cuts);
  }
  if (option == "--seed") {
    return read_number(value, options.seed);
  }
  if (option == "--at") {
    return read_number(value, options.at);
  }
  if (option == "--every") {
    return read_number(value, options.every);
  }
  if (option == "--error") {
    options.errors = {value == "EIO" ? EIO : ENOSPC};
    return value == "EIO" || value == "ENOSPC";
  }
  if (option == "--trace") {
    options.trace = value;
    return true;
  }
  if (option == "--mutant") {
    options.mutant = find_mutant(value);
    return options.mutant != nullptr;
  }
  return false;
}

bool read_options(const std::vector<std::string_view>& args, Options& options) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--faults") {
      options.faults = true;
    } else if (args[i] == "--forever") {
      options.forever_only = true;
    } else if (args[i] == "--all-mutants") {
      options.all_mutants = true;
    } else if (args[i] == "--list-mutants") {
      options.list = true;
    } else if (args[i] == "--print") {
      options.print = true;
    } else if (i + 1 < args.size() && read_value(args[i], args[i + 1], options)) {
      ++i;
    } else {
      return false;
    }
  }
  if (options.workloads.empty()) {
    for (const WorkloadInfo& info : workloads()) {
      options.workloads.push_back(info.kind);
    }
  }
  return true;
}

std::string_view name_of(WorkloadKind kind) {
  return workloads()[static_cast<std::size_t>(kind)].name;
}

// Memory is a hundred times faster than a disk, and nothing here needs to survive anything.
std::string work_folder() {
  const std::string memory = "/dev/shm";
  const std::string place = ::access(memory.c_str(), W_OK) == 0
                                ? memory
                                : std::filesystem::temp_directory_path().string();
  return fmt::format("{}/sweepd-power-{}", place, ::getpid());
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int run_all_cuts(const Options& options) {
  std::uint64_t violations = 0;
  for (const WorkloadKind kind : options.workloads) {
    const auto start = std::chrono::steady_clock::now();
    const CutFigures figures = run_cuts({kind,
                                         options.seed,
                                         options.first,
                                         options.cuts,
                                         options.mutant,
                                         options.trace,
                                         work_folder(),
                                         false});
    violations += figures.violations;
    fmt::print(
        "{}: {} cuts ({} of them twice) in {} events, {} acknowledged writes checked, {} lost, "
        "{} violations, slowest reopen {:.0f} ms, {:.1f} s\n",
        name_of(kind),
        figures.cuts,
        figures.again,
        figures.events,
        figures.acknowledged,
        figures.lost,
        figures.violations,
        figures.slowest_ms,
        seconds_since(start));
  }
  return violations == 0 ? 0 : 1;
}

FaultPlan fault_plan(const Options& options, WorkloadKind kind) {
  FaultPlan plan;
  plan.workload = kind;
  plan.seed = options.seed;
  plan.first = options.at != 0 ? options.at : 1 + options.seed % options.every;
  plan.last = options.at != 0 ? options.at : plan.last;
  plan.every = options.every;
  plan.mutant = options.mutant;
  plan.folder = work_folder();
  return plan;
}

int run_all_faults(const Options& options) {
  std::uint64_t violations = 0;
  for (const WorkloadKind kind : options.workloads) {
    for (const int error : options.errors) {
      for (const bool forever : {false, true}) {
        if (!forever && options.forever_only) {
          continue;
        }
        const auto start = std::chrono::steady_clock::now();
        FaultPlan plan = fault_plan(options, kind);
        plan.error = error;
        plan.forever = forever;
        const FaultFigures figures = run_faults(plan);
        violations += figures.violations;
        fmt::print(
            "{}: {} {}: {} runs of {} operations, {} acknowledged writes checked, {} ended by the "
            "store itself, {} violations, {:.1f} s\n",
            name_of(kind),
            error == EIO ? "EIO" : "ENOSPC",
            forever ? "from the N-th on" : "at the N-th",
            figures.runs,
            figures.operations,
            figures.acknowledged,
            figures.died,
            figures.violations,
            seconds_since(start));
        std::fflush(stdout);
      }
    }
  }
  return violations == 0 ? 0 : 1;
}

// Every mutant must be caught, those that take a failure for a success by the faults.
int run_mutants(const Options& options) {
  int survivors = 0;
  for (const MutantInfo& info : mutants()) {
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t caught = 0;
    if (info.swallows != nullptr) {
      FaultPlan plan = fault_plan(options, info.workload);
      plan.error = EIO;
      plan.mutant = &info;
      plan.stop_at_violation = true;
      caught = run_faults(plan).first_violation;
    } else {
      caught =
          run_cuts({info.workload, options.seed, 1, options.cuts, &info, {}, work_folder(), true})
              .first_violation;
    }
    survivors += caught == 0 ? 1 : 0;
    fmt::print("{:26} {} {:>5}  {:5.1f} s  {}\n",
               info.name,
               caught == 0                ? "SURVIVED     "
               : info.swallows != nullptr ? "caught at N ="
                                          : "caught at cut",
               caught == 0 ? "" : std::to_string(caught),
               seconds_since(start),
               info.what);
    std::fflush(stdout);
  }
  fmt::print("{} mutants, {} caught\n",
             mutants().size(),
             mutants().size() - static_cast<std::size_t>(survivors));
  return survivors == 0 ? 0 : 1;
}

int print_trace(const Options& options) {
  Tape tape(1UL << 30);
  if (!tape.load(options.trace)) {
    fmt::print(stderr, "sweepd-power: nothing in the trace '{}'\n", options.trace);
    return 2;
  }
  std::size_t number = 0;
  for (const Event& event : tape.read()) {
    fmt::print("{:6} {}\n", number++, to_string(event));
  }
  return 0;
}

int list_mutants() {
  for (const MutantInfo& info : mutants()) {
    fmt::print("{:26} {:8} {}\n", info.name, name_of(info.workload), info.what);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options({argv + 1, argv + argc}, options)) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (options.list) {
    return list_mutants();
  }
  if (options.print) {
    return print_trace(options);
  }
  sweepd::log_setup("sweepd-power", sweepd::LogLevel::kError);
  sweepd::wire::quiet_protobuf();
  if (options.all_mutants) {
    return run_mutants(options);
  }
  return options.faults ? run_all_faults(options) : run_all_cuts(options);
}
