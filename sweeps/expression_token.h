// The words of an expression: literals, names, operators and brackets with their places.
#pragma once

#include "base/result.h"
#include "sweeps/value.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sweeps {

struct Token {
  enum class Kind { kLiteral, kName, kSymbol, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;  // as written; of a name without its backticks, of a word operator the word
  Value value;       // kLiteral
  std::size_t column = 0;  // 1, 2, … in bytes
  std::size_t length = 0;  // as written, in bytes
};

// The tokens of the text, the last of kind kEnd. `and`, `or`, `not` and `in` are symbols.
Result<std::vector<Token>> tokens_of(std::string_view text);

// How long the token is that begins at this column; 1 where none does, or the text has no tokens.
std::size_t token_length(std::string_view text, std::size_t column);

}  // namespace sweepd::sweeps
