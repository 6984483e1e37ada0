// The GPUs of this box, as NVIDIA's management library sees them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sweepd::agent {

// A GPU, or a slice of one (MIG) that programs can be given like one.
struct Device {
  std::string uuid;  // what CUDA_VISIBLE_DEVICES takes: "GPU-…" or "MIG-…"
  std::string name;
  std::uint64_t memory_bytes = 0;  // 0: unknown
  std::uint32_t processes = 0;     // that compute on it now, whoever started them
  std::uint64_t free_bytes = 0;    // of its memory, now
  std::uint32_t number = 0;        // as nvidia-smi counts them; a slice has that of its GPU
  std::string gpu_uuid = {};       // of the GPU that it is a slice of; empty: it is none

  bool operator==(const Device&) const = default;
};

struct DeviceList {
  std::vector<Device> devices;
  std::string driver;              // its version; empty: unknown
  std::vector<std::string> notes;  // what is wrong, in sentences; a GPU that fails is left out
  std::string silence = {};        // of a library that did not answer in time, also a note
};

constexpr const char* kNvmlPath = "libnvidia-ml.so.1";

// Loads the library, asks and unloads it. No library, no driver and no GPU are a note, not an
// error.
DeviceList find_devices(const std::string& nvml_path);

// "GPU 2 (GPU-8932f937)": enough of the UUID to tell GPUs of a house apart.
std::string gpu_text(std::uint32_t number, const std::string& uuid);

}  // namespace sweepd::agent
