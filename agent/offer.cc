// Which slots this box offers.
#include "agent/offer.h"

#include "agent/utf8.h"
#include "base/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace sweepd::agent {

namespace {

constexpr std::size_t kMoreBytes = 16;  // "; and 1234 more"

// The longest beginning of the text with at most so many bytes that is UTF-8 as the whole is.
std::string cut(const std::string& text, std::size_t bytes) {
  std::size_t end = std::min(text.size(), bytes);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end);
}

}  // namespace

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

std::vector<SlotGpu> slot_gpus_of(const std::vector<Device>& devices) {
  std::vector<SlotGpu> gpus;
  for (const Device& device : devices) {
    gpus.push_back({static_cast<std::uint32_t>(gpus.size()), device.number, as_utf8(device.uuid)});
  }
  return gpus;
}

std::string withheld_label(const std::string& shortage, const std::vector<std::string>& gpus) {
  std::vector<std::string> sentences = gpus;
  if (!shortage.empty()) {
    sentences.insert(sentences.begin(), shortage);
  }
  constexpr std::size_t kRoom = limits::kNameBytesMax - kMoreBytes;
  std::string label;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const std::string next = as_utf8(sentences[i]);
    if (i > 0 && label.size() + next.size() + 2 > kRoom) {
      return label + fmt::format("; and {} more", sentences.size() - i);
    }
    label += i == 0 ? cut(next, kRoom) : "; " + next;
  }
  return label;
}

}  // namespace sweepd::agent
