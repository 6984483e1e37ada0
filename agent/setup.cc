// What a run of the agent begins with: what the box is and has.
#include "agent/setup.h"

#include "agent/utf8.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace sweepd::agent {

namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::string shim_beside_us() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "sweep-shim";
}

}  // namespace

Result<std::string> shim_program(const Config& config) {
  std::string path = config.shim.empty() ? shim_beside_us() : config.shim;
  if (::access(path.c_str(), X_OK) != 0) {
    return Error{Errc::kNotFound,
                 fmt::format("cannot execute {}: sweep-agent needs it beside itself", path)};
  }
  return path;
}

Identity identity_of(const Config& config, const StateFolder& folder, const Ledger& ledger) {
  return {folder.uuid(),
          as_utf8(config.name.empty() ? host_name() : config.name),
          boot_id(),
          SWEEPD_VERSION,
          ledger.incarnation(),
          config.labels,
          cpu_count(),
          memory_bytes()};
}

GpuMasks masks_of_environment() {
  return {variable("CUDA_VISIBLE_DEVICES"), variable("NVIDIA_VISIBLE_DEVICES")};
}

DeviceList offered_devices(const Config& config) {
  DeviceList found = find_devices(config.nvml);
  MaskedDevices left = masked(std::move(found.devices), masks_of_environment());
  found.devices = std::move(left.devices);
  found.notes.insert(found.notes.end(), left.notes.begin(), left.notes.end());
  return found;
}

}  // namespace sweepd::agent
