// Makes one stream of reports of several doors: for each metric the first door that knows it wins.
#pragma once

#include "agent/doors/points.h"
#include "base/time.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sweepd::agent {

// The doors, better ones first.
enum class MetricDoor { kJsonl = 0, kStdout = 1 };

// How long a point from stdout waits for the same metric to come through a better door: programs
// often print a value and then log it.
constexpr Duration kStdoutHold = milliseconds(100);

// Points of one line that were read together.
struct MetricReport {
  WallTime wall;
  Points points;

  bool operator==(const MetricReport&) const = default;
};

// Pure: time is passed in.
class MetricMux {
 public:
  explicit MetricMux(std::string objective) : objective_(std::move(objective)) {}

  void add(MetricDoor door, Instant now, WallTime wall, const Points& points);

  // Reports whose time of waiting is over, or all.
  std::vector<MetricReport> take(Instant now, bool all = false);

  // When the next report has waited long enough; none when none waits.
  std::optional<Instant> next_wake() const;

  // Every metric that was reported, and how many were too many or had too long a name to be.
  const std::set<std::string, std::less<>>& names() const { return names_; }

  std::uint64_t refused() const { return refused_; }

 private:
  struct Waiting {
    Instant due;
    MetricDoor door = MetricDoor::kJsonl;
    MetricReport report;
  };

  bool admit(const std::string& name);
  void claim(MetricDoor door, const Points& points);
  std::optional<MetricReport> admitted(Waiting waiting);

  std::string objective_;
  std::deque<Waiting> waiting_;  // from stdout, in the order of arrival
  std::vector<MetricReport> ready_;
  std::set<std::string, std::less<>> claimed_;  // names that came through a better door than stdout
  std::set<std::string, std::less<>> names_;
  std::uint64_t refused_ = 0;
};

}  // namespace sweepd::agent
