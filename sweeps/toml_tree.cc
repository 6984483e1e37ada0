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

namespace {

// The written form of a value of the file, as far as its first line goes; empty when it has none.
std::string_view written_form(const Place& value, std::string_view text) {
  if (value.origin != 0 || value.line == 0) {
    return {};
  }
  std::size_t line_begin = 0;
  for (std::uint32_t line = 1; line < value.line; ++line) {
    const std::size_t newline = text.find('\n', line_begin);
    if (newline == std::string_view::npos) {
      return {};
    }
    line_begin = newline + 1;
  }
  const std::size_t line_end = std::min(text.find('\n', line_begin), text.size());
  const std::string_view line = text.substr(line_begin, line_end - line_begin);
  return line.substr(std::min<std::size_t>(value.column - 1, line.size()), value.length);
}

// How many bytes an escape of a basic string is written in, and how many it stands for.
struct Escape {
  std::size_t written = 1;
  std::size_t read = 1;
};

Escape escape_at(std::string_view written) {
  if (written.size() < 2 || written[0] != '\\') {
    return {};
  }
  if (written[1] != 'u' && written[1] != 'U') {
    return {2, 1};
  }
  const std::size_t digits = written[1] == 'u' ? 4 : 8;
  std::uint32_t point = 0;
  for (const char digit : written.substr(2, digits)) {
    const bool decimal = digit >= '0' && digit <= '9';
    point =
        point * 16 + static_cast<std::uint32_t>(decimal ? digit - '0' : (digit | 0x20) - 'a' + 10);
  }
  return {2 + digits, point < 0x80U ? 1U : point < 0x800U ? 2U : point < 0x10000U ? 3U : 4U};
}

}  // namespace

Place place_of_part(const Place& value, std::string_view text, TextPart part) {
  const std::string_view written = written_form(value, text);
  const bool quoted = written.size() >= 2 && (written[0] == '"' || written[0] == '\'') &&
                      written.back() == written[0];
  if (!quoted || written.substr(1, 2) == std::string(2, written[0])) {
    return value;
  }
  const auto offset_of = [&](std::size_t byte) {
    std::size_t at = 1;
    for (std::size_t read = 0; at + 1 < written.size() && read < byte;) {
      const Escape escape = written[0] == '"' ? escape_at(written.substr(at)) : Escape{};
      read += escape.read;
      at += escape.written;
    }
    return at;
  };
  const std::size_t begin = offset_of(part.begin);
  const std::size_t end = offset_of(part.begin + part.length);
  Place place = value;
  place.column += static_cast<std::uint32_t>(begin);
  place.length = static_cast<std::uint32_t>(std::max<std::size_t>(end - begin, 1));
  return place;
}

Place place_within(const Place& value, std::string_view text, std::string_view needle) {
  const std::size_t found =
      needle.empty() ? std::string_view::npos : written_form(value, text).find(needle);
  if (found == std::string_view::npos) {
    return value;
  }
  Place place = value;
  place.column += static_cast<std::uint32_t>(found);
  place.length = static_cast<std::uint32_t>(needle.size());
  return place;
}

}  // namespace sweepd::sweeps
