// The first twenty rows of a leaderboard with 100,000 trials, beside the same with 1,000 and a bare
// round trip.
#include "bench/client.h"
#include "bench/floors.h"
#include "bench/process.h"

#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <string>

namespace {

using namespace sweepd::bench;  // NOLINT(google-build-using-namespace): a program, not a header

// Runs a sweep to its end with an agent that answers each start with one report and the end.
std::uint64_t run_sweep(Client& client, ZeroAgent& agent, std::uint32_t trials) {
  const std::uint64_t sweep = client.submit({trials, false});
  std::uint32_t ended = 0;
  while (ended < trials) {
    const auto message = agent.receive();
    if (message.has_start()) {
      const auto& attempt = message.start().attempt();
      agent.report(attempt, {1, {static_cast<double>(attempt.trial() * 2654435761U % 1'000'003U)}});
      agent.end(attempt, 1);
    }
    ended += message.has_ended_ack() ? 1U : 0U;
  }
  client.wait(sweep);
  return sweep;
}

// A daemon that has run one sweep of so many trials; built once, asked often.
class Board {
 public:
  explicit Board(std::uint32_t trials) : client_(daemon_.server()), agent_(daemon_.server(), 256) {
    const std::int64_t begin = now_us();
    const std::uint64_t sweep = run_sweep(client_, agent_, trials);
    trials_per_s_ = trials / (static_cast<double>(now_us() - begin) * 1e-6);
    request_.mutable_leaderboard()->set_selector(std::to_string(sweep));
    request_.mutable_leaderboard()->set_limit(20);
  }

  int rows() { return client_.ask(request_).leaderboard().rows_size(); }

  double trials_per_s() const { return trials_per_s_; }

 private:
  Daemon daemon_;
  Client client_;
  ZeroAgent agent_;
  sweepd::pb::ClientRequest request_;
  double trials_per_s_ = 0;
};

Board& board(std::int64_t trials) {
  static std::map<std::int64_t, std::unique_ptr<Board>> boards;
  std::unique_ptr<Board>& found = boards[trials];
  if (!found) {
    found = std::make_unique<Board>(static_cast<std::uint32_t>(trials));
  }
  return *found;
}

void top_20(benchmark::State& state) {
  Board& asked = board(state.range(0));
  // A by-product worth a column: durable trials without workers.
  state.counters["zero_worker_trials_per_s"] = asked.trials_per_s();
  for (auto _ : state) {
    if (asked.rows() != 20) {
      state.SkipWithError("not twenty rows");
      return;
    }
  }
}

void echo_floor(benchmark::State& state) {
  Echo echo(2000);  // about the bytes of twenty rows
  for (auto _ : state) {
    echo.round_trip();
  }
}

}  // namespace

BENCHMARK(top_20)->Arg(1'000)->Arg(100'000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(echo_floor)->UseRealTime()->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();
