// The few questions that are asked of a TOML tree.
#include "sweeps/toml_tree.h"

#include <algorithm>
#include <utility>

namespace sweepd::sweeps {

const TomlEntry* find_entry(const TomlTable& table, std::string_view key) {
  const auto found = std::find_if(table.entries.begin(),
                                  table.entries.end(),
                                  [key](const TomlEntry& entry) { return entry.key == key; });
  return found == table.entries.end() ? nullptr : &*found;
}

TomlEntry* find_entry(TomlTable& table, std::string_view key) {
  return const_cast<TomlEntry*>(find_entry(std::as_const(table), key));
}

std::string_view kind_name(const TomlValue& value) {
  struct Name {
    std::string_view operator()(bool) const { return "true or false"; }

    std::string_view operator()(std::int64_t) const { return "a whole number"; }

    std::string_view operator()(double) const { return "a number"; }

    std::string_view operator()(const std::string&) const { return "text"; }

    std::string_view operator()(const TomlDate&) const { return "a date or time"; }

    std::string_view operator()(const TomlArray&) const { return "a list"; }

    std::string_view operator()(const TomlTable&) const { return "a table"; }
  };

  return std::visit(Name{}, value.data);
}

Place place_within(const Place& value, std::string_view text, std::string_view needle) {
  if (value.origin != 0 || value.line == 0 || needle.empty()) {
    return value;
  }
  std::size_t line_begin = 0;
  for (std::uint32_t line = 1; line < value.line; ++line) {
    const std::size_t newline = text.find('\n', line_begin);
    if (newline == std::string_view::npos) {
      return value;
    }
    line_begin = newline + 1;
  }
  const std::size_t line_end = std::min(text.find('\n', line_begin), text.size());
  const std::string_view line = text.substr(line_begin, line_end - line_begin);
  const std::size_t found = line.find(needle, value.column - 1);
  if (found == std::string_view::npos || found + needle.size() > value.column - 1 + value.length) {
    return value;
  }
  Place place = value;
  place.column = static_cast<std::uint32_t>(found + 1);
  place.length = static_cast<std::uint32_t>(needle.size());
  return place;
}

}  // namespace sweepd::sweeps
