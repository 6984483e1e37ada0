// The GPUs of this box.
#include "agent/devices.h"

#include "agent/devices_nvml.h"

#include <fmt/format.h>

namespace sweepd::agent {

namespace {

constexpr std::size_t kUuidBytesShown = 12;  // "GPU-8932f937", as people shorten it

}  // namespace

DeviceList find_devices(const std::string& nvml_path) {
  const Result<Nvml> nvml = Nvml::open(nvml_path);
  if (!nvml.ok()) {
    DeviceList none;
    none.notes.push_back(nvml.error().message);
    return none;
  }
  return nvml->list();
}

std::string gpu_text(std::uint32_t number, const std::string& uuid) {
  return fmt::format("GPU {} ({})", number, uuid.substr(0, kUuidBytesShown));
}

}  // namespace sweepd::agent
