// Recognises the usual slips in a TOML statement by its text; the parser's words are the last
// resort.
#include "sweeps/toml_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sweepd::sweeps {
namespace {

bool is_word(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') ||
         std::string_view("_+-./:@%").find(byte) != std::string::npos;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// One statement under the magnifying glass.
struct Suspect {
  std::string_view text;  // of the file
  const TomlScan& scan;
  std::size_t index;
  std::size_t offset;  // where the parser stopped
  std::string_view description;

  const TomlStatement& statement() const { return scan.statements[index]; }

  std::string_view key() const {
    const std::size_t end = std::min(statement().equals, statement().end);
    return trimmed(text.substr(statement().begin, end - statement().begin));
  }

  // The value without what follows the first `#`; good enough to see whether there is one.
  std::string_view value() const {
    if (statement().equals == TomlStatement::kNone) {
      return {};
    }
    const std::size_t begin = statement().equals + 1;
    return trimmed(text.substr(begin, std::min(statement().end, text.find('#', begin)) - begin));
  }

  // The run of word bytes around the place where the parser stopped, inside the value.
  std::string_view word() const {
    const std::size_t lowest =
        statement().equals == TomlStatement::kNone ? statement().begin : statement().equals + 1;
    std::size_t begin = std::clamp(offset, lowest, statement().end);
    while (begin > lowest && is_word(text[begin - 1])) {
      --begin;
    }
    std::size_t end = begin;
    while (end < statement().end && is_word(text[end])) {
      ++end;
    }
    return text.substr(begin, end - begin);
  }

  std::size_t offset_of(std::string_view part) const {
    return static_cast<std::size_t>(part.data() - text.data());
  }

  SyntaxFault fault(std::string_view part, std::string message, std::string help) const {
    return {offset_of(part),
            std::max<std::size_t>(part.size(), 1),
            std::move(message),
            std::move(help),
            index};
  }
};

// The number of the line on which the same key stands before, in the same table; 0 when it is not
// found.
std::size_t line_of_first(const Suspect& suspect) {
  std::size_t i = suspect.index;
  while (i > 0) {
    --i;
    const Suspect earlier{suspect.text, suspect.scan, i, 0, {}};
    if (earlier.statement().header && !suspect.statement().header) {
      return 0;
    }
    if (earlier.statement().header == suspect.statement().header &&
        earlier.key() == suspect.key()) {
      const auto begin = suspect.text.begin();
      return 1 + static_cast<std::size_t>(std::count(
                     begin, begin + static_cast<std::ptrdiff_t>(earlier.statement().begin), '\n'));
    }
  }
  return 0;
}

std::optional<SyntaxFault> told_as_repetition(const Suspect& suspect) {
  if (!contains(suspect.description, "cannot redefine")) {
    return std::nullopt;
  }
  const std::size_t first = line_of_first(suspect);
  if (first > 0) {
    return suspect.fault(suspect.key(),
                         fmt::format("`{}` is given twice", suspect.key()),
                         fmt::format("the first one is on line {}", first));
  }
  const std::size_t open = suspect.description.find('\'');
  const std::size_t close = suspect.description.rfind('\'');
  const std::string_view name =
      open < close ? suspect.description.substr(open + 1, close - open - 1) : suspect.key();
  const std::size_t begin = suspect.statement().begin;
  const std::string_view before = suspect.text.substr(begin, suspect.offset - begin);
  const std::size_t at = before.rfind(name);
  return suspect.fault(
      at == std::string_view::npos ? suspect.key() : before.substr(at, name.size()),
      fmt::format("`{}` is given twice", name),
      "leave one of them out");
}

std::optional<SyntaxFault> told_by_key(const Suspect& suspect) {
  const std::string_view key = suspect.key();
  if (suspect.statement().header) {
    return suspect.fault(key,
                         fmt::format("`{}` is not the name of a table", key),
                         "write [search] on a line of its own");
  }
  if (key.empty()) {
    return suspect.fault(suspect.text.substr(suspect.statement().begin, 1),
                         "a name is missing before `=`",
                         "write name = value");
  }
  if (suspect.statement().equals == TomlStatement::kNone) {
    const std::size_t colon = key.find(':');
    const std::string_view name = trimmed(key.substr(0, colon));
    if (colon != std::string_view::npos && !name.empty()) {
      return suspect.fault(key.substr(colon, 1),
                           fmt::format("`{}` must be followed by `=`", name),
                           fmt::format("write {} = {}", name, trimmed(key.substr(colon + 1))));
    }
    return suspect.fault(key, fmt::format("`{}` has no value", key), "write name = value");
  }
  if (suspect.offset < suspect.statement().equals) {
    return suspect.fault(
        key,
        fmt::format("`{}` is not a name", key),
        fmt::format("a name is of letters, digits, - and _, or in quotes: \"{}\"", key));
  }
  if (suspect.value().empty()) {
    return suspect.fault(
        key, fmt::format("`{}` has no value", key), fmt::format("write {} = …", key));
  }
  return std::nullopt;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  return out;
}

// A word that stands where a value must be.
std::optional<SyntaxFault> told_by_word(const Suspect& suspect) {
  const std::string_view word = suspect.word();
  const std::string small = lower(word);
  const auto write = [&](std::string_view instead) {
    return word == suspect.value() ? fmt::format("write {} = {}", suspect.key(), instead)
                                   : fmt::format("write {}", instead);
  };
  if (word.empty()) {
    return std::nullopt;
  }
  if (small == "true" || small == "yes" || small == "on") {
    return suspect.fault(word, fmt::format("`{}` is not a value", word), write("true"));
  }
  if (small == "false" || small == "no" || small == "off") {
    return suspect.fault(word, fmt::format("`{}` is not a value", word), write("false"));
  }
  if (small == "none" || small == "null" || small == "nil") {
    return suspect.fault(
        word, fmt::format("`{}` is not a value", word), "leave the key out where it has none");
  }
  const bool digits_only = small.find_first_not_of("0123456789+-._e") == std::string::npos;
  if (digits_only && (word.front() == '.' || word.back() == '.' || contains(word, ".e"))) {
    return suspect.fault(
        word,
        fmt::format("`{}` needs a digit on both sides of the point", word),
        word.front() == '.' ? write(fmt::format("0{}", word)) : std::string("write 1.0, not 1."));
  }
  if (contains(suspect.description, "leading zeroes")) {
    return suspect.fault(
        word,
        fmt::format("`{}` starts with a zero", word),
        write(word.substr(std::min(word.find_first_not_of('0'), word.size() - 1))));
  }
  if (contains(suspect.description, "not representable")) {
    return suspect.fault(word, fmt::format("`{}` does not fit into 64 bits", word), "");
  }
  if (!digits_only && !contains(suspect.description, "date") &&
      !contains(suspect.description, "expected comma")) {
    return suspect.fault(
        word, fmt::format("`{}` must stand in quotes", word), write(fmt::format("\"{}\"", word)));
  }
  return std::nullopt;
}

// "Error while parsing array: expected comma" -> "expected comma"
std::string_view without_prefix(std::string_view description) {
  constexpr std::string_view kPrefix = "Error while parsing ";
  const std::size_t colon = description.find(": ");
  return description.substr(0, kPrefix.size()) == kPrefix && colon != std::string_view::npos
             ? description.substr(colon + 2)
             : description;
}

SyntaxFault told_by_description(const Suspect& suspect) {
  const std::size_t at = std::min(suspect.offset, suspect.text.size());
  const std::string_view here = suspect.text.substr(at, at < suspect.text.size() ? 1 : 0);
  if (contains(suspect.description, "dangling comma")) {
    return suspect.fault(
        here, "a table in braces has no comma after its last key", "remove the comma");
  }
  if (contains(suspect.description, "expected comma")) {
    return suspect.fault(here, "a comma is missing before this", "separate values by commas");
  }
  if (contains(suspect.description, "escape sequence")) {
    return suspect.fault(here,
                         fmt::format("`\\{}` means nothing in a string with double quotes", here),
                         "a string in single quotes takes backslashes as they are");
  }
  if (contains(suspect.description, "expected a comment or whitespace")) {
    return suspect.fault(here, "the line goes on after its value", "one key on each line");
  }
  return suspect.fault(here, fmt::format("not TOML: {}", without_prefix(suspect.description)), "");
}

// The statement around the offset, or the last one before it: at the end of a line the parser is
// past it.
std::size_t statement_at(const TomlScan& scan, std::size_t offset) {
  const auto after = std::upper_bound(
      scan.statements.begin(),
      scan.statements.end(),
      offset,
      [](std::size_t at, const TomlStatement& statement) { return at < statement.begin; });
  return after == scan.statements.begin()
             ? TomlStatement::kNone
             : static_cast<std::size_t>(after - scan.statements.begin()) - 1;
}

}  // namespace

SyntaxFault tell_syntax_fault(std::string_view text,
                              const TomlScan& scan,
                              std::size_t offset,
                              std::string_view description) {
  const std::size_t index = statement_at(scan, offset);
  if (index == TomlStatement::kNone) {
    return {offset, 1, fmt::format("not TOML: {}", without_prefix(description)), {}, index};
  }
  const Suspect suspect{text, scan, index, offset, description};
  if (auto fault = told_as_repetition(suspect)) {
    return *fault;
  }
  if (auto fault = told_by_key(suspect)) {
    return *fault;
  }
  if (!contains(description, "string") && !contains(description, "inline table")) {
    if (auto fault = told_by_word(suspect)) {
      return *fault;
    }
  }
  return told_by_description(suspect);
}

}  // namespace sweepd::sweeps
