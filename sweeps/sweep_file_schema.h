// Which tables and keys a sweep file may have, in this version and in a later one.
#pragma once

#include "sweeps/diagnostics.h"
#include "sweeps/toml_tree.h"

#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sweeps {

// A table of this version and the keys that it takes; `[space]` is not among them.
struct TableKeys {
  std::string_view table;
  std::vector<std::string_view> keys;
};

std::vector<TableKeys> accepted_keys();

// Reports tables and keys that nobody knows (with the nearest that somebody does), and those that
// this version does not support yet. `[space]` has keys of its own and is left to its reader.
// Returns what the unknown ones stand for, where that can be told: "run.command", "space".
std::vector<std::string> check_schema(const TomlTable& root, Faults& faults);

}  // namespace sweepd::sweeps
