// What a run of the agent begins with: what the box is and has.
#include "agent/setup.h"

#include "agent/ask_in_time.h"
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

DeviceList offered_devices(const Config& config, std::chrono::milliseconds patience) {
  const GpuMasks masks = masks_of_environment();  // before there is another thread
  std::optional<DeviceList> answer =
      ask_in_time([path = config.nvml] { return find_devices(path); }, patience);
  if (!answer) {
    DeviceList none;
    constexpr const char* kSilent =
        "NVML has not answered for {} s: no GPU is offered before the agent is started anew";
    none.silence = fmt::format(kSilent, patience.count() / 1000);
    none.notes.push_back(none.silence);
    return none;
  }
  MaskedDevices left = masked(std::move(answer->devices), masks);
  answer->devices = std::move(left.devices);
  answer->notes.insert(answer->notes.end(), left.notes.begin(), left.notes.end());
  return *std::move(answer);
}

}  // namespace sweepd::agent
