// The words of an expression: literals, names, operators and brackets with their places.
#include "sweeps/expression_token.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace sweepd::sweeps {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool continues_name(char c) {
  return is_letter(c) || is_digit(c) || c == '.';
}

Error fault(std::size_t column, const std::string& what) {
  return Error{Errc::kInvalidArgument, fmt::format("column {}: {}", column, what)};
}

// What people write from other languages, and the word for it here.
std::string_view our_word(std::string_view foreign) {
  constexpr std::array<std::array<std::string_view, 2>, 4> kWords = {
      {{"&&", "and"}, {"||", "or"}, {"=", "=="}, {"!", "not"}}};
  for (const auto& [theirs, ours] : kWords) {
    if (foreign.substr(0, theirs.size()) == theirs) {
      return ours;
    }
  }
  return {};
}

// The place in the text and what has been read before it.
struct Scanner {
  std::string_view text;
  std::size_t at = 0;

  std::string_view rest() const { return text.substr(at); }

  std::size_t column() const { return at + 1; }
};

Result<Token> quoted(Scanner& scanner) {
  const char quote = scanner.text[scanner.at];
  const std::size_t column = scanner.column();
  const std::size_t end = scanner.text.find(quote, scanner.at + 1);
  if (end == std::string_view::npos) {
    return fault(column, fmt::format("the {} is not closed", quote));
  }
  std::string content(scanner.text.substr(scanner.at + 1, end - scanner.at - 1));
  scanner.at = end + 1;
  if (quote == '`') {
    return Token{Token::Kind::kName, content, {}, column, 0};
  }
  return Token{Token::Kind::kLiteral, content, content, column, 0};
}

Result<Token> number(Scanner& scanner) {
  const std::string_view rest = scanner.rest();
  const char* first = rest.data();
  const char* last = first + rest.size();
  std::int64_t integer = 0;
  double real = 0;
  const auto whole = std::from_chars(first, last, integer);
  const auto fraction = std::from_chars(first, last, real);
  const bool is_integer = whole.ec == std::errc() && whole.ptr == fraction.ptr;
  if (fraction.ec != std::errc() || (fraction.ptr != last && continues_name(*fraction.ptr))) {
    return fault(scanner.column(), "not a number that can be read");
  }
  Token token{Token::Kind::kLiteral, std::string(first, fraction.ptr), {}, scanner.column(), 0};
  token.value = is_integer ? Value(integer) : Value(real);
  scanner.at += token.text.size();
  return token;
}

Token word(Scanner& scanner) {
  const std::string_view rest = scanner.rest();
  const auto end = std::find_if_not(rest.begin(), rest.end(), continues_name);
  Token token{Token::Kind::kName, std::string(rest.begin(), end), {}, scanner.column(), 0};
  if (token.text == "true" || token.text == "false") {
    token.kind = Token::Kind::kLiteral;
    token.value = token.text == "true";
  }
  if (token.text == "and" || token.text == "or" || token.text == "not" || token.text == "in") {
    token.kind = Token::Kind::kSymbol;
  }
  scanner.at += token.text.size();
  return token;
}

Result<Token> symbol(Scanner& scanner) {
  // The longer before their beginnings.
  constexpr std::array<std::string_view, 16> kSymbols = {
      "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ","};
  const std::string_view rest = scanner.rest();
  for (const std::string_view known : kSymbols) {
    if (rest.substr(0, known.size()) == known) {
      Token token{Token::Kind::kSymbol, std::string(known), {}, scanner.column(), 0};
      scanner.at += known.size();
      return token;
    }
  }
  const std::string_view ours = our_word(rest);
  if (!ours.empty()) {
    return fault(scanner.column(), fmt::format("write '{}' here", ours));
  }
  return fault(scanner.column(), "a byte that belongs to no expression");
}

}  // namespace

Result<std::vector<Token>> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  Scanner scanner{text, 0};
  while (true) {
    while (scanner.at < text.size() &&
           std::string_view(" \t\r\n").find(text[scanner.at]) != std::string_view::npos) {
      ++scanner.at;
    }
    if (scanner.at == text.size()) {
      tokens.push_back({Token::Kind::kEnd, "the end", {}, scanner.column(), 0});
      return tokens;
    }
    const char c = text[scanner.at];
    const bool is_number =
        is_digit(c) || (c == '.' && scanner.at + 1 < text.size() && is_digit(text[scanner.at + 1]));
    SWEEPD_TRY(Token token,
               is_letter(c)                        ? Result<Token>(word(scanner))
               : is_number                         ? number(scanner)
               : c == '\'' || c == '"' || c == '`' ? quoted(scanner)
                                                   : symbol(scanner));
    token.length = scanner.column() - token.column;
    tokens.push_back(std::move(token));
  }
}

std::size_t token_length(std::string_view text, std::size_t column) {
  const Result<std::vector<Token>> tokens = tokens_of(text);
  if (tokens.ok()) {
    for (const Token& token : *tokens) {
      if (token.column == column) {
        return std::max<std::size_t>(token.length, 1);
      }
    }
  }
  return 1;
}

}  // namespace sweepd::sweeps
