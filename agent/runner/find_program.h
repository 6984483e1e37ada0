// Which program somebody meant who misspelt it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sweepd::agent {

// The program in the folders of `path` (as in $PATH) whose name is nearest to `name`. Reads the
// folders; for error messages only.
std::optional<std::string> nearest_program(std::string_view name, std::string_view path);

}  // namespace sweepd::agent
