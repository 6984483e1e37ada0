// What the other end of an output stream can show: a terminal or a pipe, its size, colour, Unicode.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

namespace sweepd::cli {

// The defaults are those of a pipe.
struct Terminal {
  bool tty = false;
  bool color = false;
  bool unicode = false;   // may draw with block and braille characters
  std::size_t width = 0;  // columns; 0: without a limit
  std::size_t height = 0;
};

// The environment variables that decide, as a value so that a test can give its own. Null: not set.
struct TerminalVariables {
  const char* no_color = nullptr;
  const char* clicolor_force = nullptr;
  const char* term = nullptr;
  const char* columns = nullptr;
  const char* locale = nullptr;  // LC_ALL, LC_CTYPE or LANG, the first that is set and not empty
};

TerminalVariables terminal_variables();

// NO_COLOR (any text) switches colour off, CLICOLOR_FORCE (any but "0") on even in a pipe; NO_COLOR
// wins. COLUMNS, where it is a number, is the width of a terminal; a pipe has none.
Terminal describe_terminal(bool tty, const TerminalVariables& variables);

// The terminal behind a file descriptor, with its size of this moment.
Terminal terminal_of(int fd);

enum class Style { kPlain, kBold, kDim, kGood, kBad, kWarn, kActive };

// The text between the escape sequences of the style; the text alone without colour.
std::string styled(std::string_view text, Style style, const Terminal& terminal);

// The style that the state of a sweep, trial, attempt or agent is shown in.
Style state_style(std::string_view state);

// Where a command writes. stdout is data, stderr is talk.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Terminal out_terminal;
  Terminal err_terminal;
};

}  // namespace sweepd::cli
