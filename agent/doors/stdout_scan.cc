// Finds `name: value` and its relatives in a line of text.
#include "agent/doors/stdout_scan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr std::size_t kNameBytesMax = 64;  // of a name that nobody declared

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_char(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '/' || c == '-' || c == '@';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::size_t skip_spaces(std::string_view line, std::size_t at) {
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) {
    ++at;
  }
  return at;
}

struct Number {
  double value = 0;
  double unit = 0;  // as in Printed
  std::size_t end = 0;
  bool of_total = false;  // followed by `/12`
  double total = 0;
};

std::size_t end_of_digits(std::string_view line, std::size_t at) {
  while (at < line.size() && is_digit(line[at])) {
    ++at;
  }
  return at;
}

// The end of a number's spelling that begins at `at`, or `at` when none does.
std::size_t end_of_number(std::string_view line, std::size_t at) {
  std::size_t i = at < line.size() && (line[at] == '+' || line[at] == '-') ? at + 1 : at;
  if (i < line.size() && is_letter(line[i])) {
    std::size_t end = i;
    while (end < line.size() && is_letter(line[end])) {
      ++end;
    }
    double value = 0;
    return read_number(line.substr(i, end - i), value) ? end : at;
  }
  const std::size_t whole = end_of_digits(line, i);
  std::size_t end = whole;
  if (end < line.size() && line[end] == '.') {
    const std::size_t fraction = end_of_digits(line, end + 1);
    // The dot of "loss 3." ends the sentence unless digits follow.
    end = fraction > end + 1 ? fraction : end;
  }
  if (end == i) {
    return at;
  }
  if (end < line.size() && lower(line[end]) == 'e') {
    const bool sign = end + 1 < line.size() && (line[end + 1] == '-' || line[end + 1] == '+');
    const std::size_t digits = end + (sign ? 2U : 1U);
    const std::size_t exponent = end_of_digits(line, digits);
    end = exponent > digits ? exponent : end;
  }
  return end;
}

// What one of the last digit of a number is worth; 0 for whole numbers, nan and inf.
double unit_of(std::string_view number) {
  const std::size_t point = number.find('.');
  const std::size_t e = number.find_first_of("eE");
  const std::size_t digits_end = std::min(e, number.size());
  int exponent = 0;
  if (e != std::string_view::npos) {
    const std::size_t begin = e + (e + 1 < number.size() && number[e + 1] == '+' ? 2U : 1U);
    std::from_chars(number.data() + begin, number.data() + number.size(), exponent);
  } else if (point == std::string_view::npos) {
    return 0;
  }
  const std::size_t decimals = point < digits_end ? digits_end - point - 1 : 0;
  return std::pow(10.0, exponent - static_cast<double>(decimals));
}

// Whether what begins at `at` leaves the number before it alone.
bool ends_number(std::string_view line, std::size_t at) {
  if (at >= line.size()) {
    return true;
  }
  const char c = line[at];
  const char next = at + 1 < line.size() ? line[at + 1] : ' ';
  if (c == '.' || c == ':') {
    return !is_digit(next) && !is_letter(next);
  }
  return std::string_view(" \t,;()]}'\"%|").find(c) != std::string_view::npos;
}

// How far a bar has come, "42%|####": no result.
bool is_progress(std::string_view line, std::size_t at) {
  return at + 1 < line.size() && line[at] == '%' && line[at + 1] == '|';
}

// Whether a unit of time follows after a blank: "3.2 s", "5 minutes".
bool takes_time(std::string_view line, std::size_t at) {
  constexpr std::array<std::string_view, 14> kUnits = {"ms",
                                                       "us",
                                                       "s",
                                                       "sec",
                                                       "secs",
                                                       "second",
                                                       "seconds",
                                                       "min",
                                                       "mins",
                                                       "minute",
                                                       "minutes",
                                                       "h",
                                                       "hour",
                                                       "hours"};
  const std::size_t begin = skip_spaces(line, at);
  std::size_t end = begin;
  while (end < line.size() && is_name_char(line[end])) {
    ++end;
  }
  const bool more = end < line.size() && (line[end] == ':' || line[end] == '=');
  return begin > at && !more &&
         std::find(kUnits.begin(), kUnits.end(), line.substr(begin, end - begin)) != kUnits.end();
}

std::optional<Number> read_number_at(std::string_view line, std::size_t at) {
  Number number;
  number.end = end_of_number(line, at);
  if (number.end == at || !read_number(line.substr(at, number.end - at), number.value)) {
    return std::nullopt;
  }
  number.unit = std::isfinite(number.value) ? unit_of(line.substr(at, number.end - at)) : 0;
  if (number.end < line.size() && line[number.end] == '/') {
    const std::size_t end = end_of_number(line, number.end + 1);
    const std::string_view total = line.substr(number.end + 1, end - number.end - 1);
    number.of_total = read_number(total, number.total) && number.total > 0;
    number.end = number.of_total ? end : number.end;
  }
  return ends_number(line, number.end) && !is_progress(line, number.end) ? std::optional(number)
                                                                         : std::nullopt;
}

// The place of the value after a name that ends at `at`: behind a closing quote, `:` or `=`, blanks
// and an opening quote. None without such a sign.
std::optional<std::size_t> after_sign(std::string_view line, std::size_t at) {
  at += at < line.size() && (line[at] == '\'' || line[at] == '"') ? 1U : 0U;
  at = skip_spaces(line, at);
  if (at >= line.size() || (line[at] != ':' && line[at] != '=')) {
    return std::nullopt;
  }
  at = skip_spaces(line, at + 1);
  return at < line.size() && (line[at] == '\'' || line[at] == '"') ? at + 1 : at;
}

// The same where a blank is enough: "loss 0.3", "accuracy is 0.9", "Epoch [3/10]".
std::optional<std::size_t> after_name(std::string_view line, std::size_t at) {
  if (const std::optional<std::size_t> place = after_sign(line, at)) {
    return place;
  }
  constexpr std::array<std::string_view, 3> kWords = {"is ", "was ", "of "};
  std::size_t place = skip_spaces(line, at);
  for (const std::string_view word : kWords) {
    if (line.substr(place).starts_with(word)) {
      place = skip_spaces(line, place + word.size());
      break;
    }
  }
  place += place < line.size() && (line[place] == '[' || line[place] == '#') ? 1U : 0U;
  return place > at ? std::optional(place) : std::nullopt;
}

void set_printed(std::vector<Printed>& metrics, Printed metric) {
  const auto found = std::find_if(metrics.begin(), metrics.end(), [&metric](const Printed& each) {
    return each.point.name == metric.point.name;
  });
  (found == metrics.end() ? metrics.emplace_back() : *found) = std::move(metric);
}

struct Found {
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool same_at(std::string_view line, std::size_t at, std::string_view name) {
  return at + name.size() <= line.size() &&
         std::equal(name.begin(),
                    name.end(),
                    line.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char a, char b) { return lower(a) == lower(b); });
}

// Every place where the objective has a value.
std::vector<Found> scan_objective(std::string_view line,
                                  std::string_view name,
                                  std::vector<Printed>& metrics) {
  std::vector<Found> found;
  for (std::size_t i = 0; !name.empty() && i + name.size() <= line.size(); ++i) {
    const std::size_t end = i + name.size();
    const bool whole =
        (i == 0 || !is_name_char(line[i - 1])) && (end == line.size() || !is_name_char(line[end]));
    if (!whole || !same_at(line, i, name)) {
      continue;
    }
    const std::optional<std::size_t> place = after_name(line, end);
    const std::optional<Number> number = place ? read_number_at(line, *place) : std::nullopt;
    if (number) {
      // "Accuracy: 9713/10000" is a share.
      const bool count = number->of_total && !is_companion(name);
      const double value = count ? number->value / number->total : number->value;
      set_printed(metrics, {{std::string(name), value}, number->unit});
      found.push_back({i, number->end});
      i = number->end - 1;
    }
  }
  return found;
}

// The end of the name that begins at `at`.
std::size_t end_of_name(std::string_view line, std::size_t at) {
  std::size_t end = at;
  while (end < line.size() && is_name_char(line[end])) {
    ++end;
  }
  while (end > at + 1 && !is_letter(line[end - 1]) && !is_digit(line[end - 1])) {
    --end;  // "loss-" and "loss." are "loss"
  }
  return end;
}

// Reads the name at `at` and its value, if it has one; returns where to go on.
std::size_t scan_name(std::string_view line, std::size_t at, std::vector<Printed>& metrics) {
  const std::size_t end = end_of_name(line, at);
  const std::string_view name = line.substr(at, end - at);
  const bool companion = is_companion(name);
  const std::optional<std::size_t> place =
      companion ? after_name(line, end) : after_sign(line, end);
  const std::optional<Number> number = place ? read_number_at(line, *place) : std::nullopt;
  // A script that prints its environment reports nothing by that.
  const bool plausible = name.size() <= kNameBytesMax && !name.starts_with("SWEEPD_");
  if (!number || !plausible || (number->of_total && !companion) || takes_time(line, number->end)) {
    return end;
  }
  std::string spelling(name);
  if (companion) {
    // `[stop] time = "epoch"` also means the "Epoch 3/10" of a script.
    std::transform(spelling.begin(), spelling.end(), spelling.begin(), lower);
  }
  set_printed(metrics, {{std::move(spelling), number->value}, number->unit});
  return number->end;
}

// For each parenthesis that opens, the place past the one that closes it; 0 elsewhere, and where
// none does.
std::vector<std::size_t> ends_of_parentheses(std::string_view line) {
  std::vector<std::size_t> ends(line.size(), 0);
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '(') {
      open.push_back(i);
    } else if (line[i] == ')' && !open.empty()) {
      ends[open.back()] = i + 1;
      open.pop_back();
    }
  }
  return ends;
}

// Whether a word is glued to the parenthesis at `at`, and not a number as in "Epoch 10(loss: 1)":
// what stands in `Namespace(lr=0.1, epochs=3)` are arguments.
bool opens_call(std::string_view line, std::size_t at) {
  if (line[at] != '(') {
    return false;
  }
  std::size_t begin = at;
  while (begin > 0 && (is_letter(line[begin - 1]) || is_digit(line[begin - 1]))) {
    --begin;
  }
  return begin < at && is_letter(line[begin]);
}

}  // namespace

std::vector<Printed> scan_line(std::string_view line, std::string_view objective) {
  std::vector<Printed> metrics;
  const std::vector<Found> taken = scan_objective(line, objective, metrics);
  const std::vector<std::size_t> ends = ends_of_parentheses(line);
  auto next_taken = taken.begin();
  for (std::size_t i = 0; i < line.size();) {
    if (next_taken != taken.end() && i >= next_taken->begin) {
      i = std::max(i, next_taken->end);
      ++next_taken;
    } else if (is_letter(line[i])) {
      i = std::max(scan_name(line, i, metrics), i + 1);
    } else if (opens_call(line, i)) {
      i = std::max(ends[i], i + 1);
    } else if (is_name_char(line[i])) {
      // A name does not begin in the middle of "2.5e3" or "/tmp/x".
      while (i < line.size() && is_name_char(line[i])) {
        ++i;
      }
    } else {
      ++i;
    }
  }
  return metrics;
}

}  // namespace sweepd::agent
