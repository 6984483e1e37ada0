// Acknowledged reports per second over the wire, beside synced RocksDB batches of as many records.
#include "bench/client.h"
#include "bench/floors.h"
#include "bench/process.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace {

using namespace sweepd::bench;  // NOLINT(google-build-using-namespace): a program, not a header

// A running attempt of an agent without workers.
class Running {
 public:
  Running() : agent_(daemon_.server(), 1) {
    Client client(daemon_.server());
    client.submit({1, false});
    for (auto message = agent_.receive();; message = agent_.receive()) {
      if (message.has_start()) {
        attempt_ = message.start().attempt();
        return;
      }
    }
  }

  // Sends `count` reports in messages of up to 256 and waits for the acknowledgement of the last.
  void report(std::uint64_t count) {
    const std::uint64_t last = sent_ + count;
    while (sent_ < last) {
      const std::uint64_t size = std::min<std::uint64_t>(256, last - sent_);
      agent_.report(attempt_, {sent_ + 1, std::vector<double>(size, 0.5)});
      sent_ += size;
    }
    while (agent_.receive().reports_ack().seq() < last) {
    }
  }

 private:
  Daemon daemon_;
  ZeroAgent agent_;
  sweepd::pb::Attempt attempt_;
  std::uint64_t sent_ = 0;
};

void reports(benchmark::State& state) {
  Running running;
  running.report(1);
  const auto window = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    running.report(window);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// Two rows a report, as the daemon writes: the decision and the metrics.
void store_floor(benchmark::State& state) {
  SyncedStore store;
  for (auto _ : state) {
    store.write({static_cast<std::size_t>(state.range(0)) * 2, 40});
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// One report at a time costs at least a synced write and a round trip.
void store_and_echo_floor(benchmark::State& state) {
  SyncedStore store;
  Echo echo(200);
  for (auto _ : state) {
    store.write({1, 200});
    echo.round_trip();
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

BENCHMARK(reports)->Arg(1)->Arg(1000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(store_floor)->Arg(1000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(store_and_echo_floor)->UseRealTime()->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();
