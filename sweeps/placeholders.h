// `${name}` in a command: text split into what is literal and what is replaced.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sweeps {

struct Piece {
  bool placeholder = false;
  std::string text;  // the name between the braces, or literal text in which `$$` has become `$`

  bool operator==(const Piece&) const = default;
};

// A `$` before anything but `{` and `$` is itself. Errors name the `${` that is not closed.
Result<std::vector<Piece>> split_placeholders(std::string_view text);

// Literal text as a command would have to write it: every `$` doubled.
std::string escape_placeholders(std::string_view text);

// `${outputs}`, `${logs}`, `${env.NAME}`: replaced on the agent, which alone knows them.
bool is_agent_placeholder(std::string_view name);

}  // namespace sweepd::sweeps
