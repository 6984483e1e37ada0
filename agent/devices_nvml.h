// NVIDIA's management library, loaded while the program runs: a box without it needs none.
#pragma once

#include "agent/devices.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sweepd::agent {

// What is on a GPU now.
struct GpuUse {
  std::uint64_t memory_bytes = 0;  // 0: it does not tell, nor what is free of it
  std::uint64_t free_bytes = 0;
  std::vector<std::uint32_t> processes = {};  // that compute on it, ascending; a desktop does not

  bool operator==(const GpuUse&) const = default;
};

// The library, started. Every call may take a tenth of a second, and one that meets a driver in
// trouble any time; all calls from one thread at a time.
class Nvml {
 public:
  // kNotFound without the library, kUnavailable when it does not start.
  static Result<Nvml> open(const std::string& path);

  ~Nvml();
  Nvml(Nvml&&) noexcept;
  Nvml& operator=(Nvml&&) noexcept;

  DeviceList list() const;

  // What is on each of the GPUs, or the library's own error. GPUs of no interest are not asked
  // what is on them, so that one that is lost harms no other.
  std::map<std::string, Result<GpuUse>> use_of(const std::vector<std::string>& uuids) const;

 private:
  struct Api;
  explicit Nvml(std::unique_ptr<Api> api);
  std::unique_ptr<Api> api_;
};

}  // namespace sweepd::agent
