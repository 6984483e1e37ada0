// Which of the box's GPUs are the agent's to offer: pure.
#pragma once

#include "agent/devices.h"

#include <optional>
#include <string>
#include <vector>

namespace sweepd::agent {

// What the agent was started under; none: the variable is not set.
struct GpuMasks {
  std::optional<std::string> cuda;    // CUDA_VISIBLE_DEVICES
  std::optional<std::string> nvidia;  // NVIDIA_VISIBLE_DEVICES, as containers have it
};

struct MaskedDevices {
  std::vector<Device> devices;     // in their old order
  std::vector<std::string> notes;  // what was left out, and what of a mask is not understood
};

// The devices that every mask leaves.
//   CUDA_VISIBLE_DEVICES: numbers as nvidia-smi counts (2,3), UUIDs or what is unique of one
//     (GPU-8932f937), MIG-…; a GPU that is sliced stands for all of its slices, where CUDA itself
//     would use the first. "", "-1" and "NoDevFiles" mean none. As with CUDA the list ends at the
//     first entry that names no GPU, or several.
//   NVIDIA_VISIBLE_DEVICES: "", "all" and "void" say nothing ("void" stands in containers whose
//     GPUs were given in another way), "none" means none. Its numbers count the GPUs of the host,
//     so that a list with numbers only counts where there are more GPUs, sliced or not, than it
//     names: else the container has just those already, under other numbers. Entries that name
//     nothing here, and slices by number (0:1), are passed over; a list of nothing else is ignored.
MaskedDevices masked(std::vector<Device> devices, const GpuMasks& masks);

}  // namespace sweepd::agent
