// Which of the box's GPUs are the agent's to offer.
#include "agent/gpu_mask.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

namespace sweepd::agent {

namespace {

using Chosen = std::set<std::size_t>;  // places in the list of devices

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  const auto last = text.find_last_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first, last - first + 1);
}

// "2, 3" -> "2", "3"; nothing of an empty text.
std::vector<std::string_view> entries_of(std::string_view list) {
  std::vector<std::string_view> out;
  while (!trimmed(list).empty()) {
    const std::size_t comma = list.find(',');
    out.push_back(trimmed(list.substr(0, comma)));
    list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
  }
  return out;
}

std::optional<std::uint32_t> as_number(std::string_view entry) {
  std::uint32_t number = 0;
  const char* end = entry.data() + entry.size();
  const auto read = std::from_chars(entry.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

bool is_uuid(std::string_view entry) {
  return entry.starts_with("GPU-") || entry.starts_with("MIG-");
}

// "0:1": slice 1 of GPU 0, as containers are given it.
bool is_numbered_slice(std::string_view entry) {
  return entry.find(':') != std::string_view::npos;
}

// The UUID of the whole GPU.
const std::string& gpu_of(const Device& device) {
  return device.gpu_uuid.empty() ? device.uuid : device.gpu_uuid;
}

// The one GPU or slice that the entry names; nothing where it names none, or may mean several.
Chosen named_by(std::string_view entry, const std::vector<Device>& devices) {
  const std::optional<std::uint32_t> number = as_number(entry);
  const bool uuid = is_uuid(entry);
  Chosen found;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Device& device = devices[i];
    const std::string& gpu = gpu_of(device);
    const bool itself = uuid && device.uuid.starts_with(entry);
    if (itself || number == device.number || (uuid && gpu.starts_with(entry))) {
      found.insert(i);
      names.insert(itself ? device.uuid : gpu);
    }
  }
  return names.size() == 1 ? found : Chosen();
}

bool ends_list(std::string_view entry) {
  return entry == "-1" || entry == "NoDevFiles";
}

Chosen every_place(const std::vector<Device>& devices) {
  Chosen all;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    all.insert(i);
  }
  return all;
}

// What a variable leaves, and what is to be said of how it was read.
struct Mask {
  std::string_view variable;
  std::string_view value;
  Chosen left = {};
  std::vector<std::string> notes = {};
};

void read_list(Mask& mask, const std::vector<Device>& devices) {
  for (const std::string_view entry : entries_of(mask.value)) {
    if (ends_list(entry)) {
      return;
    }
    const Chosen named = named_by(entry, devices);
    if (named.empty()) {
      mask.notes.push_back(
          fmt::format("{}={}: '{}' is not the name of one GPU here, and the list ends at it, as "
                      "CUDA reads it",
                      mask.variable,
                      mask.value,
                      entry));
      return;
    }
    mask.left.insert(named.begin(), named.end());
  }
}

Mask read_cuda(std::string_view value, const std::vector<Device>& devices) {
  Mask mask{"CUDA_VISIBLE_DEVICES", value};
  read_list(mask, devices);
  return mask;
}

// Whether this is a container that shows just what the list names: its numbers are those of the
// host then, and mean nothing in here. UUIDs are the same everywhere.
bool shows_just(const std::vector<std::string_view>& entries, const std::vector<Device>& devices) {
  if (std::all_of(entries.begin(), entries.end(), is_uuid)) {
    return false;
  }
  std::set<std::string_view> gpus;
  for (const Device& device : devices) {
    gpus.insert(gpu_of(device));
  }
  const bool slices = std::any_of(entries.begin(), entries.end(), is_numbered_slice);
  return (slices ? devices.size() : gpus.size()) <= entries.size();
}

void read_entry(Mask& mask, std::string_view entry, const std::vector<Device>& devices) {
  const Chosen named = named_by(entry, devices);
  mask.left.insert(named.begin(), named.end());
  if (named.empty()) {
    mask.notes.push_back(fmt::format(
        "{}={}: '{}' {}",
        mask.variable,
        mask.value,
        entry,
        is_numbered_slice(entry)
            ? "names a slice by its number, which is not understood: name it by its UUID"
            : "is not the name of one GPU here, and is passed over"));
  }
}

Mask read_nvidia(std::string_view value, const std::vector<Device>& devices) {
  Mask mask{"NVIDIA_VISIBLE_DEVICES", value};
  const std::string_view word = trimmed(value);
  const std::vector<std::string_view> entries = entries_of(word);
  if (word == "none" || ends_list(word)) {
    return mask;
  }
  if (word.empty() || word == "all" || word == "void" || shows_just(entries, devices)) {
    mask.left = every_place(devices);
    return mask;
  }
  for (const std::string_view entry : entries) {
    read_entry(mask, entry, devices);
  }
  if (mask.left.empty()) {
    mask.notes.push_back(
        fmt::format("{}={} names no GPU here, and is ignored", mask.variable, mask.value));
    mask.left = every_place(devices);
  }
  return mask;
}

// "left out by CUDA_VISIBLE_DEVICES=2: GPU 0 (GPU-8932f937), GPU 1 (GPU-01234567)"
void tell_left_out(Mask& mask, const std::vector<Device>& devices) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (!mask.left.contains(i)) {
      names.push_back(gpu_text(devices[i].number, devices[i].uuid));
    }
  }
  if (!names.empty()) {
    mask.notes.push_back(
        fmt::format("left out by {}={}: {}", mask.variable, mask.value, fmt::join(names, ", ")));
  }
}

}  // namespace

MaskedDevices masked(std::vector<Device> devices, const GpuMasks& masks) {
  std::vector<Mask> read;
  if (masks.nvidia) {
    read.push_back(read_nvidia(*masks.nvidia, devices));
  }
  if (masks.cuda) {
    read.push_back(read_cuda(*masks.cuda, devices));
  }
  MaskedDevices out;
  for (Mask& mask : read) {
    tell_left_out(mask, devices);
    out.notes.insert(out.notes.end(), mask.notes.begin(), mask.notes.end());
  }
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (std::all_of(
            read.begin(), read.end(), [i](const Mask& mask) { return mask.left.contains(i); })) {
      out.devices.push_back(devices[i]);
    }
  }
  return out;
}

}  // namespace sweepd::agent
