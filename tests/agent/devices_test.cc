// GPUs through a stand-in for NVIDIA's library, and the slots that come of them.
#include "agent/devices.h"

#include "agent/devices_nvml.h"
#include "agent/offer.h"
#include "agent/setup.h"
#include "tests/agent/fake_gpus.h"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;

TEST_CASE("devices: GPUs are listed with what there is to know of them") {
  const FakeGpus fake("2");
  const DeviceList list = find_devices(SWEEPD_FAKE_NVML);
  REQUIRE_EQ(list.devices.size(), 2);
  CHECK_EQ(list.devices[0], Device{"GPU-1", "Fake H200", 1ULL << 37U, 2, 1ULL << 37U, 0});
  CHECK_EQ(list.devices[1], Device{"GPU-2", "Fake H200", 1ULL << 37U, 0, 1ULL << 37U, 1});
  CHECK_EQ(list.driver, "535.00");
  CHECK(list.notes.empty());
}

TEST_CASE("devices: a lost GPU is left out and told, the others stay") {
  const FakeGpus fake("3");
  ::setenv("FAKE_NVML_LOST", "1", 1);
  const DeviceList list = find_devices(SWEEPD_FAKE_NVML);
  REQUIRE_EQ(list.devices.size(), 2);
  CHECK_EQ(list.devices[1].uuid, "GPU-3");
  REQUIRE_EQ(list.notes.size(), 1);
  CHECK_EQ(list.notes[0], "GPU 1 is left out: GPU is lost (15)");
}

TEST_CASE("devices: a sliced GPU is offered as its slices") {
  const FakeGpus fake("1");
  ::setenv("FAKE_NVML_MIG", "1", 1);
  const DeviceList list = find_devices(SWEEPD_FAKE_NVML);
  REQUIRE_EQ(list.devices.size(), 2);
  CHECK_EQ(list.devices[0].uuid, "MIG-101");
  CHECK_EQ(list.devices[1].uuid, "MIG-103");
  CHECK_EQ(list.devices[1].gpu_uuid, "GPU-1");
  CHECK_EQ(list.devices[1].number, 0);
}

TEST_CASE("devices: a driver that does not start, and no library, are notes") {
  const FakeGpus fake("1");
  ::setenv("FAKE_NVML_FAIL", "9", 1);
  const DeviceList broken = find_devices(SWEEPD_FAKE_NVML);
  CHECK(broken.devices.empty());
  REQUIRE_EQ(broken.notes.size(), 1);
  CHECK_EQ(broken.notes[0], "NVML does not start: driver not loaded (9)");
  const DeviceList missing = find_devices("/nowhere/libnvidia-ml.so.1");
  CHECK(missing.devices.empty());
  CHECK_EQ(missing.notes.size(), 1);
}

TEST_CASE("devices: functions that a library lacks cost only what they tell") {
  const DeviceList list = find_devices(SWEEPD_BARE_NVML);
  REQUIRE_EQ(list.devices.size(), 1);
  CHECK_EQ(list.devices[0], Device{"GPU-bare", "", 0, 0});
}

TEST_CASE("devices: what is on GPUs is asked of those alone, and one that is lost harms no other") {
  const FakeGpus fake("3");
  fake.say("processes 0 31 7\nfree 0 1024\nprocesses 2 9\n");
  const Result<Nvml> nvml = Nvml::open(SWEEPD_FAKE_NVML);
  REQUIRE(nvml.ok());
  auto use = nvml->use_of({"GPU-1", "GPU-2"});
  REQUIRE_EQ(use.size(), 2);
  CHECK_EQ(*use.at("GPU-1"), GpuUse{1ULL << 37U, 1ULL << 30U, {7, 31}});
  CHECK_EQ(*use.at("GPU-2"), GpuUse{1ULL << 37U, 1ULL << 37U, {}});
  fake.say("lost 0\n");
  use = nvml->use_of({"GPU-1", "GPU-2", "GPU-9"});
  CHECK_EQ(use.at("GPU-1").error().message, "NVML: GPU is lost (15)");
  CHECK(use.at("GPU-2").ok());
  CHECK_FALSE(use.at("GPU-9").ok());
  fake.say("fail 9\n");
  CHECK_EQ(nvml->use_of({"GPU-2"}).at("GPU-2").error().message, "NVML: driver not loaded (9)");
}

TEST_CASE("devices: more processes than were expected are all listed") {
  const FakeGpus fake("1");
  std::string line = "processes 0";
  for (int pid = 100; pid < 140; ++pid) {
    line += " " + std::to_string(pid);
  }
  fake.say(line + "\n");
  CHECK_EQ(find_devices(SWEEPD_FAKE_NVML).devices.at(0).processes, 40);
}

TEST_CASE("offer: a box with GPUs offers them, one without offers one CPU slot, unless told") {
  const std::vector<Device> gpus = {{"GPU-1", "x", 5, 0}, {"GPU-2", "x", 5, 0}};
  CHECK_EQ(slots_of(gpus, {std::nullopt, "cpu"}).size(), 2);
  CHECK_EQ(slots_of({}, {std::nullopt, "cpu"}).size(), 1);
  CHECK(slots_of({}, {0, "cpu"}).empty());
  const auto slots = slots_of(gpus, {2, "cpu"});
  REQUIRE_EQ(slots.size(), 4);
  CHECK_EQ(slots[1].uuid(), "GPU-2");
  CHECK_EQ(slots[1].kind(), pb::GPU);
  CHECK_EQ(slots[3].index(), 3);
  CHECK_EQ(slots[3].kind(), pb::CPU);
  CHECK_EQ(slots[3].name(), "cpu");
}

TEST_CASE("offer: the GPUs of slots keep their numbers when others are left out") {
  std::vector<Device> gpus(2);
  gpus[0].number = 1;
  gpus[1].number = 3;
  gpus[1].uuid = "GPU-d";
  const std::vector<SlotGpu> places = slot_gpus_of(gpus);
  REQUIRE_EQ(places.size(), 2);
  CHECK_EQ(places[1].slot, 1);
  CHECK_EQ(places[1].number, 3);
  CHECK_EQ(places[1].uuid, "GPU-d");
}

TEST_CASE("offer: what is withheld fits into a label, and says how much it leaves out") {
  CHECK_EQ(withheld_label("", {}), "");
  CHECK_EQ(withheld_label("no room", {}), "no room");
  CHECK_EQ(withheld_label("no room", {"GPU 0 (x): y", "GPU 1 (x): z"}),
           "no room; GPU 0 (x): y; GPU 1 (x): z");
  const std::string long_one(100, 'a');
  CHECK_EQ(withheld_label("", {long_one, long_one, long_one, long_one}),
           long_one + "; " + long_one + "; and 2 more");
  const std::string too_long = "ä" + std::string(400, 'b');
  CHECK_EQ(withheld_label(too_long, {"c"}).size(), 240 + std::string("; and 1 more").size());
  CHECK_EQ(withheld_label("\xff", {}), "?");
}

TEST_CASE("devices: a library that hangs is waited for so long, and then no GPU is offered") {
  const FakeGpus fake("2");
  fake.say("hang 600\n");
  Config config = default_config();
  config.nvml = SWEEPD_FAKE_NVML;
  const auto begin = std::chrono::steady_clock::now();
  const DeviceList none = offered_devices(config, std::chrono::milliseconds(100));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(500));
  CHECK(none.devices.empty());
  CHECK_EQ(none.silence,
           "NVML has not answered for 0 s: no GPU is offered before the agent is started anew");
  CHECK_EQ(none.notes, std::vector<std::string>{none.silence});
  // The thread comes back before the next test changes what it reads.
  std::this_thread::sleep_until(begin + std::chrono::milliseconds(1200));
  fake.say("");
  const DeviceList both = offered_devices(config, std::chrono::milliseconds(5000));
  CHECK_EQ(both.devices.size(), 2);
  CHECK_EQ(both.silence, "");
}
