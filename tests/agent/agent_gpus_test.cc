// The whole agent on a box with GPUs: masks, GPUs of others, a library that fails.
#include "tests/agent/agent_house.h"
#include "tests/agent/fake_gpus.h"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent_house;

namespace {

// A house whose box has two GPUs and no CPU slot.
struct GpuHouse : House {
  void start(const std::vector<std::string>& more = {}) {
    std::ofstream(folder + "/agent.toml") << "nvml = \"" SWEEPD_FAKE_NVML "\"\n";
    std::vector<std::string> options = {"--config", folder + "/agent.toml"};
    options.insert(options.end(), more.begin(), more.end());
    start_agent(0, options);
  }

  std::string withheld() const {
    const auto label = daemon->hello.labels().find("withheld");
    return label == daemon->hello.labels().end() ? std::string() : label->second;
  }

  bool comes_to_offer(int slots) {
    return daemon->serve_until([&] { return daemon->hello.slots_size() == slots; });
  }

  agent::FakeGpus fake{"2"};
};

}  // namespace

TEST_CASE("agent: a GPU that somebody else begins to use leaves the offer, and comes back") {
  GpuHouse house;
  house.fake.say("");
  house.start({"--busy-gpus", "withhold"});
  CHECK_EQ(house.daemon->hello.slots_size(), 2);
  CHECK_EQ(house.withheld(), "");
  house.fake.say("processes 1 7\nfree 1 3277\n");
  CHECK(house.comes_to_offer(1));
  CHECK_EQ(house.daemon->hello.slots(0).uuid(), "GPU-1");
  CHECK_EQ(house.withheld(), "GPU 1 (GPU-2): 1 process of others, 3.2 of 128.0 GiB free");
  house.fake.say("");
  CHECK(house.comes_to_offer(2));
  CHECK_EQ(house.withheld(), "");
}

TEST_CASE("agent: without a word about it, GPUs that others use are offered at once") {
  GpuHouse house;
  house.fake.say("processes 0 7\n");
  house.start();
  CHECK_EQ(house.daemon->hello.slots_size(), 2);
  house.daemon->start(house.order(kFirst, "true"));
  REQUIRE(house.daemon->wait_for_end(kFirst));
  CHECK(house.daemon->ended[kFirst].started());
}

TEST_CASE("agent: with the driver gone nothing new begins on GPUs, and what runs goes on") {
  GpuHouse house;
  house.fake.say("");
  house.start();
  house.daemon->start(house.order(kFirst, "echo $$ > " + house.folder + "/pid; sleep 600"));
  REQUIRE(house.appears("pid"));
  house.fake.say("fail 9\n");
  CHECK(house.comes_to_offer(1));  // that of the attempt
  CHECK_EQ(house.withheld(), "GPU 1 (GPU-2): NVML: driver not loaded (9)");
  pb::StartAttempt order = house.order(kSecond, "true");
  order.set_slots(0, 1);
  house.daemon->start(order);
  const auto end = house.daemon->wait_for_end(kSecond);
  REQUIRE(end);
  CHECK_FALSE(end->started());
  CHECK_EQ(end->failure().code(), pb::STOPPED_BY_AGENT);
  CHECK_EQ(end->failure().sentence(),
           "slot 1 is withheld: GPU 1 (GPU-2): NVML: driver not loaded (9)");
  CHECK(house.alive("pid"));
}

TEST_CASE("agent: what an attempt left on its GPU is waited for before the next one begins") {
  GpuHouse house;
  house.fake.say("");
  house.start();
  house.daemon->start(house.order(kFirst, "echo $$ > " + house.folder + "/pid; sleep 600"));
  REQUIRE(house.appears("pid"));
  house.fake.say("processes 0 99\n");
  house.daemon->stop(kFirst, 0);
  REQUIRE(house.daemon->wait_for_end(kFirst));
  house.daemon->start(house.order(kSecond, "echo $$ > " + house.folder + "/second"));
  CHECK(house.comes_to_offer(1));
  CHECK_EQ(house.withheld(), "GPU 0 (GPU-1): still held after 1/1#1 by process 99");
  CHECK(house.daemon->serve_until([&] { return house.daemon->phases.contains(kSecond); }));
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  house.daemon->serve_until([&] { return std::chrono::steady_clock::now() > soon; });
  CHECK_FALSE(fs::exists(house.folder + "/second"));
  house.fake.say("");
  CHECK(house.appears("second"));
  CHECK(house.comes_to_offer(2));
}

TEST_CASE("agent: under a mask it offers those GPUs, and a trial sees its own list") {
  GpuHouse house;
  house.fake.say("");
  ::setenv("CUDA_VISIBLE_DEVICES", "1", 1);
  house.start();
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  REQUIRE_EQ(house.daemon->hello.slots_size(), 1);
  CHECK_EQ(house.daemon->hello.slots(0).uuid(), "GPU-2");
  CHECK(house.logged("left out by CUDA_VISIBLE_DEVICES=1: GPU 0 (GPU-1)"));
  house.daemon->start(house.order(kFirst, "echo $CUDA_VISIBLE_DEVICES"));
  REQUIRE(house.daemon->wait_for_end(kFirst));
  CHECK_EQ(house.daemon->logs[std::pair(kFirst, int(pb::STDOUT))], "GPU-2\n");
}
