// Makes one stream of reports of several doors.
#include "agent/doors/metric_mux.h"

#include "base/limits.h"

#include <algorithm>
#include <utility>

namespace sweepd::agent {

void MetricMux::add(MetricDoor door, Instant now, WallTime wall, const Points& points) {
  if (points.empty()) {
    return;
  }
  Waiting waiting{now + kStdoutHold, door, {wall, points}};
  if (door == MetricDoor::kStdout) {
    waiting_.push_back(std::move(waiting));
    return;
  }
  claim(door, points);
  if (std::optional<MetricReport> report = admitted(std::move(waiting))) {
    ready_.push_back(*std::move(report));
  }
}

void MetricMux::claim(MetricDoor door, const Points& points) {
  for (const Point& point : points) {
    // Companions belong to the line that they stand on, whichever door it came through.
    if (door != MetricDoor::kStdout && !is_companion(point.name)) {
      claimed_.insert(point.name);
    }
  }
}

// What of the points may be reported; none when that is nothing but companions.
std::optional<MetricReport> MetricMux::admitted(Waiting waiting) {
  Points& points = waiting.report.points;
  const bool from_stdout = waiting.door == MetricDoor::kStdout;
  std::erase_if(points, [&](const Point& point) {
    return (from_stdout && claimed_.contains(point.name)) || !admit(point.name);
  });
  const bool counts_only = std::all_of(points.begin(), points.end(), [&](const Point& point) {
    return is_companion(point.name) && point.name != objective_;
  });
  if (points.empty() || (from_stdout && counts_only)) {
    return std::nullopt;
  }
  return std::move(waiting.report);
}

bool MetricMux::admit(const std::string& name) {
  const bool known = name == objective_ || names_.contains(name);
  const bool fits = name.size() <= limits::kMetricNameBytesMax &&
                    names_.size() < limits::kMetricNamesPerAttemptMax - 1;  // one for the objective
  if (!known && (!fits || name.empty())) {
    ++refused_;
    return false;
  }
  names_.insert(name);
  return true;
}

std::vector<MetricReport> MetricMux::take(Instant now, bool all) {
  while (!waiting_.empty() && (all || waiting_.front().due <= now)) {
    if (std::optional<MetricReport> report = admitted(std::move(waiting_.front()))) {
      ready_.push_back(*std::move(report));
    }
    waiting_.pop_front();
  }
  return std::exchange(ready_, {});
}

std::optional<Instant> MetricMux::next_wake() const {
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.front().due);
}

}  // namespace sweepd::agent
