// GPUs through a stand-in for NVIDIA's library, and the slots that come of them.
#include "agent/devices.h"

#include "agent/offer.h"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <string>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

// Sets variables for the stand-in; they are gone with it.
struct FakeGpus {
  explicit FakeGpus(const char* count) { ::setenv("FAKE_NVML", count, 1); }

  ~FakeGpus() {
    for (const char* name : {"FAKE_NVML", "FAKE_NVML_LOST", "FAKE_NVML_MIG", "FAKE_NVML_FAIL"}) {
      ::unsetenv(name);
    }
  }
};

}  // namespace

TEST_CASE("devices: GPUs are listed with what there is to know of them") {
  const FakeGpus fake("2");
  const DeviceList list = find_devices(SWEEPD_FAKE_NVML);
  REQUIRE_EQ(list.devices.size(), 2);
  CHECK_EQ(list.devices[0], Device{"GPU-1", "Fake H200", 1ULL << 37U, 2});
  CHECK_EQ(list.devices[1], Device{"GPU-2", "Fake H200", 1ULL << 37U, 0});
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
