// NVIDIA's management library; its interface is declared by hand, because its header is not free.
#include "agent/devices_nvml.h"

#include <fmt/format.h>

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <type_traits>
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
constexpr int kNotSupported = 3;
constexpr int kNoPermission = 4;
constexpr int kBufferTooSmall = 7;
constexpr int kFunctionNotFound = 13;
constexpr unsigned kUuidBytes = 96;
constexpr unsigned kNameBytes = 96;
constexpr unsigned kMigOn = 1;
constexpr unsigned kProcessesMore = 16;  // that may begin between the count and the list

template <unsigned kBytes>
std::string text_of(int (*function)(Handle, char*, unsigned), Handle handle) {
  std::array<char, kBytes> text{};
  return function != nullptr && function(handle, text.data(), kBytes - 1) == kSuccess
             ? std::string(text.data())
             : std::string();
}

// Some devices (virtual ones, slices) never tell one thing or another: that is no failure.
bool does_not_tell(int code) {
  return code == kNotSupported || code == kNoPermission || code == kFunctionNotFound;
}

// A GPU that is whole, or a slice.
struct Entry {
  Handle handle = nullptr;
  std::string uuid;
  std::string gpu_uuid;  // of a slice
};

}  // namespace

// What of the library is there; a function that it lacks is null and does not fail the rest.
struct Nvml::Api {
  void* library = nullptr;
  bool started = false;
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

  Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api();

  void load_all();
  Error failed(int code) const;
  bool is_sliced(Handle gpu) const;
  Result<std::vector<Entry>> entries(unsigned index) const;
  Result<std::vector<std::uint32_t>> processes_on(Handle handle) const;
  Result<GpuUse> use_of(Handle handle) const;
};

Nvml::Api::~Api() {
  if (started && shutdown != nullptr) {
    shutdown();
  }
  if (library != nullptr) {
    ::dlclose(library);
  }
}

void Nvml::Api::load_all() {
  const auto load = [this](const char* symbol, auto& function) {
    using Function = std::remove_reference_t<decltype(function)>;
    function = reinterpret_cast<Function>(::dlsym(library, symbol));  // NOLINT: dlsym's way
  };
  load("nvmlInit_v2", init);
  load("nvmlShutdown", shutdown);
  load("nvmlErrorString", error_string);
  load("nvmlSystemGetDriverVersion", driver_version);
  load("nvmlDeviceGetCount_v2", count);
  load("nvmlDeviceGetHandleByIndex_v2", by_index);
  load("nvmlDeviceGetUUID", uuid);
  load("nvmlDeviceGetName", name);
  load("nvmlDeviceGetMemoryInfo", memory);
  load("nvmlDeviceGetComputeRunningProcesses_v3", processes);
  load("nvmlDeviceGetMigMode", mig_mode);
  load("nvmlDeviceGetMaxMigDeviceCount", mig_count_max);
  load("nvmlDeviceGetMigDeviceHandleByIndex", mig_by_index);
}

Error Nvml::Api::failed(int code) const {
  const char* text = error_string != nullptr ? error_string(code) : nullptr;
  return Error{
      Errc::kUnavailable,
      text != nullptr ? fmt::format("{} ({})", text, code) : fmt::format("error {}", code)};
}

bool Nvml::Api::is_sliced(Handle gpu) const {
  unsigned now = 0;
  unsigned after_reset = 0;
  return mig_mode != nullptr && mig_count_max != nullptr && mig_by_index != nullptr &&
         mig_mode(gpu, &now, &after_reset) == kSuccess && now == kMigOn;
}

// The GPU with that number, or the slices that it is cut into.
Result<std::vector<Entry>> Nvml::Api::entries(unsigned index) const {
  Handle gpu = nullptr;
  if (const int code = by_index(index, &gpu); code != kSuccess) {
    return failed(code);
  }
  std::vector<Entry> out;
  const std::string gpu_uuid = text_of<kUuidBytes>(uuid, gpu);
  if (!is_sliced(gpu)) {
    if (gpu_uuid.empty()) {
      return Error{Errc::kUnavailable, "it does not tell its UUID"};
    }
    out.push_back({gpu, gpu_uuid, {}});
    return out;
  }
  unsigned slices = 0;
  mig_count_max(gpu, &slices);
  for (unsigned i = 0; i < slices; ++i) {
    Handle slice = nullptr;
    if (mig_by_index(gpu, i, &slice) != kSuccess) {
      continue;  // a place that no slice was made for
    }
    if (std::string slice_uuid = text_of<kUuidBytes>(uuid, slice); !slice_uuid.empty()) {
      out.push_back({slice, std::move(slice_uuid), gpu_uuid});
    }
  }
  return out;
}

Result<std::vector<std::uint32_t>> Nvml::Api::processes_on(Handle handle) const {
  std::vector<std::uint32_t> pids;
  if (processes == nullptr) {
    return pids;
  }
  std::vector<ProcessInfo> list(kProcessesMore);
  auto size = static_cast<unsigned>(list.size());
  int code = processes(handle, &size, list.data());
  if (code == kBufferTooSmall) {  // and it has said how many there are
    list.resize(size + kProcessesMore);
    size = static_cast<unsigned>(list.size());
    code = processes(handle, &size, list.data());
  }
  if (does_not_tell(code)) {
    return pids;
  }
  if (code != kSuccess) {
    return failed(code);
  }
  for (unsigned i = 0; i < std::min<std::size_t>(size, list.size()); ++i) {
    pids.push_back(list[i].pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

Result<GpuUse> Nvml::Api::use_of(Handle handle) const {
  GpuUse use;
  Memory bytes{};
  const int code = memory != nullptr ? memory(handle, &bytes) : kNotSupported;
  if (code != kSuccess && !does_not_tell(code)) {
    return failed(code);
  }
  if (code == kSuccess) {
    use.memory_bytes = bytes.total;
    use.free_bytes = bytes.free;
  }
  SWEEPD_TRY(use.processes, processes_on(handle));
  return use;
}

Nvml::Nvml(std::unique_ptr<Api> api) : api_(std::move(api)) {}

Nvml::~Nvml() = default;
Nvml::Nvml(Nvml&&) noexcept = default;
Nvml& Nvml::operator=(Nvml&&) noexcept = default;

Result<Nvml> Nvml::open(const std::string& path) {
  auto api = std::make_unique<Api>();
  api->library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (api->library == nullptr) {
    const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): per thread in glibc
    return Error{
        Errc::kNotFound,
        fmt::format("no NVIDIA management library: {}", why != nullptr ? std::string(why) : path)};
  }
  api->load_all();
  if (api->init == nullptr || api->count == nullptr || api->by_index == nullptr ||
      api->uuid == nullptr) {
    return Error{Errc::kUnavailable, fmt::format("{} lacks functions to list GPUs", path)};
  }
  if (const int code = api->init(); code != kSuccess) {
    return Error{Errc::kUnavailable,
                 fmt::format("NVML does not start: {}", api->failed(code).message)};
  }
  api->started = true;
  return Nvml(std::move(api));
}

DeviceList Nvml::list() const {
  DeviceList list;
  std::array<char, 96> driver{};
  if (api_->driver_version != nullptr &&
      api_->driver_version(driver.data(), driver.size() - 1) == kSuccess) {
    list.driver = driver.data();
  }
  unsigned count = 0;
  if (const int code = api_->count(&count); code != kSuccess) {
    list.notes.push_back(fmt::format("GPUs cannot be listed: {}", api_->failed(code).message));
    count = 0;
  }
  for (unsigned i = 0; i < count; ++i) {
    const Result<std::vector<Entry>> entries = api_->entries(i);
    if (!entries.ok()) {
      list.notes.push_back(fmt::format("GPU {} is left out: {}", i, entries.error().message));
      continue;
    }
    for (const Entry& entry : *entries) {
      const Result<GpuUse> asked = api_->use_of(entry.handle);
      const GpuUse use = asked.ok() ? *asked : GpuUse{};
      list.devices.push_back({entry.uuid,
                              text_of<kNameBytes>(api_->name, entry.handle),
                              use.memory_bytes,
                              static_cast<std::uint32_t>(use.processes.size()),
                              use.free_bytes,
                              i,
                              entry.gpu_uuid});
    }
  }
  return list;
}

std::map<std::string, Result<GpuUse>> Nvml::use_of(const std::vector<std::string>& uuids) const {
  // Told far from here, where nobody knows who said it.
  const auto said = [](const Error& error) {
    return Error{error.code, "NVML: " + error.message};
  };
  std::map<std::string, Result<GpuUse>> out;
  Error missing{Errc::kUnavailable, "NVML does not list it any more"};
  unsigned count = 0;
  if (const int code = api_->count(&count); code != kSuccess) {
    missing = said(api_->failed(code));
    count = 0;
  }
  for (unsigned i = 0; i < count; ++i) {
    const Result<std::vector<Entry>> entries = api_->entries(i);
    if (!entries.ok()) {
      missing = said(entries.error());  // one that is lost does not even tell who it is
      continue;
    }
    for (const Entry& entry : *entries) {
      if (std::find(uuids.begin(), uuids.end(), entry.uuid) != uuids.end()) {
        const Result<GpuUse> use = api_->use_of(entry.handle);
        out.emplace(entry.uuid, use.ok() ? use : Result<GpuUse>(said(use.error())));
      }
    }
  }
  for (const std::string& uuid : uuids) {
    out.emplace(uuid, missing);
  }
  return out;
}

}  // namespace sweepd::agent
