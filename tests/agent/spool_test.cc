// The spool of an attempt, with the clock in the hands of the test.
#include "agent/shim/spool.h"

#include "agent/runner/spool_reader.h"
#include "base/limits.h"
#include "tests/file_limit.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

struct Bench {
  Bench() {
    char name[] = "/tmp/sweepd-spool-XXXXXX";
    folder = ::mkdtemp(name);
    run.set_metrics_path(folder + "/metrics");
    run.set_spool_path(folder + "/spool");
    run.set_objective("loss");
    run.mutable_metrics()->set_jsonl(true);
  }

  ~Bench() { std::filesystem::remove_all(folder); }

  void append(const std::string& text) const {
    std::ofstream(run.metrics_path(), std::ios::app) << text;
  }

  std::vector<pb::Report> stored() const {
    return SpoolReader(run.spool_path()).read(std::size_t{16} << 20U);
  }

  std::string folder;
  shimpb::Run run;
};

constexpr Clocks at(std::int64_t us) {
  return {{us}, {us}};
}

}  // namespace

TEST_CASE("spool: a report that came too fast is written when its time has come") {
  Bench bench;
  shim::Spool spool(bench.run);
  std::string lines;
  for (std::size_t i = 1; i <= limits::kReportBurst + 3; ++i) {
    lines += fmt::format("{{\"loss\": {}}}\n", i);
  }
  bench.append(lines);
  spool.read(at(1));
  CHECK_EQ(bench.stored().size(), limits::kReportBurst);
  const auto due = spool.next_wake();
  REQUIRE(due);
  CHECK_EQ(due->us, 1 + 1'000'000 / limits::kReportsPerSecond);
  spool.on_time({*due, {7}});
  const std::vector<pb::Report> stored = bench.stored();
  REQUIRE_EQ(stored.size(), limits::kReportBurst + 1);
  CHECK_EQ(stored.back().metrics(0).value(), limits::kReportBurst + 3);
  CHECK_EQ(stored.back().wall_us(), 1);
}

TEST_CASE("spool: it is closed behind what waits, and says how much was merged") {
  Bench bench;
  shim::Spool spool(bench.run);
  for (std::size_t i = 1; i <= limits::kReportBurst + 9; ++i) {
    bench.append(fmt::format("{{\"loss\": {}}}\n", i));
  }
  spool.read(at(1));
  bench.append("{\"loss\": 0.5}");
  CHECK(spool.drain(at(2)));
  SpoolReader reader(bench.run.spool_path());
  const std::vector<pb::Report> stored = reader.read(1 << 20);
  CHECK(reader.closed());
  CHECK_EQ(reader.thinned(), 9);
  REQUIRE_EQ(stored.size(), limits::kReportBurst + 1);
  CHECK_EQ(stored.back().metrics(0).value(), 0.5);
}

TEST_CASE("spool: what a program said last is in it, though the disk had no room when it ended") {
  Bench bench;
  shim::Spool spool(bench.run);
  std::string line = "{";
  for (int i = 10; i < 90; ++i) {
    line += fmt::format("\"{}\":1,", i);
  }
  line.back() = '}';
  for (int i = 0; i < 920; ++i) {
    bench.append(line + "\n");
  }
  {
    const testing::FileLimit full(0);
    do {
      spool.read(at(1));
    } while (spool.more());
  }
  CHECK(bench.stored().empty());
  CHECK(spool.waits_for_room());
  CHECK_GT(spool.next_wake().value_or(Instant{}), at(1).now);
  bench.append("{\"loss\": 0.5}\n");
  CHECK_FALSE(spool.drain(at(2)));  // it tries again, but not at once
  int tries = 0;
  while (!spool.drain(at(2'000'000)) && tries < 10) {
    ++tries;
  }
  const std::vector<pb::Report> stored = bench.stored();
  CHECK_FALSE(spool.waits_for_room());
  REQUIRE_EQ(stored.size(), 921);
  CHECK_EQ(stored.back().metrics(0).value(), 0.5);
}
