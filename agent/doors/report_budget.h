// How many reports of an attempt are passed on: what comes faster waits, and is merged.
#pragma once

#include "agent/doors/metric_mux.h"
#include "base/limits.h"
#include "base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::agent {

// A bucket of reports that fills ever more slowly (`base/limits.h` has the figures). A report that
// finds it empty waits, and of all that wait the last value of each metric is kept, beside the
// counts (epoch, step) that it was reported with. So a few reports may wait: the order in which
// they were made is kept, and they go together as soon as there is room for all, so that no metric
// waits for ever behind another that is reported more often. Pure: time is passed in, and does not
// go back.
class ReportBudget {
 public:
  explicit ReportBudget(std::string objective) : objective_(std::move(objective)) {}

  // Passes the report when there is room for it and nothing waits; else it waits.
  void add(Instant now, MetricReport report);

  // What may be passed on, in order; with `all` everything, because the program is over.
  std::vector<MetricReport> take(Instant now, bool all = false);

  // When what waits may be taken; none when nothing waits.
  std::optional<Instant> next_wake() const;

  // How many reports are in no report of their own. With them, those that were taken and those that
  // wait are as many as were added.
  std::uint64_t thinned() const { return thinned_; }

 private:
  // What is left of reports that were merged.
  struct Waiting {
    WallTime wall;
    Points metrics;  // a metric is only in the newest that had it
    Points counts;
  };

  static constexpr std::int64_t kFirstIntervalUs = 1'000'000 / limits::kReportsPerSecond;
  static constexpr auto kBurst = static_cast<std::int64_t>(limits::kReportBurst);

  bool is_count(const std::string& name) const;
  bool diverges(const MetricReport& report) const;
  Waiting parted(MetricReport report) const;
  std::int64_t cost_us() const;
  void earn(Instant now);
  void wait(Waiting last);
  void pass_waiting();
  void pass(MetricReport report);

  std::string objective_;
  std::vector<Waiting> waiting_;
  std::vector<MetricReport> ready_;
  Instant earned_at_;
  std::int64_t interval_us_ = kFirstIntervalUs;        // that a report costs
  std::int64_t saved_us_ = kBurst * kFirstIntervalUs;  // below zero: what was passed ahead of time
  std::uint64_t passed_ = 0;
  std::uint64_t thinned_ = 0;
  bool divergence_passed_ = false;  // ahead of time, once
};

}  // namespace sweepd::agent
