// Which slots this box offers.
#include "agent/offer.h"

#include "agent/utf8.h"

namespace sweepd::agent {

std::vector<pb::Slot> slots_of(const std::vector<Device>& devices, const CpuOffer& cpus) {
  std::vector<pb::Slot> slots;
  const auto add = [&slots](pb::SlotKind kind) -> pb::Slot& {
    pb::Slot& slot = slots.emplace_back();
    slot.set_index(static_cast<std::uint32_t>(slots.size() - 1));
    slot.set_kind(kind);
    return slot;
  };
  for (const Device& device : devices) {
    pb::Slot& slot = add(pb::GPU);
    slot.set_uuid(as_utf8(device.uuid));
    slot.set_name(as_utf8(device.name));
    slot.set_memory_bytes(device.memory_bytes);
  }
  const std::uint32_t count = cpus.slots.value_or(devices.empty() ? 1 : 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    add(pb::CPU).set_name(as_utf8(cpus.model));
  }
  return slots;
}

}  // namespace sweepd::agent
