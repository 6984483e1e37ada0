// The parsing of conditions and the comparison of JSON values.
#include "cli/filter.h"

#include "cli/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace sweepd::cli {

namespace {

struct Operator {
  std::string_view text;
  Comparison comparison;
};

constexpr std::array<Operator, 8> kOperators = {{{"!=", Comparison::kNotEqual},
                                                 {"<=", Comparison::kLessEqual},
                                                 {">=", Comparison::kGreaterEqual},
                                                 {"==", Comparison::kEqual},
                                                 {"=", Comparison::kEqual},
                                                 {"<", Comparison::kLess},
                                                 {">", Comparison::kGreater},
                                                 {"~", Comparison::kContains}}};

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    return {};
  }
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value != value) {
    return std::nullopt;
  }
  return value;
}

// -1, 0, 1
template <typename T>
int compared(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

bool holds(int order, Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return order == 0;
    case Comparison::kNotEqual:
      return order != 0;
    case Comparison::kLess:
      return order < 0;
    case Comparison::kLessEqual:
      return order <= 0;
    case Comparison::kGreater:
      return order > 0;
    case Comparison::kGreaterEqual:
      return order >= 0;
    case Comparison::kContains:
      return false;
  }
  return false;
}

// Numbers 0, text 1, null 2.
int kind_rank(const Json& value) {
  return value.is_null() ? 2 : value.is_number() ? 0 : 1;
}

}  // namespace

Result<Condition> parse_condition(const std::string& text) {
  constexpr std::string_view kMarks = "!<>=~";
  const std::size_t at = text.find_first_of(kMarks);
  const std::string field = trimmed(std::string_view(text).substr(0, at));
  if (at == std::string::npos || field.empty()) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("--where '{}' is not `field op value` with one of = != < <= > >= ~, "
                             "like 'state = failed' or 'value > 0.9'",
                             text)};
  }
  // All marks up to the value, so that `=>` is refused instead of being read as `=` and '> 5'.
  const std::size_t end = std::min(text.find_first_not_of(kMarks, at), text.size());
  const std::string_view marks = std::string_view(text).substr(at, end - at);
  for (const Operator& op : kOperators) {
    if (op.text == marks) {
      return Condition{field, op.comparison, trimmed(std::string_view(text).substr(end))};
    }
  }
  return Error{Errc::kInvalidArgument,
               fmt::format("--where '{}': no operator '{}'; there are = != < <= > >= and ~ "
                           "(contains)",
                           text,
                           marks)};
}

std::string bare_text(const Json& value) {
  if (value.is_null()) {
    return {};
  }
  if (value.is_string()) {
    return value.get<std::string>();
  }
  return value.is_number_float() ? exact_number_text(value.get<double>()) : dump(value);
}

bool meets(const Json& value, const Condition& condition) {
  if (value.is_null()) {
    return condition.comparison == Comparison::kNotEqual;
  }
  const std::string text = bare_text(value);
  if (condition.comparison == Comparison::kContains) {
    return text.find(condition.value) != std::string::npos;
  }
  const std::optional<double> wanted = number_of(condition.value);
  if (value.is_number()) {
    // A number is unequal to what is none, and neither smaller nor larger.
    return wanted ? holds(compared(value.get<double>(), *wanted), condition.comparison)
                  : condition.comparison == Comparison::kNotEqual;
  }
  return holds(compared(text, condition.value), condition.comparison);
}

Order parse_order(const std::string& text) {
  constexpr std::string_view kDescending = ":desc";
  constexpr std::string_view kAscending = ":asc";
  if (text.starts_with('-')) {
    return {text.substr(1), true};
  }
  if (text.ends_with(kDescending)) {
    return {text.substr(0, text.size() - kDescending.size()), true};
  }
  if (text.ends_with(kAscending)) {
    return {text.substr(0, text.size() - kAscending.size()), false};
  }
  return {text, false};
}

bool before(const Json& a, const Json& b, bool descending) {
  const int rank_a = kind_rank(a);
  const int rank_b = kind_rank(b);
  if (rank_a != rank_b) {
    return rank_a < rank_b;
  }
  if (a.is_null()) {
    return false;
  }
  const int order = a.is_number() ? compared(a.get<double>(), b.get<double>())
                                  : compared(bare_text(a), bare_text(b));
  return descending ? order > 0 : order < 0;
}

}  // namespace sweepd::cli
