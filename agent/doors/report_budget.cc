// How many reports of an attempt are passed on.
#include "agent/doors/report_budget.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace sweepd::agent {

// Each report that waits has a metric that no other has, so there is room for all in a full bucket.
static_assert(limits::kMetricNamesPerAttemptMax <= limits::kReportBurst);

void ReportBudget::add(Instant now, MetricReport report) {
  earn(now);
  if (saved_us_ >= cost_us()) {
    pass_waiting();
  }
  if (waiting_.empty() && saved_us_ >= interval_us_) {
    pass(std::move(report));
    return;
  }
  const bool diverged = diverges(report);
  wait(parted(std::move(report)));
  // It ends the trial, so it must neither be merged away nor come late. Once, because a program
  // that goes on all the same may report nothing else.
  if (diverged && !std::exchange(divergence_passed_, true)) {
    pass_waiting();
  }
}

std::vector<MetricReport> ReportBudget::take(Instant now, bool all) {
  earn(now);
  if (all || saved_us_ >= cost_us()) {
    pass_waiting();
  }
  return std::exchange(ready_, {});
}

std::optional<Instant> ReportBudget::next_wake() const {
  if (waiting_.empty()) {
    return std::nullopt;
  }
  return earned_at_ + Duration{std::max<std::int64_t>(cost_us() - saved_us_, 0)};
}

bool ReportBudget::is_count(const std::string& name) const {
  return is_companion(name) && name != objective_;
}

bool ReportBudget::diverges(const MetricReport& report) const {
  const Point* objective = find_point(report.points, objective_);
  return objective != nullptr && !std::isfinite(objective->value);
}

ReportBudget::Waiting ReportBudget::parted(MetricReport report) const {
  Waiting out{report.wall, {}, {}};
  for (Point& point : report.points) {
    (is_count(point.name) ? out.counts : out.metrics).push_back(std::move(point));
  }
  return out;
}

// Of all that waits.
std::int64_t ReportBudget::cost_us() const {
  return static_cast<std::int64_t>(waiting_.size()) * interval_us_;
}

void ReportBudget::earn(Instant now) {
  const Duration since = std::max(now - earned_at_, Duration{});
  saved_us_ = std::min(saved_us_ + since.us, kBurst * interval_us_);
  earned_at_ = earned_at_ + since;
}

void ReportBudget::wait(Waiting last) {
  const std::size_t before = waiting_.size() + 1;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    Waiting& earlier = waiting_[i];
    std::erase_if(earlier.metrics, [&last](const Point& point) {
      return find_point(last.metrics, point.name) != nullptr;
    });
    if (earlier.metrics.empty()) {
      // Its counts hold for what comes next until others are reported, as they do in the daemon.
      Points& next = (i + 1 < waiting_.size() ? waiting_[i + 1] : last).counts;
      std::copy_if(earlier.counts.begin(),
                   earlier.counts.end(),
                   std::back_inserter(next),
                   [&next](const Point& count) { return find_point(next, count.name) == nullptr; });
    }
  }
  std::erase_if(waiting_, [](const Waiting& waiting) { return waiting.metrics.empty(); });
  if (!waiting_.empty() && waiting_.back().counts == last.counts) {
    Points& metrics = waiting_.back().metrics;
    metrics.insert(metrics.end(), last.metrics.begin(), last.metrics.end());
    waiting_.back().wall = last.wall;
  } else {
    waiting_.push_back(std::move(last));
  }
  thinned_ += before - waiting_.size();
}

void ReportBudget::pass_waiting() {
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    Points points = std::move(waiting.metrics);
    points.insert(points.end(), waiting.counts.begin(), waiting.counts.end());
    pass({waiting.wall, std::move(points)});
  }
}

void ReportBudget::pass(MetricReport report) {
  saved_us_ -= interval_us_;
  if (++passed_ % limits::kReportsPerHalving == 0) {
    interval_us_ *= 2;
    saved_us_ *= 2;  // for as many reports as before
  }
  ready_.push_back(std::move(report));
}

}  // namespace sweepd::agent
