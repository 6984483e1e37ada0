// Which GPUs an agent offers that was itself started under a mask.
#include "agent/gpu_mask.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sweepd::agent;

namespace {

std::vector<Device> four_gpus() {
  std::vector<Device> gpus(4);
  const std::vector<std::string> uuids = {
      "GPU-aa000000-1", "GPU-ab000000-2", "GPU-c0000000-3", "GPU-d0000000-4"};
  for (std::uint32_t i = 0; i < 4; ++i) {
    gpus[i].uuid = uuids[i];
    gpus[i].number = i;
  }
  return gpus;
}

// GPU 0 in two slices, GPU 1 whole.
std::vector<Device> sliced_gpus() {
  std::vector<Device> devices(3);
  devices[0].uuid = "MIG-11";
  devices[1].uuid = "MIG-12";
  devices[0].gpu_uuid = devices[1].gpu_uuid = "GPU-aa";
  devices[2].uuid = "GPU-bb";
  devices[2].number = 1;
  return devices;
}

// The last letters of what is left, which tell the GPUs above apart.
std::string left(const std::vector<Device>& devices, const GpuMasks& masks) {
  std::string out;
  for (const Device& device : masked(devices, masks).devices) {
    out += device.uuid.back();
  }
  return out;
}

std::string cuda(const std::string& value) {
  return left(four_gpus(), {value, std::nullopt});
}

std::string nvidia(const std::string& value) {
  return left(four_gpus(), {std::nullopt, value});
}

}  // namespace

TEST_CASE("mask: without a variable all GPUs are offered, and nothing is noted") {
  const MaskedDevices all = masked(four_gpus(), {});
  CHECK_EQ(all.devices, four_gpus());
  CHECK(all.notes.empty());
}

TEST_CASE("mask: numbers are those of nvidia-smi, and the order of the slots stays") {
  CHECK_EQ(cuda("2,3"), "34");
  CHECK_EQ(cuda(" 3 , 1 "), "24");
  CHECK_EQ(cuda("1,1"), "2");
}

TEST_CASE("mask: a UUID may be shortened as long as it means one GPU") {
  CHECK_EQ(cuda("GPU-c0000000-3"), "3");
  CHECK_EQ(cuda("GPU-d0,GPU-aa"), "14");
  CHECK_EQ(cuda("GPU-a"), "");
  CHECK_EQ(cuda("gpu-c0"), "");
}

TEST_CASE("mask: an empty list, -1 and NoDevFiles mean no GPU, silently") {
  for (const char* none : {"", " ", "-1", "NoDevFiles"}) {
    CHECK_EQ(cuda(none), "");
    CHECK_EQ(masked(four_gpus(), {none, std::nullopt}).notes.size(), 1);  // what is left out
  }
  CHECK_EQ(cuda("0,-1,2"), "1");
}

TEST_CASE("mask: as with CUDA the list ends at the first entry that is no GPU, and that is noted") {
  const MaskedDevices some = masked(four_gpus(), {"1,9,0", std::nullopt});
  REQUIRE_EQ(some.devices.size(), 1);
  CHECK_EQ(some.devices[0].number, 1);
  REQUIRE_EQ(some.notes.size(), 2);
  CHECK_EQ(some.notes[0],
           "CUDA_VISIBLE_DEVICES=1,9,0: '9' is not the name of one GPU here, and the list ends at "
           "it, as CUDA reads it");
  CHECK_EQ(some.notes[1],
           "left out by CUDA_VISIBLE_DEVICES=1,9,0: GPU 0 (GPU-aa000000), GPU 2 (GPU-c0000000), "
           "GPU 3 (GPU-d0000000)");
  CHECK_EQ(cuda("0,,1"), "1");
  CHECK_EQ(cuda("2x"), "");
}

TEST_CASE("mask: a sliced GPU stands for its slices, and a slice for itself") {
  CHECK_EQ(left(sliced_gpus(), {"0", std::nullopt}), "12");
  CHECK_EQ(left(sliced_gpus(), {"GPU-aa", std::nullopt}), "12");
  CHECK_EQ(left(sliced_gpus(), {"MIG-12,1", std::nullopt}), "2b");
  CHECK_EQ(left(sliced_gpus(), {"MIG-1", std::nullopt}), "");
}

TEST_CASE("mask: what containers say counts only where they show more than that") {
  CHECK_EQ(nvidia("all"), "1234");
  CHECK_EQ(nvidia("void"), "1234");
  CHECK_EQ(nvidia(""), "1234");
  CHECK_EQ(nvidia("none"), "");
  CHECK_EQ(nvidia("2,3"), "34");
  CHECK_EQ(nvidia("GPU-c0000000-3"), "3");
  CHECK_EQ(nvidia("4,5,6,7"), "1234");  // GPUs of the host, which are 0 to 3 in here
}

TEST_CASE("mask: what both variables leave is offered") {
  CHECK_EQ(left(four_gpus(), {"0,2", "all"}), "13");
  CHECK_EQ(left(four_gpus(), {"0,2", "2,3"}), "3");
  CHECK_EQ(masked(four_gpus(), {"0,2", "2,3"}).notes.size(), 2);
}

TEST_CASE("mask: in a container GPUs are counted, not the slices that they are cut into") {
  // GPU 2 of the host, which is 0 in here.
  std::vector<Device> slices(2);
  slices[0].uuid = "MIG-11";
  slices[1].uuid = "MIG-12";
  slices[0].gpu_uuid = slices[1].gpu_uuid = "GPU-aa";
  CHECK_EQ(left(slices, {std::nullopt, "2"}), "12");
  CHECK(masked(slices, {std::nullopt, "2"}).notes.empty());
  CHECK_EQ(left(slices, {std::nullopt, "MIG-12"}), "2");  // the same everywhere
  CHECK_EQ(left(slices, {std::nullopt, "GPU-aa"}), "12");
  CHECK_EQ(left(sliced_gpus(), {std::nullopt, "1"}), "b");
}

TEST_CASE(
    "mask: what names nothing of a container's list is noted, and no list that names nothing "
    "counts") {
  CHECK_EQ(nvidia("1,9,0"), "12");
  const MaskedDevices none = masked(four_gpus(), {std::nullopt, "9"});
  CHECK_EQ(none.devices, four_gpus());
  REQUIRE_EQ(none.notes.size(), 2);
  CHECK_EQ(none.notes[1], "NVIDIA_VISIBLE_DEVICES=9 names no GPU here, and is ignored");
  const MaskedDevices some = masked(four_gpus(), {std::nullopt, "9,1"});
  REQUIRE_EQ(some.notes.size(), 2);
  CHECK_EQ(some.notes[0],
           "NVIDIA_VISIBLE_DEVICES=9,1: '9' is not the name of one GPU here, and is passed over");
  CHECK_EQ(nvidia("-1"), "");
}

TEST_CASE("mask: slices by number are said not to be understood") {
  const MaskedDevices all = masked(sliced_gpus(), {std::nullopt, "0:1"});
  CHECK_EQ(all.devices, sliced_gpus());
  REQUIRE_EQ(all.notes.size(), 2);
  CHECK_EQ(
      all.notes[0],
      "NVIDIA_VISIBLE_DEVICES=0:1: '0:1' names a slice by its number, which is not understood: "
      "name it by its UUID");
  CHECK_EQ(all.notes[1], "NVIDIA_VISIBLE_DEVICES=0:1 names no GPU here, and is ignored");
  CHECK_EQ(left(sliced_gpus(), {std::nullopt, "0:1,1"}), "b");
  // A container that shows that slice alone.
  CHECK(masked({sliced_gpus()[1]}, {std::nullopt, "0:1"}).notes.empty());
}
