// The checks of this box.
#include "agent/doctor/box_checks.h"

#include "agent/ask_in_time.h"
#include "agent/devices_nvml.h"
#include "agent/gpu_judge.h"
#include "agent/gpu_mask.h"
#include "agent/offer.h"
#include "agent/runner/containment.h"
#include "agent/setup.h"
#include "agent/state_folder.h"
#include "base/counted.h"
#include "base/disk_space.h"
#include "base/network_disk.h"
#include "blobs/largest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace sweepd::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kNvmlPatience{3000};
constexpr const char* kLook = "look at nvidia-smi and at the kernel's log (dmesg)";

// The path itself, or the nearest one above it that is there.
std::string nearest_there(const std::string& path) {
  std::error_code error;
  fs::path there = fs::absolute(path, error).lexically_normal();
  while (!fs::exists(there, error) && there.has_relative_path()) {
    there = there.parent_path();
  }
  return there;
}

// Writes a byte as the agent would, because rights alone do not say that a disk takes any.
Result<void> try_to_write(const std::string& folder) {
  std::string name = folder + "/.doctor-XXXXXX";
  const int file = ::mkstemp(name.data());
  const bool written = file >= 0 && ::write(file, "x", 1) == 1;
  const int number = errno;
  if (file >= 0) {
    ::close(file);
    ::unlink(name.c_str());
  }
  const Errc code = number == ENOSPC || number == EDQUOT ? Errc::kUnavailable : Errc::kUnexpected;
  return written ? Result<void>()
                 : Result<void>(Error{code,
                                      fmt::format("cannot write in {}: {}",
                                                  folder,
                                                  std::generic_category().message(number))});
}

std::string slots_text(const Config& config, std::size_t gpus) {
  const std::uint32_t cpus = config.cpu_slots.value_or(gpus == 0 ? 1 : 0);
  return counted(cpus, "CPU slot");
}

// What the library's word on each GPU would make of it now.
std::vector<std::string> withheld_now(const Nvml& nvml,
                                      const std::vector<Device>& devices,
                                      const BusyGpus& rule) {
  GpuJudge judge(slot_gpus_of(devices), rule);
  std::vector<std::string> uuids;
  for (const Device& device : devices) {
    uuids.push_back(device.uuid);
  }
  const auto uses = nvml.use_of(uuids);
  std::vector<GpuAnswer> answers;
  for (GpuQuestion& question : judge.questions({})) {
    answers.push_back({question, uses.at(question.uuid)});
  }
  judge.take({}, answers);
  return judge.withheld();
}

std::string gpus_text(const Config& config, const DeviceList& found, const MaskedDevices& left) {
  std::string text = fmt::format("{} and {}, driver {}",
                                 counted(left.devices.size(), "GPU"),
                                 slots_text(config, left.devices.size()),
                                 found.driver.empty() ? "unknown" : found.driver);
  for (const Device& device : left.devices) {
    text += fmt::format("; {} {}", gpu_text(device.number, device.uuid), device.name);
  }
  for (const std::vector<std::string>& notes : {found.notes, left.notes}) {
    for (const std::string& note : notes) {
      text += "; " + note;
    }
  }
  return text;
}

// A GPU that is lost keeps no trial from the others: it fails where none is left.
Finding gpus_found(const Config& config,
                   const GpuMasks& masks,
                   const Nvml& nvml,
                   const DeviceList& found) {
  const MaskedDevices left = masked(found.devices, masks);
  Finding finding{Check::kGpus, Outcome::kOk, gpus_text(config, found, left)};
  std::vector<std::string> advice;
  if (!found.notes.empty()) {
    advice.emplace_back(kLook);
  }
  if (left.devices.empty() && !found.devices.empty()) {
    advice.emplace_back("start the agent without that variable");
  }
  const std::vector<std::string> withheld = withheld_now(nvml, left.devices, config.busy_gpus);
  if (!withheld.empty()) {
    finding.text += fmt::format("; withheld now: {}", fmt::join(withheld, "; "));
    advice.emplace_back(
        "nvidia-smi shows who uses them; busy_gpus in agent.toml says what becomes of such GPUs");
  }
  if (!advice.empty()) {
    const bool none = left.devices.empty() && !found.notes.empty();
    finding.outcome = none ? Outcome::kFailed : Outcome::kWarning;
    finding.advice = fmt::format("{}", fmt::join(advice, "; "));
  }
  return finding;
}

Finding look_at_gpus(const Config& config, const GpuMasks& masks) {
  const Result<Nvml> nvml = Nvml::open(config.nvml);
  if (!nvml.ok() && nvml.error().code == Errc::kNotFound) {
    const bool nothing = config.cpu_slots == 0U;
    return {Check::kGpus,
            nothing ? Outcome::kWarning : Outcome::kOk,
            fmt::format("no GPU and {}: {}", slots_text(config, 0), nvml.error().message),
            nothing ? "the box would offer nothing: give it CPU slots with --cpu-slots" : ""};
  }
  if (!nvml.ok()) {
    return {Check::kGpus, Outcome::kFailed, nvml.error().message, kLook};
  }
  return gpus_found(config, masks, *nvml, nvml->list());
}

}  // namespace

Finding check_shim(const Config& config) {
  const Result<std::string> program = shim_program(config);
  if (!program.ok()) {
    return {Check::kShim,
            Outcome::kFailed,
            program.error().message,
            "install both programs into one folder, or name it with shim in agent.toml"};
  }
  return {Check::kShim, Outcome::kOk, *program};
}

Finding check_state(const std::string& path) {
  const std::string folder = nearest_there(path);
  const Result<std::string> network = network_disk(folder);
  if (network.ok() && !network->empty()) {
    return {Check::kState,
            Outcome::kFailed,
            fmt::format("{} is on {}, where locks and syncs cannot be trusted", path, *network),
            "name a folder on a local disk with --state"};
  }
  if (std::error_code unknown; !fs::is_directory(folder, unknown)) {
    return {Check::kState,
            Outcome::kFailed,
            folder + " is no folder",
            "name another folder with --state"};
  }
  if (const Result<void> written = try_to_write(folder); !written.ok()) {
    // The check of the disk says how much room there is.
    if (written.error().code == Errc::kUnavailable) {
      return {Check::kState, Outcome::kWarning, written.error().message, "free some space"};
    }
    return {
        Check::kState,
        Outcome::kFailed,
        written.error().message,
        "give the user that runs sweep-agent the right to, or name another folder with --state"};
  }
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return {Check::kState, Outcome::kOk, path + " is not there yet, and can be made"};
  }
  const std::optional<std::string> holder = StateFolder::holder(path);
  return {Check::kState,
          Outcome::kOk,
          holder
              ? fmt::format("{} is used by the sweep-agent that runs (process {})", path, *holder)
              : path + " can be written, and no sweep-agent uses it"};
}

Finding check_disk(const Config& config) {
  const Result<DiskSpace> space = disk_space(nearest_there(config.state));
  if (!space.ok()) {
    return {Check::kDisk, Outcome::kFailed, space.error().message, "look at the disk"};
  }
  const std::uint64_t low = config.disk_low_bytes.value_or(usual_low_bytes(space->total_bytes));
  const std::string text = fmt::format(
      "{} free, {} are wanted", blobs::size_text(space->free_bytes), blobs::size_text(low));
  if (space->free_bytes < low) {
    return {Check::kDisk,
            Outcome::kFailed,
            text + ": no slot would be offered",
            "make room, or name another folder with --state, or say less with disk_low"};
  }
  return {Check::kDisk, Outcome::kOk, text};
}

Finding check_containment(const std::string& wanted) {
  // Under a name of its own: the groups of an agent that runs are not touched.
  const Containment found = Containment::find(wanted, fmt::format("doctor{}", ::getpid()));
  found.clear_away();
  if (wanted != "auto" && wanted != found.name()) {
    return {Check::kContainment,
            Outcome::kWarning,
            fmt::format("{} cannot be had here: {} would be used instead", wanted, found.name()),
            "run the agent as root, or with a control group of its own (Delegate=yes in systemd)"};
  }
  return {Check::kContainment, Outcome::kOk, std::string(found.name())};
}

Finding check_gpus(const Config& config) {
  const std::optional<Finding> found =
      ask_in_time([config, masks = masks_of_environment()] { return look_at_gpus(config, masks); },
                  kNvmlPatience);
  return found.value_or(
      Finding{Check::kGpus,
              Outcome::kFailed,
              fmt::format("NVML has not answered for {} s", kNvmlPatience.count() / 1000),
              fmt::format("{}; GPUs without persistence mode take seconds each to wake", kLook)});
}

}  // namespace sweepd::agent
