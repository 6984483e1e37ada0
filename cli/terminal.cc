// The reading of isatty, ioctl and the environment, and the escape sequences of colours.
#include "cli/terminal.h"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace sweepd::cli {

namespace {

bool names_utf8(const char* locale) {
  if (locale == nullptr) {
    return false;
  }
  std::string text = locale;
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char byte) {
    return static_cast<char>(std::tolower(byte));
  });
  return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
}

// 0 where the text is no width.
std::size_t columns_of(const char* text) {
  constexpr std::size_t kMost = 10'000;
  std::size_t columns = 0;
  if (text == nullptr) {
    return 0;
  }
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, columns);
  return error == std::errc() && stop == end && columns <= kMost ? columns : 0;
}

const char* first_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (value != nullptr && *value != '\0') {
      return value;
    }
  }
  return nullptr;
}

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kWarn:
      return "\x1b[33m";
    case Style::kActive:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

TerminalVariables terminal_variables() {
  // NOLINTBEGIN(concurrency-mt-unsafe): nothing of ours sets variables
  return {std::getenv("NO_COLOR"),
          std::getenv("CLICOLOR_FORCE"),
          std::getenv("TERM"),
          std::getenv("COLUMNS"),
          first_locale()};
  // NOLINTEND(concurrency-mt-unsafe)
}

Terminal describe_terminal(bool tty, const TerminalVariables& variables) {
  const auto set = [](const char* value) {
    return value != nullptr && *value != '\0';
  };
  const bool dumb = set(variables.term) && std::strcmp(variables.term, "dumb") == 0;
  const bool forced =
      set(variables.clicolor_force) && std::strcmp(variables.clicolor_force, "0") != 0;
  Terminal terminal;
  terminal.tty = tty;
  terminal.color = !set(variables.no_color) && (forced || (tty && !dumb));
  terminal.unicode = !dumb && names_utf8(variables.locale);
  terminal.width = tty ? columns_of(variables.columns) : 0;
  return terminal;
}

Terminal terminal_of(int fd) {
  Terminal terminal = describe_terminal(::isatty(fd) == 1, terminal_variables());
  if (terminal.tty) {
    winsize size{};
    const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    terminal.width = terminal.width > 0 ? terminal.width : known ? size.ws_col : 80;
    terminal.height = known && size.ws_row > 0 ? size.ws_row : 24;
  }
  return terminal;
}

std::string styled(std::string_view text, Style style, const Terminal& terminal) {
  if (!terminal.color || style == Style::kPlain || text.empty()) {
    return std::string(text);
  }
  return fmt::format("{}{}\x1b[0m", escape_of(style), text);
}

Style state_style(std::string_view state) {
  struct Entry {
    std::string_view state;
    Style style;
  };

  static constexpr std::array<Entry, 14> kStyles = {{{"running", Style::kActive},
                                                     {"preparing", Style::kActive},
                                                     {"finishing", Style::kActive},
                                                     {"stopping", Style::kWarn},
                                                     {"ending", Style::kWarn},
                                                     {"paused", Style::kWarn},
                                                     {"suspect", Style::kWarn},
                                                     {"pruned", Style::kWarn},
                                                     {"completed", Style::kGood},
                                                     {"connected", Style::kGood},
                                                     {"failed", Style::kBad},
                                                     {"lost", Style::kBad},
                                                     {"cancelled", Style::kDim},
                                                     {"queued", Style::kDim}}};
  for (const Entry& entry : kStyles) {
    if (entry.state == state) {
      return entry.style;
    }
  }
  return Style::kPlain;
}

}  // namespace sweepd::cli
