// The known word that a mistyped one most likely meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd {

// The word of `known` with the fewest typing errors (a letter missing, added, replaced, or two
// neighbours swapped; case and `-` against `_` count nothing) from `word`, the first of several.
// Empty when even that is too far to be what was meant: more than one error per three letters.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace sweepd
