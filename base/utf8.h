// UTF-8: what is it, and text of unknown encoding made fit to be sent as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sweepd {

// A code point and the bytes that spell it; 0 bytes: none is spelled there.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

// The code point at the front of the text. Overlong spellings, surrogates, points past U+10FFFF,
// sequences cut off and the empty text are none.
CodePoint first_code_point(std::string_view text);

bool is_utf8(std::string_view text);

// The text with every byte that is no part of UTF-8 replaced, by U+FFFD unless told otherwise. One
// such byte in a `string` field would make the whole message unreadable.
std::string valid_utf8(std::string_view text, std::string_view replacement = "\xEF\xBF\xBD");

}  // namespace sweepd
