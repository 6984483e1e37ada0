// Keys that come from elsewhere than their table: from the top of the file, or from the command
// line.
#include "sweeps/sweep_file_parts.h"
#include "sweeps/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::sweeps {
namespace {

struct TopKey {
  std::string_view key;
  std::string_view table;
};

constexpr TopKey kTopKeys[] = {{"metric", "sweep"}, {"command", "run"}};

const TopKey* find_top_key(std::string_view key) {
  for (const TopKey& each : kTopKeys) {
    if (each.key == key) {
      return &each;
    }
  }
  return nullptr;
}

// The entry, made when it is not there.
TomlEntry& entry_of(TomlTable& table, const std::string& key, const Place& place) {
  if (TomlEntry* found = find_entry(table, key)) {
    return *found;
  }
  table.entries.push_back({key, place, {place, TomlTable{}}});
  return table.entries.back();
}

void set_place(TomlValue& value, const Place& place) {
  value.place = place;
  // Parts of the value stand in the override as well.
  std::vector<TomlValue*> pending{&value};
  while (!pending.empty()) {
    TomlValue* each = pending.back();
    pending.pop_back();
    each->place = place;
    if (auto* list = std::get_if<TomlArray>(&each->data)) {
      for (TomlValue& item : list->items) {
        pending.push_back(&item);
      }
    } else if (auto* table = std::get_if<TomlTable>(&each->data)) {
      for (TomlEntry& entry : table->entries) {
        entry.place = place;
        pending.push_back(&entry.value);
      }
    }
  }
}

void set_path(TomlTable& root,
              const std::vector<std::string>& path,
              TomlValue value,
              const Place& place,
              Faults& faults) {
  TomlTable* table = &root;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    TomlEntry& entry = entry_of(*table, path[i], place);
    table = std::get_if<TomlTable>(&entry.value.data);
    if (table == nullptr) {
      faults.error(place, fmt::format("`{}` is not a table", path[i]));
      return;
    }
  }
  TomlEntry& entry = entry_of(*table, path.back(), place);
  entry.place = place;
  entry.value = std::move(value);
}

}  // namespace

void lift_top_keys(TomlTable& root, Faults& faults) {
  for (const TopKey& top : kTopKeys) {
    const auto found = std::find_if(root.entries.begin(),
                                    root.entries.end(),
                                    [&](const TomlEntry& entry) { return entry.key == top.key; });
    if (found == root.entries.end()) {
      continue;
    }
    TomlEntry lifted = std::move(*found);
    root.entries.erase(found);
    TomlEntry& home = entry_of(root, std::string(top.table), lifted.place);
    auto* table = std::get_if<TomlTable>(&home.value.data);
    if (table == nullptr) {
      continue;  // the schema says that it must be a table
    }
    if (const TomlEntry* twice = find_entry(*table, top.key)) {
      faults.error(twice->place,
                   fmt::format("`{}` is given twice", top.key),
                   fmt::format("the first one is on line {}", lifted.place.line));
      continue;
    }
    table->entries.insert(table->entries.begin(), std::move(lifted));
  }
}

void apply_overrides(const std::vector<std::pair<std::string, std::string>>& overrides,
                     TomlTable& root,
                     Faults& faults) {
  std::uint32_t number = 0;
  for (const auto& [key, text] : overrides) {
    Place place;
    place.origin = ++number;
    auto path = read_key_path(key);
    if (!path) {
      faults.error(place, fmt::format("`{}` is not a key", key), "write --set search.trials=5");
      continue;
    }
    if (path->size() == 1) {
      if (const TopKey* top = find_top_key(path->front())) {
        path->insert(path->begin(), std::string(top->table));
      }
    }
    TomlValue value = read_override_value(text);
    set_place(value, place);
    set_path(root, *path, std::move(value), place, faults);
  }
}

}  // namespace sweepd::sweeps
