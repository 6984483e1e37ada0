// A sweep as plain data: everything the sweep file says, validated, with defaults filled in.
#pragma once

#include "base/time.h"
#include "sweeps/objective.h"
#include "sweeps/search_space.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::sweeps {

// All enums here are stored and sent: explicit values, append-only.
enum class ArgsStyle : int {
  kFlagSpaceValue = 1,
  kFlagEqualsValue = 2,
  kKeyEqualsValue = 3,
  kNone = 4
};
enum class BoolStyle : int { kValue = 1, kFlag = 2, kNoFlag = 3 };
enum class SamplerKind : int { kGrid = 1, kRandom = 2, kSobol = 3 };
enum class PolicyKind : int { kNone = 1, kBandit = 2, kMedian = 3, kTruncation = 4, kAsha = 5 };

// A rule that finds metrics in lines of stdout.
struct StdoutRule {
  std::string pattern;  // RE2; group `value`, optional groups `name` and `step`
  std::string name;     // the metric, when the pattern has no group for it

  bool operator==(const StdoutRule&) const = default;
};

struct RunSpec {
  std::vector<std::string> command;  // split already; with `shell` one line for /bin/sh -c
  bool shell = false;
  ArgsStyle args = ArgsStyle::kFlagSpaceValue;
  BoolStyle bools = BoolStyle::kValue;
  std::string code;  // folder beside the sweep file that is shipped; empty: nothing is
  std::string cwd;   // below the working folder; empty: the working folder itself
  std::vector<std::string> outputs = {"outputs"};  // collected when the attempt ends
  std::vector<std::string> logs = {"logs"};
  std::optional<std::uint32_t> keep;  // of so many of the best trials both are kept; empty: of all

  bool operator==(const RunSpec&) const = default;
};

struct SearchSpec {
  SamplerKind sampler = SamplerKind::kSobol;
  std::optional<std::uint32_t> trials;  // a total over the sweep; empty: the whole grid
  std::uint64_t seed = 0;
  std::uint32_t repeats = 1;          // of each grid point
  std::vector<Assignment> try_first;  // proposed before anything else

  bool operator==(const SearchSpec&) const = default;
};

struct StopSpec {
  PolicyKind policy = PolicyKind::kNone;
  std::string time;  // the report's field that is the resource; empty: the report number
  std::uint32_t evaluation_interval = 1;
  std::uint32_t delay_evaluation = 0;
  std::optional<double> slack_factor;  // bandit: exactly one of these two
  std::optional<double> slack_amount;
  std::uint32_t min_peers = 3;  // median
  std::uint32_t truncation_percentage = 0;
  bool exclude_finished = false;  // truncation
  double resource_min = 1;        // asha: min, max, reduction
  double resource_max = 0;
  std::uint32_t reduction = 3;
  bool stop_on_nan = true;
  std::optional<double> target;  // raw; reaching it ends the sweep
  bool allow_pruned = false;     // pruned trials may be the best one

  bool operator==(const StopSpec&) const = default;
};

struct ResourcesSpec {
  std::optional<std::uint32_t> gpus;  // empty: one slot of whatever an agent has; 0: a CPU slot
  std::uint32_t cpus = 1;             // threads that the trial may use (OMP_NUM_THREADS)
  bool operator==(const ResourcesSpec&) const = default;
};

struct LimitsSpec {
  std::optional<std::uint32_t> concurrent;
  std::optional<Duration> trial_time;
  std::optional<Duration> silence;  // the longest time without a metric or output
  std::optional<Duration> sweep_time;
  std::optional<std::uint32_t> failed_trials;  // so many failures fail the sweep
  Duration grace = seconds(10);                // between TERM and KILL

  bool operator==(const LimitsSpec&) const = default;
};

struct RetrySpec {
  std::uint32_t attempts = 1;  // failures of a trial that are paid with a new attempt, plus one
  // "exit:N", "timeout", "signal", "no-metric", "exec", "oom", "silent"; empty: all but "oom".
  std::vector<std::string> on;
  Duration backoff;

  bool operator==(const RetrySpec&) const = default;
};

struct MetricsSpec {
  bool jsonl = true;
  bool stdout_rules = true;
  std::vector<StdoutRule> stdout_patterns;

  bool operator==(const MetricsSpec&) const = default;
};

struct RegisterSpec {
  std::string model;  // empty: nothing is registered by itself
  std::string path = "outputs";

  bool operator==(const RegisterSpec&) const = default;
};

struct SweepSpec {
  std::string name;
  std::string experiment;
  bool job = false;     // one trial, no search space, `sweepctl run`
  Objective objective;  // a job may have no metric
  std::vector<std::pair<std::string, std::string>> tags;
  std::string notes;
  std::int32_t priority = 0;
  RunSpec run;
  std::vector<std::pair<std::string, std::string>> env;
  SearchSpace space;
  SearchSpec search;
  StopSpec stop;
  ResourcesSpec resources;
  LimitsSpec limits;
  RetrySpec retry;
  MetricsSpec metrics;
  RegisterSpec registration;

  bool operator==(const SweepSpec&) const = default;
};

// What no sweep may be, whoever sends it: the daemon's check of a specification from the network.
Result<void> validate(const SweepSpec& spec);

// The number of trials the sweep will propose: limit, grid × repeats, or both (the smaller).
std::uint32_t trials_total(const SweepSpec& spec);

}  // namespace sweepd::sweeps
