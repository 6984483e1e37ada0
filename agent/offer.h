// Which slots this box offers.
#pragma once

#include "agent/devices.h"
#include "agent/gpu_judge.h"
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

// The GPUs that those slots stand for.
std::vector<SlotGpu> slot_gpus_of(const std::vector<Device>& devices);

// Why there are fewer slots than that, as the label of the agent that people see; empty: there are
// not. Cut to what a label may hold, with the number of the sentences that are left out.
//   shortage: of the disk; empty: there is none
//   gpus:     a sentence for each that is withheld
std::string withheld_label(const std::string& shortage, const std::vector<std::string>& gpus);

}  // namespace sweepd::agent
