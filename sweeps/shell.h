// The quoting rules of /bin/sh: splitting a command without a shell, and quoting values for one.
#pragma once

#include <string>
#include <string_view>

namespace sweepd::sweeps {

// What surrounds a place in a line for the shell.
enum class ShellQuote { kNone, kSingle, kDouble };

// The state after `text`, given the state before it.
ShellQuote quote_after(ShellQuote before, std::string_view text);

// The value written so that the shell reads it back unchanged at a place with this quoting.
std::string quote_for_shell(std::string_view value, ShellQuote around);

// The first operator (`|`, `&&`, `>`, `;`, …) that stands unquoted in the line; empty when there is
// none.
std::string_view shell_operator(std::string_view line);

}  // namespace sweepd::sweeps
