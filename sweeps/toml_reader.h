// TOML text -> tree in file order, with every syntax fault that can be told apart, in words for
// people.
#pragma once

#include "sweeps/diagnostics.h"
#include "sweeps/toml_tree.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sweepd::sweeps {

// What could be read. Statements with a fault are reported and left out; the faults then know that
// a part is missing.
TomlTable read_toml(std::string_view text, Faults& faults);

// The value of an override: TOML where it is TOML (`5`, `"a b"`, `[1, 2]`), else the text as it is.
TomlValue read_override_value(std::string_view text);

// `search.trials`, `space."optim.lr"`: the keys on the way; empty when it is none.
std::optional<std::vector<std::string>> read_key_path(std::string_view text);

}  // namespace sweepd::sweeps
