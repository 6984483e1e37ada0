// Sweeps and trials in sentences and table rows; every verb that shows one uses these.
#pragma once

#include "cli/output.h"
#include "wire/sweepd.pb.h"

#include <string>
#include <vector>

namespace sweepd::cli {

// "68 of 100 trials: 41 completed, 8 running, 2 failed"
std::string counts_text(const pb::SweepSummary& sweep);

std::uint32_t count_of(const pb::SweepSummary& sweep, const std::string& state);
std::uint32_t ended_trials(const pb::SweepSummary& sweep);

// "accuracy 0.9871 (12/41)"; empty when there is no best trial yet.
std::string best_text(const pb::SweepSummary& sweep);

// "gpu-a:0", "gpu-a:0,1"; "–" for none (or "-").
std::string place_text(const std::string& agent, const std::vector<std::uint32_t>& slots);
std::string place_text(const pb::TrialRow& trial);

// How long it ran, or has been running until now; empty before the start.
std::string time_text(std::int64_t started_us, std::int64_t ended_us, std::int64_t now_us);

std::string value_text(const pb::TrialRow& trial);  // "0.9871", "diverged"; empty without a value

// "12/7 pruned after 3 reports: accuracy 0.41; worse than the median of its peers"
std::string change_text(const pb::TrialRow& trial, const std::string& metric);

// Words as a shell would have to be given them.
std::string command_text(const std::vector<std::string>& words);

// Its state; "ending" while nothing new starts in it and it ends with the trials that run.
std::string state_text(const pb::SweepSummary& sweep);

// Whether it has come to a value that may be the best one.
bool may_be_best(const pb::TrialRow& trial);

// `Sweep 12 "digits" failed: 5 trials failed`
std::string sweep_text(const pb::SweepSummary& sweep);

// Why queued trials wait; what the sweep's own reason says already is not said again.
std::string waiting_text(const pb::SweepDetail& sweep);

// Columns: # TRIAL <metric> STEP <params…> STATE TIME with `ranked`, else TRIAL STATE <metric> …
// REASON.
struct TrialListingOptions {
  std::string metric;
  bool ranked = false;
  std::int64_t now_us = 0;
};

Listing trial_listing(const std::vector<pb::TrialRow>& trials, const TrialListingOptions& options);

Listing sweep_listing(const std::vector<pb::SweepSummary>& sweeps,
                      const Terminal& terminal,
                      std::int64_t now_us);

}  // namespace sweepd::cli
