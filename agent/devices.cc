// The GPUs of this box; NVML's interface is declared by hand, because its header is not free.
#include "agent/devices.h"

#include <fmt/format.h>

#include <dlfcn.h>

#include <array>
#include <optional>
#include <utility>

namespace sweepd::agent {

namespace {

using Handle = void*;

struct Memory {
  unsigned long long total;  // NOLINT(google-runtime-int): as NVML declares it
  unsigned long long free;   // NOLINT(google-runtime-int)
  unsigned long long used;   // NOLINT(google-runtime-int)
};

static_assert(sizeof(Memory) == 24);

struct ProcessInfo {
  unsigned int pid;
  unsigned long long used;  // NOLINT(google-runtime-int)
  unsigned int gpu_instance;
  unsigned int compute_instance;
};

static_assert(sizeof(ProcessInfo) == 24);

constexpr int kSuccess = 0;
constexpr int kBufferTooSmall = 7;
constexpr unsigned kUuidBytes = 96;
constexpr unsigned kNameBytes = 96;
constexpr unsigned kMigOn = 1;

// What of the library is there; a function that it lacks is null and does not fail the rest.
struct Nvml {
  void* handle = nullptr;  // of the library
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*by_index)(unsigned, Handle*) = nullptr;
  int (*uuid)(Handle, char*, unsigned) = nullptr;
  int (*name)(Handle, char*, unsigned) = nullptr;
  int (*memory)(Handle, Memory*) = nullptr;
  int (*processes)(Handle, unsigned*, ProcessInfo*) = nullptr;
  int (*mig_mode)(Handle, unsigned*, unsigned*) = nullptr;
  int (*mig_count_max)(Handle, unsigned*) = nullptr;
  int (*mig_by_index)(Handle, unsigned, Handle*) = nullptr;
};

template <typename Function>
void load(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, symbol));  // NOLINT: dlsym's way
}

std::optional<Nvml> load_nvml(const std::string& path, std::vector<std::string>& notes) {
  Nvml nvml;
  nvml.handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (nvml.handle == nullptr) {
    const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): per thread in glibc
    notes.push_back(fmt::format("no NVIDIA management library: {}", why != nullptr ? why : path));
    return std::nullopt;
  }
  load(nvml.handle, "nvmlInit_v2", nvml.init);
  load(nvml.handle, "nvmlShutdown", nvml.shutdown);
  load(nvml.handle, "nvmlErrorString", nvml.error_string);
  load(nvml.handle, "nvmlSystemGetDriverVersion", nvml.driver_version);
  load(nvml.handle, "nvmlDeviceGetCount_v2", nvml.count);
  load(nvml.handle, "nvmlDeviceGetHandleByIndex_v2", nvml.by_index);
  load(nvml.handle, "nvmlDeviceGetUUID", nvml.uuid);
  load(nvml.handle, "nvmlDeviceGetName", nvml.name);
  load(nvml.handle, "nvmlDeviceGetMemoryInfo", nvml.memory);
  load(nvml.handle, "nvmlDeviceGetComputeRunningProcesses_v3", nvml.processes);
  load(nvml.handle, "nvmlDeviceGetMigMode", nvml.mig_mode);
  load(nvml.handle, "nvmlDeviceGetMaxMigDeviceCount", nvml.mig_count_max);
  load(nvml.handle, "nvmlDeviceGetMigDeviceHandleByIndex", nvml.mig_by_index);
  if (nvml.init == nullptr || nvml.count == nullptr || nvml.by_index == nullptr ||
      nvml.uuid == nullptr) {
    notes.push_back(fmt::format("{} lacks functions to list GPUs", path));
    ::dlclose(nvml.handle);
    return std::nullopt;
  }
  return nvml;
}

std::string error_text(const Nvml& nvml, int code) {
  const char* text = nvml.error_string != nullptr ? nvml.error_string(code) : nullptr;
  return text != nullptr ? fmt::format("{} ({})", text, code) : fmt::format("error {}", code);
}

template <unsigned kBytes>
std::string text_of(int (*function)(Handle, char*, unsigned), Handle handle) {
  std::array<char, kBytes> text{};
  return function != nullptr && function(handle, text.data(), kBytes - 1) == kSuccess
             ? std::string(text.data())
             : std::string();
}

std::uint32_t count_processes(const Nvml& nvml, Handle handle) {
  unsigned count = 0;
  if (nvml.processes == nullptr) {
    return 0;
  }
  // Asked with no room, it says how many there are.
  const int code = nvml.processes(handle, &count, nullptr);
  return code == kSuccess || code == kBufferTooSmall ? count : 0;
}

std::optional<Device> describe(const Nvml& nvml, Handle handle) {
  Device device;
  device.uuid = text_of<kUuidBytes>(nvml.uuid, handle);
  if (device.uuid.empty()) {
    return std::nullopt;
  }
  device.name = text_of<kNameBytes>(nvml.name, handle);
  Memory memory{};
  if (nvml.memory != nullptr && nvml.memory(handle, &memory) == kSuccess) {
    device.memory_bytes = memory.total;
  }
  device.processes = count_processes(nvml, handle);
  return device;
}

bool is_sliced(const Nvml& nvml, Handle handle) {
  unsigned now = 0;
  unsigned after_reset = 0;
  return nvml.mig_mode != nullptr && nvml.mig_count_max != nullptr &&
         nvml.mig_by_index != nullptr && nvml.mig_mode(handle, &now, &after_reset) == kSuccess &&
         now == kMigOn;
}

void add_slices(const Nvml& nvml, Handle gpu, DeviceList& list) {
  unsigned count = 0;
  nvml.mig_count_max(gpu, &count);
  for (unsigned i = 0; i < count; ++i) {
    Handle slice = nullptr;
    if (nvml.mig_by_index(gpu, i, &slice) != kSuccess) {
      continue;  // a place that no slice was made for
    }
    if (std::optional<Device> device = describe(nvml, slice)) {
      list.devices.push_back(*std::move(device));
    }
  }
}

void add_gpu(const Nvml& nvml, unsigned index, DeviceList& list) {
  Handle gpu = nullptr;
  if (const int code = nvml.by_index(index, &gpu); code != kSuccess) {
    list.notes.push_back(fmt::format("GPU {} is left out: {}", index, error_text(nvml, code)));
    return;
  }
  if (is_sliced(nvml, gpu)) {
    add_slices(nvml, gpu, list);
  } else if (std::optional<Device> device = describe(nvml, gpu)) {
    list.devices.push_back(*std::move(device));
  } else {
    list.notes.push_back(fmt::format("GPU {} is left out: it does not tell its UUID", index));
  }
}

void list_gpus(const Nvml& nvml, DeviceList& list) {
  std::array<char, 96> driver{};
  if (nvml.driver_version != nullptr &&
      nvml.driver_version(driver.data(), driver.size() - 1) == kSuccess) {
    list.driver = driver.data();
  }
  unsigned count = 0;
  if (const int code = nvml.count(&count); code != kSuccess) {
    list.notes.push_back(fmt::format("GPUs cannot be listed: {}", error_text(nvml, code)));
  }
  for (unsigned i = 0; i < count; ++i) {
    add_gpu(nvml, i, list);
  }
}

}  // namespace

DeviceList find_devices(const std::string& nvml_path) {
  DeviceList list;
  const std::optional<Nvml> nvml = load_nvml(nvml_path, list.notes);
  if (!nvml) {
    return list;
  }
  if (const int code = nvml->init(); code != kSuccess) {
    list.notes.push_back(fmt::format("NVML does not start: {}", error_text(*nvml, code)));
  } else {
    list_gpus(*nvml, list);
    if (nvml->shutdown != nullptr) {
      nvml->shutdown();
    }
  }
  ::dlclose(nvml->handle);
  return list;
}

}  // namespace sweepd::agent
