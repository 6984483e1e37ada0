// Walks over TOML text by brackets, strings and lines, without understanding values.
#include "sweeps/toml_scan.h"

#include "base/utf8.h"

#include <algorithm>

namespace sweepd::sweeps {
namespace {

constexpr std::size_t kDepthMax = 16;  // of brackets; a sweep file needs three
constexpr std::size_t kDotsMax = 16;   // of one dotted key
constexpr std::size_t kStatementsMax = 20'000;

bool is_blank(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\r';
}

bool is_bare(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

bool starts_key(char byte) {
  return is_bare(byte) || byte == '"' || byte == '\'';
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  TomlScan scan() &&;

 private:
  bool check_bytes();
  void scan_statement();
  void scan_header();
  void scan_pair();
  void take(char byte);
  void count_dots(char byte);
  void skip_string();
  void skip_comment();
  bool newline_ends_pair();
  bool next_line_is_statement() const;
  void flaw_unclosed();
  void flaw(std::size_t offset, std::size_t length, std::string message, std::string help);

  char at(std::size_t offset) const { return offset < text_.size() ? text_[offset] : '\n'; }

  bool done() const { return pos_ >= text_.size(); }

  std::string_view text_;
  std::size_t pos_ = 0;
  std::size_t dots_ = 0;
  std::vector<std::size_t> open_;  // offsets of the brackets around pos_
  TomlStatement statement_;        // the one around pos_
  TomlScan out_;
};

void Scanner::flaw(std::size_t offset, std::size_t length, std::string message, std::string help) {
  out_.flaws.push_back(
      {offset, length, std::move(message), std::move(help), out_.statements.size()});
}

// Text is UTF-8 without control characters; says so at the first byte that is not.
bool Scanner::check_bytes() {
  for (std::size_t i = 0; i < text_.size();) {
    const auto byte = static_cast<unsigned char>(text_[i]);
    const std::size_t length = first_code_point(text_.substr(i)).bytes;
    if (length == 0) {
      flaw(i, 1, "this byte is not UTF-8 text", "save the file as UTF-8");
      return false;
    }
    if (byte == 0x7FU || (byte < 0x20U && byte != '\t' && byte != '\n' && byte != '\r')) {
      flaw(i, 1, "a control character is not allowed here", "remove it, or write it as \\uXXXX");
      return false;
    }
    i += length;
  }
  return true;
}

TomlScan Scanner::scan() && {
  if (!check_bytes()) {
    out_.unreadable = true;
    return std::move(out_);
  }
  if (text_.substr(0, 3) == "\xEF\xBB\xBF") {
    pos_ = 3;  // a byte order mark
  }
  while (!done() && out_.statements.size() < kStatementsMax) {
    if (is_blank(at(pos_)) || at(pos_) == '\n') {
      ++pos_;
    } else if (at(pos_) == '#') {
      skip_comment();
    } else {
      scan_statement();
    }
  }
  if (!done()) {
    flaw(pos_, 1, "the file has too many lines", "a sweep file describes one sweep");
    out_.unreadable = true;
  }
  return std::move(out_);
}

void Scanner::scan_statement() {
  statement_ = {};
  statement_.begin = pos_;
  statement_.header = at(pos_) == '[';
  dots_ = 0;
  open_.clear();
  if (statement_.header) {
    scan_header();
  } else {
    scan_pair();
  }
  statement_.end = pos_;
  while (statement_.end > statement_.begin + 1 && is_blank(at(statement_.end - 1))) {
    --statement_.end;
  }
  out_.statements.push_back(statement_);
}

// From `[` to the end of the line.
void Scanner::scan_header() {
  std::size_t name = pos_ + (at(pos_ + 1) == '[' ? 2 : 1);
  while (is_blank(at(name))) {
    ++name;
  }
  if (!starts_key(at(name))) {
    flaw(pos_, name - pos_, "`[` must be followed by the name of a table", "write [search]");
  }
  while (!done() && at(pos_) != '\n') {
    if (at(pos_) == '"' || at(pos_) == '\'') {
      skip_string();
    } else if (at(pos_) == '#') {
      skip_comment();
    } else {
      count_dots(at(pos_));
      ++pos_;
    }
  }
}

// From the key to the end of the value, which may be lines further down.
void Scanner::scan_pair() {
  while (!done()) {
    const char byte = at(pos_);
    if (byte == '\n') {
      if (newline_ends_pair()) {
        return;
      }
      ++pos_;
    } else if (byte == '"' || byte == '\'') {
      skip_string();
    } else if (byte == '#') {
      skip_comment();
    } else {
      take(byte);
      ++pos_;
    }
  }
  if (!open_.empty()) {
    flaw_unclosed();
  }
}

void Scanner::take(char byte) {
  count_dots(byte);
  if (byte == '=' && open_.empty() && statement_.equals == TomlStatement::kNone) {
    statement_.equals = pos_;
  } else if (byte == '[' || byte == '{') {
    open_.push_back(pos_);
    if (open_.size() == kDepthMax + 1) {
      flaw(pos_, 1, "brackets are nested too deeply", "a sweep file needs three levels at most");
    }
  } else if ((byte == ']' || byte == '}') && !open_.empty()) {
    open_.pop_back();
  }
}

void Scanner::count_dots(char byte) {
  if (byte == '.') {
    if (++dots_ == kDotsMax + 1) {
      flaw(pos_, 1, "this name has too many dots", "a sweep file needs two levels of tables");
    }
  } else if (!is_bare(byte) && !is_blank(byte)) {
    dots_ = 0;
  }
}

// A newline ends a pair outside of brackets. Inside of them a list goes on, unless the next line
// can only be a new statement: then the bracket was forgotten, and the fault belongs to it and not
// to that line.
bool Scanner::newline_ends_pair() {
  if (open_.empty()) {
    return true;
  }
  if (at(open_.back()) == '[' && !next_line_is_statement()) {
    return false;
  }
  flaw_unclosed();
  open_.clear();
  return true;
}

void Scanner::flaw_unclosed() {
  if (at(open_.back()) == '[') {
    flaw(open_.back(), 1, "this list is not closed", "end it with `]`");
  } else {
    flaw(open_.back(),
         1,
         "this table is not closed on its line",
         "end it with `}` on the same line");
  }
}

// Whether the line after pos_ reads `name =` or `[name]`.
bool Scanner::next_line_is_statement() const {
  std::size_t i = pos_ + 1;
  while (is_blank(at(i))) {
    ++i;
  }
  const bool bracket = at(i) == '[';
  while (at(i) == '[') {
    ++i;
  }
  const std::size_t name = i;
  while (is_bare(at(i)) || at(i) == '.') {
    ++i;
  }
  if (i == name) {
    return false;
  }
  const bool letter = (at(name) < '0' || at(name) > '9') && at(name) != '-';
  if (bracket) {
    const std::string_view word = text_.substr(name, i - name);
    return letter && at(i) == ']' && word != "true" && word != "false" && word != "inf" &&
           word != "nan";
  }
  while (is_blank(at(i))) {
    ++i;
  }
  return at(i) == '=';
}

void Scanner::skip_comment() {
  pos_ = std::min(text_.find('\n', pos_), text_.size());
}

// Past the closing quote. A string of one line that is not closed ends at the end of its line.
void Scanner::skip_string() {
  const std::size_t begin = pos_;
  const char quote = at(pos_);
  const bool multi_line = text_.substr(pos_, 3) == std::string(3, quote);
  pos_ += multi_line ? 3 : 1;
  while (!done()) {
    if (at(pos_) == '\n' && !multi_line) {
      break;
    }
    if (at(pos_) == '\\' && quote == '"') {
      // What follows is part of the string, unless it ends the line of a string of one line.
      pos_ += at(pos_ + 1) == '\n' && !multi_line ? 1U : 2U;
    } else if (at(pos_) != quote) {
      ++pos_;
    } else if (!multi_line) {
      ++pos_;
      return;
    } else if (text_.substr(pos_, 3) == std::string(3, quote)) {
      pos_ += 3;
      // Up to two quotes may stand before the closing three.
      for (int extra = 0; extra < 2 && !done() && at(pos_) == quote; ++extra) {
        ++pos_;
      }
      return;
    } else {
      ++pos_;
    }
  }
  pos_ = std::min(pos_, text_.size());
  if (!multi_line && text_.substr(begin, pos_ - begin).find_first_of("]}") != std::string::npos) {
    open_.clear();  // the brackets of this line were swallowed by the string
  }
  flaw(begin,
       multi_line ? 3 : pos_ - begin,
       "this string is not closed",
       std::string("end it with ") + std::string(multi_line ? 3 : 1, quote));
}

}  // namespace

TomlScan scan_toml(std::string_view text) {
  return Scanner(text).scan();
}

}  // namespace sweepd::sweeps
