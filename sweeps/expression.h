// Conditions over parameters: `optimizer == 'sgd'`, `width * depth <= 8192`, `layers in [2, 4]`.
#pragma once

#include "base/result.h"
#include "sweeps/value.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sweeps {

enum class Operator {
  kConstant,
  kName,
  kOr,
  kAnd,
  kNot,
  kEqual,
  kUnequal,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kRemainder,
  kNegate,
};

// One step of a stack machine: operands come before their operator, so that evaluation needs no
// recursion.
struct ExpressionStep {
  Operator what = Operator::kConstant;
  std::size_t column = 0;                 // where it stands in the text: 1, 2, … in bytes
  std::size_t name = 0;                   // kName: which of the names
  std::vector<Value> values;              // kConstant: one; kIn and kNotIn: the list
  std::vector<std::size_t> columns = {};  // of the values of a list
};

// A literal that an expression compares a name with, by ==, != or a list.
struct Compared {
  std::string name;
  Value value;
  std::size_t column = 0;  // of the literal
};

// The kinds of value that something may have, for the check of an expression before any value is
// known.
struct Kinds {
  bool boolean = false;
  bool number = false;
  bool text = false;

  bool operator==(const Kinds&) const = default;
};

Kinds kind_of(const Value& value);

// kAbsent: a parameter that the expression names is not active, so the question does not arise.
enum class Truth { kFalse, kTrue, kAbsent };

// A parsed expression. Grammar, loosest first: `or`, `and`, `not`, comparisons (== != < <= > >=,
// `in` and `not in` a list of literals), + -, * / %, unary minus, parentheses. Literals are
// numbers, 'text' or "text", true and false; a name with other bytes than letters, digits, `_` and
// `.` stands in backticks. Numbers are computed as floats, `/` is true division, `%` takes the sign
// of the divisor; different kinds are unequal and have no order. A comparison cannot be chained.
// Nothing can fail at evaluation: where an operator has no meaning (text + 1) the whole expression
// is false.
class Expression {
 public:
  // Errors name the column: "column 7: expected a value, not ')'".
  static Result<Expression> parse(std::string_view text);

  // The names that it mentions, in order of first mention, each once.
  const std::vector<std::string>& names() const { return names_; }

  // In the order of the operators; without literals that a sign or an operator changes.
  std::vector<Compared> compared() const;

  Truth evaluate(const Assignment& assignment) const;

  // Whether values of these kinds (of names(), in their order) can give every operator what it
  // needs and the whole a yes or no; the error says which operator cannot have it.
  Result<void> check(const std::vector<Kinds>& kinds) const;

 private:
  std::vector<ExpressionStep> steps_;  // leaves exactly one operand
  std::vector<std::string> names_;
};

}  // namespace sweepd::sweeps
