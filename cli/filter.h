// `--where` and `--sort`: simple conditions and orders over JSON fields.
#pragma once

#include "base/result.h"
#include "cli/json.h"

#include <string>

namespace sweepd::cli {

enum class Comparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kContains };

// "learning-rate < 0.003": a field, one of = != < <= > >= ~, and a value.
struct Condition {
  std::string field;
  Comparison comparison = Comparison::kEqual;
  std::string value;
};

Result<Condition> parse_condition(const std::string& text);

// Whether the value meets the condition: as numbers when both are numbers, as text otherwise. Null
// and NaN meet none but `!=`. `~` asks whether the text contains the value.
bool meets(const Json& value, const Condition& condition);

// "value", "-value", "value:desc"
struct Order {
  std::string field;
  bool descending = false;
};

Order parse_order(const std::string& text);

// Whether `a` stands before `b`: numbers by size, text by bytes, numbers before text, null last in
// both directions. A strict weak order.
bool before(const Json& a, const Json& b, bool descending);

// A JSON value as bare text: no quotes around strings, nothing for null, numbers in exact form.
std::string bare_text(const Json& value);

}  // namespace sweepd::cli
