// Typed reading of one table: each key's value lands in a field, or a fault says what it must be.
#pragma once

#include "base/time.h"
#include "sweeps/diagnostics.h"
#include "sweeps/toml_tree.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sweeps {

// A word that a key may have.
template <typename Enum>
struct Word {
  std::string_view text;
  std::optional<Enum> value;  // empty: not available in this version
};

struct CountBounds {
  std::int64_t low = 0;
  std::int64_t high = std::numeric_limits<std::uint32_t>::max();
};

// All readers leave the field as it is when the key is absent or at fault.
class Fields {
 public:
  // table: null when the file does not have it
  Fields(const TomlTable* table, Faults& faults) : table_(table), faults_(faults) {}

  const TomlEntry* find(std::string_view key) const {
    return table_ == nullptr ? nullptr : find_entry(*table_, key);
  }

  void text(std::string_view key, std::string& out) const;
  void texts(std::string_view key, std::vector<std::string>& out) const;  // a list, or one text
  void flag(std::string_view key, bool& out) const;
  void count(std::string_view key, std::uint32_t& out, CountBounds bounds = {}) const;
  void count(std::string_view key,
             std::optional<std::uint32_t>& out,
             CountBounds bounds = {}) const;
  void number(std::string_view key, double& out) const;
  void number(std::string_view key, std::optional<double>& out) const;
  void duration(std::string_view key, Duration& out) const;
  void duration(std::string_view key, std::optional<Duration>& out) const;
  // An integer in bounds; empty when absent or at fault.
  std::optional<std::int64_t> integer(std::string_view key, CountBounds bounds) const;

  template <typename Enum>
  void word(std::string_view key, Enum& out, const std::vector<Word<Enum>>& words) const {
    std::vector<KnownWord> known;
    for (const Word<Enum>& each : words) {
      known.push_back({each.text, each.value.has_value()});
    }
    if (const auto index = word_index(key, known)) {
      out = *words[*index].value;
    }
  }

  Faults& faults() const { return faults_; }

 private:
  struct KnownWord {
    std::string_view text;
    bool available;
  };

  std::optional<std::size_t> word_index(std::string_view key,
                                        const std::vector<KnownWord>& known) const;

  const TomlTable* table_;
  Faults& faults_;
};

// "`trials` must be a whole number, not text"
void wrong_kind(const TomlEntry& entry, std::string_view wanted, std::string help, Faults& faults);

// The text of a value that a program or a file name can hold; says so when it is none.
std::optional<std::string> plain_text(const TomlValue& value, std::string_view key, Faults& faults);

// A finite number, whole or not; empty for anything else.
std::optional<double> as_number(const TomlValue& value);

}  // namespace sweepd::sweeps
