// No-op trials per second through the whole product, beside bare posix_spawn of the same program.
#include "bench/client.h"
#include "bench/floors.h"
#include "bench/process.h"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace sweepd::bench;  // NOLINT(google-build-using-namespace): a program, not a header

constexpr std::uint32_t kTrials = 400;

void trials(benchmark::State& state) {
  const Daemon daemon;
  const Process agent({program("sweep-agent"),
                       "--server",
                       daemon.server(),
                       "--state",
                       (daemon.folder() / "agent").string(),
                       "--cpu-slots",
                       std::to_string(state.range(0)),
                       "--log-level",
                       "warn"},
                      daemon.folder() / "agent.log");
  Client client(daemon.server());
  // A trial must report; echo costs what true costs.
  client.wait(client.submit({8, false, {"/bin/echo", "loss: 1"}}));
  for (auto _ : state) {
    client.wait(client.submit({kTrials, false, {"/bin/echo", "loss: 1"}}));
  }
  state.SetItemsProcessed(state.iterations() * kTrials);
}

void spawn_floor(benchmark::State& state) {
  for (auto _ : state) {
    spawn_and_wait({"/bin/echo", static_cast<std::size_t>(state.range(0)), kTrials});
  }
  state.SetItemsProcessed(state.iterations() * kTrials);
}

}  // namespace

BENCHMARK(trials)->Arg(4)->Arg(16)->Iterations(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(spawn_floor)
    ->Arg(4)
    ->Arg(16)
    ->Iterations(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
