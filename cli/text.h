// Text in columns of a terminal: its width, cutting, padding, and what must not reach a screen.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::cli {

// The number of columns that UTF-8 text takes: 0 for combining marks, 2 for East Asian wide
// characters and emoji, 1 for a byte that is no UTF-8. Text without escape sequences.
std::size_t display_width(std::string_view text);

// The text in at most `width` columns; cut text ends in `…` (or `~` without Unicode).
std::string truncated(std::string_view text, std::size_t width, bool unicode);

enum class Align { kLeft, kRight };

// Spaces added up to `width` columns; longer text stays as it is.
std::string padded(std::string_view text, std::size_t width, Align align);

// Names and sentences for one line of a screen: control characters, newlines among them, and bytes
// that are no UTF-8 become visible escapes (`\x1b`), so that no name can drive a terminal.
std::string printable(std::string_view text);

// Log text for a terminal: as above, but newlines and tabs stay and a carriage return begins a new
// line.
std::string printable_log(std::string_view text);

// One of the lines that tell about a thing: "  name      text"; nothing where the text is empty.
std::string fact(std::string_view name, const std::string& text);

// "a,b" as "a", "b"; empty parts are left out.
std::vector<std::string> split_at_commas(const std::string& text);

// The argument as a POSIX shell would have to be given it; bare where that is safe.
std::string shell_quoted(std::string_view argument);

}  // namespace sweepd::cli
