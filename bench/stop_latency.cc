// From a report that must end its trial to the order that ends it, beside one synced write and one
// round trip.
#include "bench/client.h"
#include "bench/floors.h"
#include "bench/process.h"
#include "wire/protocol.h"

#include <benchmark/benchmark.h>

#include <map>

namespace {

using namespace sweepd::bench;  // NOLINT(google-build-using-namespace): a program, not a header

// One trial sets the best value and stays; every other one reports something twice as bad and is
// stopped.
class Stops {
 public:
  Stops() : agent_(daemon_.server(), 2) {
    Client client(daemon_.server());
    client.submit({1'000'000, true});
    best_ = next_start();
    agent_.report(best_, {1, {1.0}});
    while (!receive().has_reports_ack()) {
    }
    poor_ = next_start();
  }

  // The time that counts: report sent to stop received.
  double stop_one_seconds() {
    const std::int64_t begin = now_us();
    agent_.report(poor_, {1, {10.0}});
    while (!receive().has_stop()) {
    }
    const std::int64_t end = now_us();
    sweepd::pb::AgentMessage message;
    sweepd::pb::AttemptEnded& ended = *message.mutable_ended();
    *ended.mutable_attempt() = poor_;
    ended.set_reports_last(1);
    ended.set_started(true);
    ended.set_stopped(true);
    agent_.send(std::move(message));
    poor_ = next_start();
    return static_cast<double>(end - begin) * 1e-6;
  }

 private:
  // Starts come when slots are free, whatever else is waited for.
  sweepd::pb::DaemonMessage receive() {
    auto message = agent_.receive();
    if (message.has_start()) {
      starts_.push_back(message.start().attempt());
    }
    return message;
  }

  sweepd::pb::Attempt next_start() {
    while (starts_.empty()) {
      receive();
    }
    const sweepd::pb::Attempt attempt = starts_.front();
    starts_.erase(starts_.begin());
    return attempt;
  }

  Daemon daemon_;
  ZeroAgent agent_;
  std::vector<sweepd::pb::Attempt> starts_;
  sweepd::pb::Attempt best_;
  sweepd::pb::Attempt poor_;
};

void report_to_stop(benchmark::State& state) {
  Stops stops;
  for (auto _ : state) {
    state.SetIterationTime(stops.stop_one_seconds());
  }
}

void store_and_echo_floor(benchmark::State& state) {
  SyncedStore store;
  Echo echo(200);
  for (auto _ : state) {
    const std::int64_t begin = now_us();
    store.write({1, 200});
    echo.round_trip();
    state.SetIterationTime(static_cast<double>(now_us() - begin) * 1e-6);
  }
}

}  // namespace

BENCHMARK(report_to_stop)->UseManualTime()->MinTime(1.0)->Unit(benchmark::kMicrosecond);
BENCHMARK(store_and_echo_floor)->UseManualTime()->MinTime(1.0)->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();
