// Typed reading of one table, and the messages when the type is wrong.
#include "sweeps/sweep_file_fields.h"

#include "base/nearest.h"
#include "sweeps/foreign_words.h"
#include "sweeps/units.h"
#include "sweeps/value.h"

#include <fmt/format.h>

#include <cmath>

namespace sweepd::sweeps {

void wrong_kind(const TomlEntry& entry, std::string_view wanted, std::string help, Faults& faults) {
  faults.error(entry.value.place,
               fmt::format("`{}` must be {}, not {}", entry.key, wanted, kind_name(entry.value)),
               std::move(help));
}

namespace {

bool is_scalar(const TomlValue& value) {
  return !std::holds_alternative<TomlArray>(value.data) &&
         !std::holds_alternative<TomlTable>(value.data);
}

}  // namespace

std::optional<double> as_number(const TomlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.data)) {
    return static_cast<double>(*integer);
  }
  const auto* real = std::get_if<double>(&value.data);
  return real != nullptr && std::isfinite(*real) ? std::optional(*real) : std::nullopt;
}

std::optional<std::string> plain_text(const TomlValue& value,
                                      std::string_view key,
                                      Faults& faults) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) {
    faults.error(value.place,
                 fmt::format("`{}` must be text, not {}", key, kind_name(value)),
                 is_scalar(value) ? "put it in quotes" : "");
    return std::nullopt;
  }
  if (text->find('\0') != std::string::npos) {
    faults.error(
        value.place, fmt::format("`{}` holds a zero byte", key), "no program can be given one");
    return std::nullopt;
  }
  return *text;
}

void Fields::text(std::string_view key, std::string& out) const {
  const TomlEntry* entry = find(key);
  if (entry == nullptr) {
    return;
  }
  if (auto text = plain_text(entry->value, key, faults_)) {
    out = std::move(*text);
  }
}

void Fields::texts(std::string_view key, std::vector<std::string>& out) const {
  const TomlEntry* entry = find(key);
  if (entry == nullptr) {
    return;
  }
  std::vector<std::string> texts;
  if (std::holds_alternative<std::string>(entry->value.data)) {
    texts.emplace_back();
    text(key, texts.back());
  } else if (const auto* list = std::get_if<TomlArray>(&entry->value.data)) {
    for (const TomlValue& item : list->items) {
      texts.push_back(plain_text(item, key, faults_).value_or(""));
    }
  } else {
    wrong_kind(*entry, "a list of texts", fmt::format("write {} = [\"…\"]", key), faults_);
    return;
  }
  out = std::move(texts);
}

void Fields::flag(std::string_view key, bool& out) const {
  const TomlEntry* entry = find(key);
  if (entry == nullptr) {
    return;
  }
  if (const auto* boolean = std::get_if<bool>(&entry->value.data)) {
    out = *boolean;
  } else {
    wrong_kind(*entry, "true or false", "", faults_);
  }
}

std::optional<std::int64_t> Fields::integer(std::string_view key, CountBounds bounds) const {
  const TomlEntry* entry = find(key);
  if (entry == nullptr) {
    return std::nullopt;
  }
  const auto* integer = std::get_if<std::int64_t>(&entry->value.data);
  if (integer == nullptr) {
    wrong_kind(*entry, "a whole number", "", faults_);
    return std::nullopt;
  }
  if (*integer < bounds.low || *integer > bounds.high) {
    const bool below = *integer < bounds.low;
    faults_.error(entry->value.place,
                  fmt::format("`{}` must be at {} {}, got {}",
                              key,
                              below ? "least" : "most",
                              below ? bounds.low : bounds.high,
                              *integer));
    return std::nullopt;
  }
  return *integer;
}

void Fields::count(std::string_view key, std::uint32_t& out, CountBounds bounds) const {
  if (const auto value = integer(key, bounds)) {
    out = static_cast<std::uint32_t>(*value);
  }
}

void Fields::count(std::string_view key,
                   std::optional<std::uint32_t>& out,
                   CountBounds bounds) const {
  if (const auto value = integer(key, bounds)) {
    out = static_cast<std::uint32_t>(*value);
  }
}

void Fields::number(std::string_view key, std::optional<double>& out) const {
  const TomlEntry* entry = find(key);
  if (entry == nullptr) {
    return;
  }
  const auto value = as_number(entry->value);
  if (value) {
    out = *value;
  } else {
    wrong_kind(*entry, "a finite number", "", faults_);
  }
}

void Fields::number(std::string_view key, double& out) const {
  std::optional<double> value;
  number(key, value);
  out = value.value_or(out);
}

void Fields::duration(std::string_view key, std::optional<Duration>& out) const {
  const TomlEntry* entry = find(key);
  if (entry == nullptr) {
    return;
  }
  const Place& place = entry->value.place;
  if (const auto* text = std::get_if<std::string>(&entry->value.data)) {
    if (auto duration = parse_duration(*text)) {
      out = *duration;
    } else {
      faults_.error(place,
                    fmt::format("`{}`: {}", key, duration.error().message),
                    "units are ms, s, m, h, d and w: \"90s\", \"1h30m\"");
    }
  } else if (const auto number = as_number(entry->value)) {
    const auto written = std::holds_alternative<std::int64_t>(entry->value.data)
                             ? fmt::format("{}", std::get<std::int64_t>(entry->value.data))
                             : to_text(Value{*number});
    faults_.error(place,
                  fmt::format("`{}` needs a unit, got the bare number {}", key, written),
                  fmt::format("write \"{0}s\", \"{0}m\" or \"{0}h\"", written));
  } else {
    wrong_kind(*entry, "a span of time", "write it like \"45m\"", faults_);
  }
}

void Fields::duration(std::string_view key, Duration& out) const {
  std::optional<Duration> value;
  duration(key, value);
  out = value.value_or(out);
}

std::optional<std::size_t> Fields::word_index(std::string_view key,
                                              const std::vector<KnownWord>& known) const {
  const TomlEntry* entry = find(key);
  if (entry == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> available;
  std::string list;
  for (const KnownWord& word : known) {
    if (word.available) {
      available.emplace_back(word.text);
      list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", word.text);
    }
  }
  const auto* text = std::get_if<std::string>(&entry->value.data);
  if (text == nullptr) {
    wrong_kind(*entry, "text", fmt::format("one of {}", list), faults_);
    return std::nullopt;
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].text != *text) {
      continue;
    }
    if (known[i].available) {
      return i;
    }
    faults_.error(entry->value.place,
                  fmt::format("{} \"{}\" is not available in this version of sweepd", key, *text),
                  fmt::format("there {} {}", available.size() == 1 ? "is" : "are", list));
    return std::nullopt;
  }
  auto close = nearest(*text, available);
  if (const auto ours = our_value(key, *text)) {
    close = std::string(*ours);
  }
  faults_.error(
      entry->value.place,
      fmt::format("unknown {} \"{}\"", key, *text),
      close ? fmt::format("did you mean \"{}\"?", *close) : fmt::format("there are {}", list));
  return std::nullopt;
}

}  // namespace sweepd::sweeps
