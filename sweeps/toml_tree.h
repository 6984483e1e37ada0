// A TOML document as plain data: entries in file order, every part with its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sweepd::sweeps {

// Where a part stands: in the sweep file (origin 0) or in the n-th override.
struct Place {
  std::uint32_t origin = 0;
  std::uint32_t line = 0;    // 1, 2, …; 0: the document as a whole
  std::uint32_t column = 0;  // 1, 2, … in bytes
  std::uint32_t length = 1;  // in bytes, on this line
};

struct TomlValue;
struct TomlEntry;

struct TomlTable {
  std::vector<TomlEntry> entries;
  bool is_inline = false;  // written in braces
};

struct TomlArray {
  std::vector<TomlValue> items;
};

struct TomlDate {};  // of any kind; no key of a sweep file takes one

using TomlData =
    std::variant<bool, std::int64_t, double, std::string, TomlDate, TomlArray, TomlTable>;

struct TomlValue {
  Place place;
  TomlData data;
};

struct TomlEntry {
  std::string key;
  Place place;  // of the key
  TomlValue value;
};

// The entry with this key; null when there is none.
const TomlEntry* find_entry(const TomlTable& table, std::string_view key);
TomlEntry* find_entry(TomlTable& table, std::string_view key);

// "text", "a whole number", "a list" …, for messages.
std::string_view kind_name(const TomlValue& value);

// The place of some bytes of the text that a value holds, where it is written on one line; else the
// value's own.
struct TextPart {
  std::size_t begin = 0;  // of the text as read, without quotes and escapes
  std::size_t length = 1;
};

Place place_of_part(const Place& value, std::string_view text, TextPart part);

// The place of `needle` inside the written form of a value; the value's own place when it is not
// found.
Place place_within(const Place& value, std::string_view text, std::string_view needle);

}  // namespace sweepd::sweeps
