// Conditions and constraints of a sweep file: their faults, shown at the word that is at fault.
#include "sweeps/sweep_file_expression.h"

#include "base/nearest.h"
#include "sweeps/expression.h"
#include "sweeps/expression_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

namespace sweepd::sweeps {
namespace {

constexpr std::size_t kValuesShown = 8;

Place place_of_token(const Place& value,
                     const std::string& expression,
                     std::size_t column,
                     const Draft& draft) {
  const std::size_t begin =
      std::clamp<std::size_t>(column, 1, std::max<std::size_t>(expression.size(), 1)) - 1;
  return place_of_part(value, draft.text, {begin, token_length(expression, begin + 1)});
}

Place place_of_name(const Place& value,
                    const std::string& expression,
                    const std::string& name,
                    const Draft& draft) {
  const Result<std::vector<Token>> tokens = tokens_of(expression);
  if (tokens.ok()) {
    for (const Token& token : *tokens) {
      if (token.kind == Token::Kind::kName && token.text == name) {
        return place_of_token(value, expression, token.column, draft);
      }
    }
  }
  return value;
}

// What is wrong with the names in an expression; what they may be is left to the check of the
// space.
bool check_names(const Expression& expression,
                 const std::string& text,
                 const Place& place,
                 Draft& draft) {
  std::vector<std::string> known;
  for (const Parameter& parameter : draft.spec.space.parameters) {
    known.push_back(parameter.name);
  }
  bool good = true;
  for (const std::string& name : expression.names()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      continue;
    }
    good = false;
    if (draft.is_unread(name)) {
      continue;
    }
    const auto close = nearest(name, known);
    const TomlTable* table = draft.table("space");
    const bool later = table != nullptr && find_entry(*table, name) != nullptr;
    draft.faults.missing(place_of_name(place, text, name, draft),
                         later ? fmt::format("`{}` stands further down", name)
                               : fmt::format("unknown parameter `{}`", name),
                         later   ? "a condition speaks about parameters above it"
                         : close ? fmt::format("did you mean `{}`?", *close)
                                 : "text stands in quotes: optimizer == 'sgd'");
  }
  return good;
}

bool equal(const Value& a, const Value& b) {
  const std::optional<double> x = number_in(a);
  const std::optional<double> y = number_in(b);
  return x && y ? *x == *y : a == b;
}

// A literal as an expression writes it.
std::string written(const Value& value) {
  return std::holds_alternative<std::string>(value) ? fmt::format("'{}'", to_text(value))
                                                    : to_text(value);
}

// Of a choice: the value that was meant, or all that there are.
std::string help_for(const Choice& choice, const Value& literal, Effort& effort) {
  const std::optional<double> number = number_in(literal);
  std::vector<std::string> texts;
  std::string list;
  std::optional<Value> close;
  for (const Value& value : choice.values) {
    const std::optional<double> other = number_in(value);
    if (number && other &&
        (!close || std::abs(*other - *number) < std::abs(*number_in(*close) - *number))) {
      close = value;
    }
    texts.push_back(to_text(value));
    if (texts.size() <= kValuesShown) {
      list += (list.empty() ? "" : ", ") + written(value);
    }
  }
  if (close) {
    return fmt::format("the nearest that it can be is {}", written(*close));
  }
  constexpr std::uint64_t kUnitsPerWord = 16;  // comparing two words is slow
  const auto* text = std::get_if<std::string>(&literal);
  if (text != nullptr && effort.take(texts.size() * kUnitsPerWord)) {
    if (const auto meant = nearest(*text, texts)) {
      return fmt::format("did you mean '{}'?", *meant);
    }
  }
  return fmt::format("it is {}{}", list, texts.size() > kValuesShown ? ", …" : "");
}

// What to write instead of a literal that no value of the domain equals; empty when one may.
// Of ranges only the bounds of whole numbers and of floats without a step are looked at.
std::optional<std::string> never_equal(const Domain& domain, const Value& literal, Effort& effort) {
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    const bool is_listed = std::any_of(choice->values.begin(),
                                       choice->values.end(),
                                       [&](const Value& value) { return equal(value, literal); });
    return is_listed ? std::nullopt : std::optional(help_for(*choice, literal, effort));
  }
  const std::optional<double> number = number_in(literal);
  if (!number) {
    return std::nullopt;
  }
  if (const auto* whole = std::get_if<IntRange>(&domain)) {
    const bool outside = *number < static_cast<double>(whole->low) ||
                         *number > static_cast<double>(whole->high) ||
                         *number != std::floor(*number);
    return outside ? std::optional(
                         fmt::format("it is a whole number from {} to {}", whole->low, whole->high))
                   : std::nullopt;
  }
  const auto* range = std::get_if<FloatRange>(&domain);
  const bool outside =
      range != nullptr && !range->step && (*number < range->low || *number > range->high);
  return outside ? std::optional(fmt::format("it is from {} to {}", range->low, range->high))
                 : std::nullopt;
}

}  // namespace

void expression_fault(const Place& value,
                      const std::string& expression,
                      std::string_view message,
                      Draft& draft) {
  constexpr std::string_view kColumn = "column ";
  const std::size_t at = message.rfind(kColumn);
  const std::size_t colon = at == std::string_view::npos ? at : message.find(": ", at);
  if (colon == std::string_view::npos) {
    draft.faults.error(value, std::string(message));
    return;
  }
  std::uint32_t column = 0;
  std::from_chars(message.data() + at + kColumn.size(), message.data() + colon, column);
  draft.faults.error(place_of_token(value, expression, column, draft),
                     std::string(message.substr(colon + 2)));
}

bool check_expression(const std::string& text, const Place& place, Draft& draft) {
  const auto expression = Expression::parse(text);
  if (!expression) {
    expression_fault(place, text, expression.error().message, draft);
    return false;
  }
  return check_names(*expression, text, place, draft);
}

bool warn_of_literals(const std::string& text, const Place& place, Draft& draft) {
  const auto expression = Expression::parse(text);
  bool warned = false;
  for (const Compared& compared :
       expression.ok() ? expression->compared() : std::vector<Compared>()) {
    const std::vector<Parameter>& parameters = draft.spec.space.parameters;
    const auto parameter =
        std::find_if(parameters.begin(), parameters.end(), [&compared](const Parameter& each) {
          return each.name == compared.name;
        });
    if (parameter == parameters.end()) {
      continue;
    }
    if (auto help = never_equal(parameter->domain, compared.value, draft.effort)) {
      draft.faults.warning(place_of_token(place, text, compared.column, draft),
                           fmt::format("`{}` is never {}", compared.name, written(compared.value)),
                           std::move(*help));
      warned = true;
    }
  }
  return warned;
}

}  // namespace sweepd::sweeps
