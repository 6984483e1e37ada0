// How many reports of an attempt are passed on, and what of those that came too fast.
#include "agent/doors/report_budget.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

constexpr Duration kInterval{1'000'000 / limits::kReportsPerSecond};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string shown(const std::vector<MetricReport>& reports) {
  std::string out;
  for (const MetricReport& report : reports) {
    out += fmt::format("{}{}:", out.empty() ? "" : " ", report.wall.us);
    for (const Point& point : report.points) {
      out += fmt::format(" {}={}", point.name, point.value);
    }
    out += ";";
  }
  return out;
}

// A budget of which nothing is left at the time 0.
ReportBudget spent() {
  ReportBudget budget("loss");
  for (std::size_t i = 0; i < limits::kReportBurst; ++i) {
    budget.add({}, {{}, {{"loss", 1}}});
  }
  REQUIRE_EQ(budget.take({}).size(), limits::kReportBurst);
  REQUIRE_FALSE(budget.next_wake());
  return budget;
}

// Everything that waits.
std::string rest(ReportBudget& budget) {
  return shown(budget.take({}, true));
}

// The counts that hold at each value of each metric, which are those of its report and before.
std::map<std::string, std::map<double, Points>> counts_at(
    const std::vector<MetricReport>& reports) {
  std::map<std::string, std::map<double, Points>> out;
  Points counts;
  for (const MetricReport& report : reports) {
    for (const Point& point : report.points) {
      if (is_companion(point.name)) {
        set_point(counts, point.name, point.value);
      }
    }
    std::sort(counts.begin(), counts.end(), [](const Point& a, const Point& b) {
      return a.name < b.name;
    });
    for (const Point& point : report.points) {
      out[point.name][point.value] = counts;
    }
  }
  return out;
}

// A program that reports a few of its metrics at a time, at uneven paces. Values are numbers of
// reports, so that each is there once; some counts repeat.
std::vector<MetricReport> program(std::mt19937& random, std::size_t reports) {
  const std::vector<std::string> names = {"loss", "acc", "f1", "lr", "epoch", "step"};
  std::vector<MetricReport> made;
  for (std::size_t i = 1; i <= reports; ++i) {
    const std::size_t one = random() % names.size();
    Points points;
    for (std::size_t name = 0; name < names.size(); ++name) {
      if (name == one || random() % 3 == 0) {
        const bool count = is_companion(names[name]);
        points.push_back({names[name], static_cast<double>(count ? i / 7 : i)});
      }
    }
    made.push_back({{static_cast<std::int64_t>(i)}, std::move(points)});
  }
  return made;
}

struct Passed {
  std::vector<MetricReport> reports;
  std::vector<Instant> at;
};

Passed run(ReportBudget& budget, std::mt19937& random, const std::vector<MetricReport>& made) {
  Passed passed;
  Instant now{1'000'000};
  const auto take = [&](bool all) {
    for (MetricReport& report : budget.take(now, all)) {
      passed.reports.push_back(std::move(report));
      passed.at.push_back(now);
    }
  };
  for (const MetricReport& report : made) {
    const Instant next = now + Duration{static_cast<std::int64_t>(random() % 3000)};
    while (budget.next_wake() && *budget.next_wake() <= next) {
      now = *budget.next_wake();
      const std::size_t before = passed.reports.size();
      take(false);
      REQUIRE(passed.reports.size() > before);  // it was due
    }
    now = next;
    budget.add(now, report);
    take(false);
  }
  take(true);
  return passed;
}

}  // namespace

TEST_CASE("budget: a burst passes whole and then so many a second, as they are") {
  ReportBudget budget = spent();
  for (int i = 1; i <= 50; ++i) {
    const Instant now{i * kInterval.us};
    budget.add(now, {{i}, {{"epoch", 1}, {"loss", 2}}});
    CHECK_EQ(shown(budget.take(now)), fmt::format("{}: epoch=1 loss=2;", i));
  }
  CHECK_EQ(budget.thinned(), 0);
}

TEST_CASE("budget: what comes too fast is merged, and comes when there is room") {
  ReportBudget budget = spent();
  budget.add({1}, {{1}, {{"loss", 0.5}, {"acc", 0.1}}});
  budget.add({2}, {{2}, {{"loss", 0.4}}});
  CHECK(budget.take({2}).empty());
  REQUIRE_EQ(budget.next_wake(), Instant{} + kInterval);
  CHECK(budget.take({kInterval.us - 1}).empty());
  CHECK_EQ(shown(budget.take({kInterval.us})), "2: acc=0.1 loss=0.4;");
  CHECK_FALSE(budget.next_wake());
  CHECK_EQ(budget.thinned(), 1);
}

TEST_CASE("budget: what is due is not merged with a report that comes later") {
  ReportBudget budget = spent();
  budget.add({1}, {{1}, {{"loss", 0.5}}});
  budget.add({2 * kInterval.us}, {{2}, {{"loss", 0.4}}});
  CHECK_EQ(shown(budget.take({2 * kInterval.us})), "1: loss=0.5; 2: loss=0.4;");
}

TEST_CASE("budget: a metric that waits stays beside the counts that it was reported with") {
  ReportBudget budget = spent();
  budget.add({1}, {{1}, {{"loss", 0.5}, {"acc", 0.1}, {"epoch", 1}}});
  budget.add({1}, {{2}, {{"loss", 0.4}, {"epoch", 2}}});
  REQUIRE_EQ(budget.next_wake(), Instant{} + kInterval + kInterval);  // two reports wait
  CHECK(budget.take(Instant{} + kInterval).empty());
  budget.add({kInterval.us}, {{3}, {{"acc", 0.2}, {"epoch", 2}}});
  CHECK_EQ(shown(budget.take({kInterval.us})), "3: loss=0.4 acc=0.2 epoch=2;");
  CHECK_EQ(budget.thinned(), 2);
}

TEST_CASE("budget: counts whose values are superseded hold for what follows") {
  ReportBudget budget = spent();
  budget.add({1}, {{1}, {{"loss", 0.5}, {"epoch", 1}}});
  budget.add({1}, {{2}, {{"acc", 0.1}}});
  budget.add({1}, {{3}, {{"loss", 0.4}}});
  CHECK_EQ(rest(budget), "2: acc=0.1 epoch=1; 3: loss=0.4;");
  budget = spent();
  budget.add({1}, {{1}, {{"epoch", 3}}});
  CHECK_EQ(rest(budget), "1: epoch=3;");
  budget.add({1}, {{2}, {{"epoch", 4}}});
  budget.add({1}, {{3}, {{"loss", 0.3}, {"step", 7}}});
  CHECK_EQ(rest(budget), "3: loss=0.3 step=7 epoch=4;");
}

TEST_CASE("budget: the objective counts as a metric, whatever its name") {
  ReportBudget budget("step");
  while (!budget.next_wake()) {
    budget.add({}, {{}, {{"step", 1}}});
  }
  budget.add({}, {{2}, {{"loss", 1}, {"step", 2}}});
  budget.add({}, {{3}, {{"step", 3}}});
  budget.take({});
  CHECK_EQ(shown(budget.take({}, true)), "3: loss=1 step=3;");
}

TEST_CASE("budget: an objective that is not finite passes at once, the first time that it waits") {
  ReportBudget budget = spent();
  budget.add({1}, {{1}, {{"acc", kNan}}});
  CHECK(budget.take({1}).empty());
  budget.add({1}, {{2}, {{"loss", kNan}}});
  CHECK_EQ(shown(budget.take({1})), "2: acc=nan loss=nan;");
  budget.add({1}, {{3}, {{"loss", -HUGE_VAL}}});
  CHECK(budget.take({1}).empty());
  // What passed ahead of time is paid for.
  CHECK_EQ(budget.next_wake(), Instant{} + kInterval + kInterval);
}

TEST_CASE("budget: once a second for two hours is stored whole, a week of haste is not") {
  ReportBudget calm("loss");
  for (int i = 0; i < 7200; ++i) {
    calm.add(Instant{} + seconds(i), {{i}, {{"loss", 1}}});
    REQUIRE_EQ(calm.take(Instant{} + seconds(i)).size(), 1);
  }
  ReportBudget hasty("loss");
  std::size_t stored = 0;
  std::size_t early = 0;
  for (Instant now; now < Instant{} + seconds(7 * 24 * 3600);
       now = hasty.next_wake().value_or(now)) {
    hasty.add(now, {{}, {{"loss", 1}}});
    stored += hasty.take(now).size();
    early = now <= Instant{} + seconds(90) ? stored : early;
  }
  CHECK(early == 10'000);
  CHECK(stored > 120'000);
  CHECK(stored < 130'000);
}

TEST_CASE("budget: whatever a program does, it is bounded and nothing that it said last is lost") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    ReportBudget budget("loss");
    const std::vector<MetricReport> made = program(random, 5000);
    const Passed passed = run(budget, random, made);
    CHECK_EQ(passed.reports.size() + budget.thinned(), made.size());
    CHECK_GT(budget.thinned(), 1000);
    // In any window no more than a burst and what the rate gives; the last ones need no room.
    const std::size_t bounded = passed.at.size() - 8;
    for (std::size_t from = 0; from < bounded; from += 37) {
      for (std::size_t to = from; to < bounded; to += 41) {
        const auto given = (passed.at[to] - passed.at[from]).us / kInterval.us;
        REQUIRE_LE(to - from, limits::kReportBurst + static_cast<std::size_t>(given) + 1);
      }
    }
    // Each value that is left holds at the counts at which it was reported, in the order of then.
    auto truth = counts_at(made);
    auto left = counts_at(passed.reports);
    for (const auto& [name, values] : left) {
      CAPTURE(name);
      if (!is_companion(name)) {
        for (const auto& [value, counts] : values) {
          REQUIRE(truth[name][value] == counts);
        }
      }
      CHECK_EQ(values.rbegin()->first, truth[name].rbegin()->first);
    }
    CHECK_EQ(left.size(), truth.size());
    for (std::size_t i = 1; i < passed.reports.size(); ++i) {
      REQUIRE(passed.reports[i - 1].wall < passed.reports[i].wall);
    }
  }
}

TEST_CASE("budget: no metric starves beside one that is reported all the time") {
  ReportBudget budget = spent();
  std::map<std::string, std::int64_t> last;
  std::int64_t longest_us = 0;
  for (std::int64_t us = 1; us < 5'000'000; us += 250) {
    const std::string name = us % 500 == 1 ? "loss" : us % 1000 == 251 ? "acc" : "f1";
    budget.add({us}, {{us}, {{name, 1}, {name == "loss" ? "step" : "epoch", double(us)}}});
    for (const MetricReport& report : budget.take({us})) {
      for (const Point& point : report.points) {
        longest_us = std::max(longest_us, us - std::exchange(last[point.name], us));
      }
    }
  }
  CHECK_EQ(last.size(), 5);
  CHECK_LE(longest_us, 4 * kInterval.us);
}

TEST_CASE("budget: as many metrics as an attempt may have, each at a count of its own, all come") {
  ReportBudget budget = spent();
  const std::size_t metrics = limits::kMetricNamesPerAttemptMax - 1;  // and the count
  const auto add_all = [&](Instant now) {
    for (std::size_t i = 0; i < metrics; ++i) {
      budget.add(now, {{}, {{fmt::format("m{}", i), 1}, {"step", static_cast<double>(i)}}});
    }
  };
  for (int round = 0; round < 5; ++round) {
    add_all({});
  }
  const auto due = budget.next_wake();
  REQUIRE(due);
  CHECK_EQ(due->us, static_cast<std::int64_t>(metrics) * kInterval.us);
  CHECK_EQ(budget.take(*due).size(), metrics);
}
