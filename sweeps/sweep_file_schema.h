// Which tables and keys a sweep file may have, in this version and in a later one.
#pragma once

#include "sweeps/diagnostics.h"
#include "sweeps/toml_tree.h"

namespace sweepd::sweeps {

// Reports tables and keys that nobody knows (with the nearest that somebody does), and those that
// this version does not support yet. `[space]` has keys of its own and is left to its reader.
void check_schema(const TomlTable& root, Faults& faults);

}  // namespace sweepd::sweeps
