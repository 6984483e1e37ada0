// Text of unknown origin made fit for the `string` fields of messages.
#pragma once

#include "base/utf8.h"

#include <string>
#include <string_view>

namespace sweepd::agent {

// The text with a question mark for every byte that is not part of UTF-8: names of devices and
// boxes are typed again by people, and a question mark is on every keyboard.
inline std::string as_utf8(std::string_view text) {
  return valid_utf8(text, "?");
}

}  // namespace sweepd::agent
