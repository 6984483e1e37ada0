// Collects the faults of a sweep file, and draws them with the line and carets.
#include "sweeps/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <tuple>

namespace sweepd::sweeps {
namespace {

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

// Bounds that keep a caret line short when the written value is long.
constexpr std::size_t kCaretsMax = 120;

std::string_view line_at(std::string_view text, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number; ++line) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) {
      return {};
    }
    text.remove_prefix(newline + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (!text.empty() && text.back() == '\r') {
    text.remove_suffix(1);
  }
  return text;
}

// As wide as `bytes` on a terminal: tabs stay tabs, each other character becomes one blank.
std::string blanks_for(std::string_view bytes) {
  std::string blanks;
  for (const char byte : bytes) {
    if (starts_character(byte)) {
      blanks += byte == '\t' ? '\t' : ' ';
    }
  }
  return blanks;
}

std::size_t characters_in(std::string_view bytes) {
  return static_cast<std::size_t>(std::count_if(bytes.begin(), bytes.end(), starts_character));
}

// The line without what would move a terminal's cursor.
std::string printable(std::string_view line) {
  std::string out(line);
  for (char& byte : out) {
    const auto plain = static_cast<unsigned char>(byte);
    if ((plain < 0x20U && byte != '\t') || plain == 0x7FU) {
      byte = '?';
    }
  }
  return out;
}

// The source line with its number and the carets below it.
std::string excerpt(const Diagnostic& diagnostic, std::string_view text) {
  const std::string_view line = line_at(text, diagnostic.line);
  const std::size_t begin =
      std::min<std::size_t>(diagnostic.column > 0 ? diagnostic.column - 1 : 0, line.size());
  const std::size_t carets =
      std::clamp<std::size_t>(characters_in(line.substr(begin, diagnostic.length)), 1, kCaretsMax);
  return fmt::format("{:5} | {}\n      | {}{}\n",
                     diagnostic.line,
                     printable(line),
                     blanks_for(line.substr(0, begin)),
                     std::string(carets, '^'));
}

}  // namespace

void Faults::add(const Place& place, Diagnostic diagnostic) {
  if (place.origin > 0 && place.origin <= overrides_.size()) {
    diagnostic.message =
        fmt::format("--set {}: {}", overrides_[place.origin - 1], diagnostic.message);
  } else {
    diagnostic.line = place.line;
    diagnostic.column = place.column;
    diagnostic.length = std::max(place.length, 1U);
  }
  if (std::find(diagnostics_.begin(), diagnostics_.end(), diagnostic) == diagnostics_.end()) {
    diagnostics_.push_back(std::move(diagnostic));
  }
}

void Faults::error(const Place& place, std::string message, std::string help) {
  ++errors_;
  Diagnostic diagnostic;
  diagnostic.message = std::move(message);
  diagnostic.help = std::move(help);
  add(place, std::move(diagnostic));
}

void Faults::warning(const Place& place, std::string message, std::string help) {
  Diagnostic diagnostic;
  diagnostic.severity = Diagnostic::Severity::kWarning;
  diagnostic.message = std::move(message);
  diagnostic.help = std::move(help);
  add(place, std::move(diagnostic));
}

void Faults::missing(const Place& place, std::string message, std::string help) {
  if (!part_unreadable_) {
    error(place, std::move(message), std::move(help));
  }
}

std::vector<Diagnostic> Faults::in_file_order() const {
  std::vector<Diagnostic> sorted = diagnostics_;
  sort_by_place(sorted);
  return sorted;
}

// Not std::stable_sort: clang warns of what this standard library's is made of.
void sort_by_place(std::vector<Diagnostic>& diagnostics) {
  std::vector<std::size_t> order(diagnostics.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&diagnostics](std::size_t i) {
    const Diagnostic& diagnostic = diagnostics[i];
    return std::tuple(diagnostic.line == 0, diagnostic.line, diagnostic.column, i);
  };
  std::sort(
      order.begin(), order.end(), [&key](std::size_t a, std::size_t b) { return key(a) < key(b); });
  std::vector<Diagnostic> sorted;
  for (const std::size_t i : order) {
    sorted.push_back(std::move(diagnostics[i]));
  }
  diagnostics = std::move(sorted);
}

std::string render(const std::vector<Diagnostic>& diagnostics,
                   std::string_view path,
                   std::string_view text) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    const bool is_error = diagnostic.severity == Diagnostic::Severity::kError;
    const std::string_view severity = is_error ? "error" : "warning";
    if (diagnostic.line == 0) {
      out += fmt::format("{}: {}: {}\n", path, severity, diagnostic.message);
    } else {
      out += fmt::format("{}:{}:{}: {}: {}\n",
                         path,
                         diagnostic.line,
                         diagnostic.column,
                         severity,
                         diagnostic.message);
      out += excerpt(diagnostic, text);
    }
    if (!diagnostic.help.empty()) {
      out += fmt::format("      = help: {}\n", diagnostic.help);
    }
  }
  return out;
}

}  // namespace sweepd::sweeps
