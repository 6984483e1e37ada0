// Text of unknown encoding made fit to be sent as text.
#pragma once

#include <string>
#include <string_view>

namespace sweepd::daemon {

// The text with every byte that is no part of valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace sweepd::daemon
