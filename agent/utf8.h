// Text of unknown origin made fit for the `string` fields of messages.
#pragma once

#include <string>
#include <string_view>

namespace sweepd::agent {

// The text with a question mark for every byte that is not part of UTF-8. One such byte would make
// the whole message unreadable, and what it says would never arrive.
std::string as_utf8(std::string_view text);

}  // namespace sweepd::agent
