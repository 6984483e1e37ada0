// UTF-8 decoding with a small table of wide and zero-width ranges; locale plays no part.
#include "cli/text.h"

#include "base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace sweepd::cli {

namespace {

// A code point, or one byte that is no text.
struct Symbol {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

struct Range {
  char32_t first;
  char32_t last;
};

// The blocks that matter in names and log lines; East_Asian_Width W and F of Unicode 15, blocks
// rounded.
constexpr std::array<Range, 14> kWide = {{{0x1100, 0x115F},
                                          {0x231A, 0x231B},
                                          {0x23E9, 0x23EC},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0x9FFF},
                                          {0xA000, 0xA4CF},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0x1F300, 0x1FAFF},
                                          {0x20000, 0x3FFFD}}};

constexpr std::array<Range, 8> kZeroWidth = {{{0x0300, 0x036F},
                                              {0x0483, 0x0489},
                                              {0x0591, 0x05BD},
                                              {0x1AB0, 0x1AFF},
                                              {0x200B, 0x200F},
                                              {0x20D0, 0x20FF},
                                              {0xFE00, 0xFE0F},
                                              {0xFE20, 0xFE2F}}};

// Characters that reorder or hide text without being control characters by number.
constexpr std::array<Range, 3> kDeceptive = {
    {{0x202A, 0x202E}, {0x2066, 0x2069}, {0x2028, 0x2029}}};

template <std::size_t n>
bool within(char32_t value, const std::array<Range, n>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) {
    return value >= range.first && value <= range.last;
  });
}

Symbol first_symbol(std::string_view text) {
  const CodePoint point = first_code_point(text);
  return point.bytes == 0 ? Symbol{} : Symbol{point.value, point.bytes, true};
}

std::size_t width_of(const Symbol& symbol) {
  if (!symbol.valid) {
    return 1;
  }
  if (within(symbol.value, kZeroWidth)) {
    return 0;
  }
  return within(symbol.value, kWide) ? 2 : 1;
}

bool is_control(char32_t value) {
  return value < 0x20 || (value >= 0x7F && value < 0xA0);
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) {
    out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(byte));
  }
}

enum class Lines { kEscape, kKeep };

std::string escaped(std::string_view text, Lines lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Symbol symbol = first_symbol(text);
    const std::string_view bytes = text.substr(0, symbol.bytes);
    text.remove_prefix(symbol.bytes);
    if (lines == Lines::kKeep && (symbol.value == '\n' || symbol.value == '\t') && symbol.valid) {
      out += bytes;
    } else if (lines == Lines::kKeep && symbol.value == '\r' && symbol.valid) {
      out += text.starts_with('\n') ? "" : "\n";  // a progress bar that redraws itself
    } else if (symbol.valid && symbol.value == '\n') {
      out += "\\n";
    } else if (!symbol.valid || is_control(symbol.value) || within(symbol.value, kDeceptive)) {
      append_escaped(out, bytes);
    } else {
      out += bytes;
    }
  }
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Symbol symbol = first_symbol(text);
    width += width_of(symbol);
    text.remove_prefix(symbol.bytes);
  }
  return width;
}

std::string truncated(std::string_view text, std::size_t width, bool unicode) {
  if (display_width(text) <= width) {
    return std::string(text);
  }
  if (width == 0) {
    return {};
  }
  std::size_t taken = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const Symbol symbol = first_symbol(rest);
    if (taken + width_of(symbol) > width - 1) {
      break;
    }
    taken += width_of(symbol);
    rest.remove_prefix(symbol.bytes);
  }
  return std::string(text.substr(0, text.size() - rest.size())) + (unicode ? "…" : "~");
}

std::string padded(std::string_view text, std::size_t width, Align align) {
  const std::size_t have = display_width(text);
  const std::string spaces(have < width ? width - have : 0, ' ');
  return align == Align::kRight ? spaces + std::string(text) : std::string(text) + spaces;
}

std::string printable(std::string_view text) {
  return escaped(text, Lines::kEscape);
}

std::string printable_log(std::string_view text) {
  return escaped(text, Lines::kKeep);
}

std::string fact(std::string_view name, const std::string& text) {
  return text.empty() ? std::string() : fmt::format("  {:<10}{}\n", name, printable(text));
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) {
      parts.push_back(text.substr(begin, end - begin));
    }
    begin = end + 1;
  }
  return parts;
}

std::string shell_quoted(std::string_view argument) {
  const bool bare =
      !argument.empty() && argument.find_first_not_of(
                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_-./=:,+@%^") == std::string_view::npos;
  if (bare) {
    return std::string(argument);
  }
  std::string out = "'";
  for (const char byte : argument) {
    if (byte == '\'') {
      out += "'\\''";
    } else {
      out += byte;
    }
  }
  return out + "'";
}

}  // namespace sweepd::cli
