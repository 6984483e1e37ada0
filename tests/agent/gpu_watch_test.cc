// The thread that asks the library: answers, a library that fails and comes back, one that hangs.
#include "agent/gpu_watch.h"

#include "tests/agent/fake_gpus.h"

#include <doctest/doctest.h>

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

// Three seconds pass at each turn, so that every turn may ask.
struct Watched {
  FakeGpus fake{"2"};
  GpuJudge judge{{{0, 0, "GPU-1"}, {1, 1, "GPU-2"}}, WithholdBusy{}};
  Instant now;

  bool until(GpuWatch& watch, const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      watch.turn(now, judge);
      pollfd answered{watch.fd(), POLLIN, 0};
      now = ::poll(&answered, 1, 100) == 1 ? now + seconds(3) : now;
    }
    return true;
  }
};

}  // namespace

TEST_CASE("gpu watch: what the library says reaches the judge, and what it says later, too") {
  Watched scene;
  scene.fake.say("processes 1 7\n");
  GpuWatch watch(SWEEPD_FAKE_NVML);
  CHECK(scene.until(watch, [&] { return scene.judge.withholds(1); }));
  CHECK_FALSE(scene.judge.withholds(0));
  scene.fake.say("");
  CHECK(scene.until(watch, [&] { return !scene.judge.withholds(1); }));
}

TEST_CASE("gpu watch: a library that failed is started anew") {
  Watched scene;
  scene.fake.say("fail 9\n");
  GpuWatch watch(SWEEPD_FAKE_NVML);
  CHECK(scene.until(watch, [&] { return scene.judge.withholds(0); }));
  CHECK_EQ(scene.judge.withheld(),
           std::vector<std::string>{"GPUs 0, 1: NVML does not start: driver not loaded (9)"});
  scene.fake.say("");
  CHECK(scene.until(watch, [&] { return scene.judge.withheld().empty(); }));
  scene.fake.say("fail 9\n");
  CHECK(scene.until(watch, [&] { return scene.judge.withholds(0); }));
  CHECK_EQ(scene.judge.withheld(),
           std::vector<std::string>{"GPUs 0, 1: NVML: driver not loaded (9)"});
}

TEST_CASE("gpu watch: a call that does not come back holds nobody up, not even at the end") {
  Watched scene;
  scene.fake.say("hang 2500\n");
  const auto begin = std::chrono::steady_clock::now();
  {
    GpuWatch watch(SWEEPD_FAKE_NVML);
    CHECK_FALSE(watch.turn(scene.now, scene.judge));
    CHECK(watch.turn(scene.now + seconds(6), scene.judge));
    CHECK(scene.judge.withholds(0));
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(2000));
}

TEST_CASE(
    "gpu watch: a thread that comes back is waited for, whatever was signalled before its end") {
  Watched scene;
  scene.fake.say("hang 400\n");
  std::thread late;
  const auto begin = std::chrono::steady_clock::now();
  {
    GpuWatch watch(SWEEPD_FAKE_NVML);
    CHECK_FALSE(watch.turn(scene.now, scene.judge));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // now it is in the library
    // As an answer that was told between the last look at the signal and the wait for the end.
    late = std::thread([signal = ::dup(watch.fd())] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      const std::uint64_t one = 1;
      CHECK_EQ(::write(signal, &one, sizeof one), sizeof one);
      ::close(signal);
    });
  }
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(400));
  late.join();
}
