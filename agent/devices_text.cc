// The GPUs of a box for people and for programs.
#include "agent/devices_text.h"

#include "base/counted.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sweepd::agent {

std::string devices_text(const DeviceList& list) {
  std::string text;
  for (const Device& device : list.devices) {
    text += fmt::format("{}  {}  {}  {} MiB, {} free  {}\n",
                        device.number,
                        device.uuid,
                        device.name,
                        device.memory_bytes >> 20U,
                        device.free_bytes >> 20U,
                        counted(device.processes, "process", "processes"));
  }
  return text;
}

std::string devices_json(const DeviceList& list) {
  using Json = nlohmann::ordered_json;
  Json out = {{"driver", list.driver}, {"devices", Json::array()}};
  for (const Device& device : list.devices) {
    out["devices"].push_back({{"uuid", device.uuid},
                              {"name", device.name},
                              {"memory_bytes", device.memory_bytes},
                              {"processes", device.processes},
                              {"free_bytes", device.free_bytes},
                              {"number", device.number}});
  }
  out["notes"] = list.notes;
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sweepd::agent
