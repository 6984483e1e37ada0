// Which slots this box offers.
#pragma once

#include "agent/devices.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::agent {

struct CpuOffer {
  std::optional<std::uint32_t> slots;  // none: as many as make sense
  std::string model;
};

// One slot for each GPU, then the CPU slots. Without a word about them a box with a GPU has no CPU
// slots and one without has one: a training program takes all cores that it finds, and how many of
// them fit on a box only its owner knows.
std::vector<pb::Slot> slots_of(const std::vector<Device>& devices, const CpuOffer& cpus);

}  // namespace sweepd::agent
