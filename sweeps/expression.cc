// Evaluation and checks of conditions over parameters.
#include "sweeps/expression.h"

#include "base/check.h"
#include "sweeps/domain.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace sweepd::sweeps {

namespace {

// --- evaluation ---

// Empty when an operator had no meaning for its operands.
using Operand = std::optional<Value>;

bool equal(const Value& a, const Value& b) {
  const std::optional<double> x = number_in(a);
  const std::optional<double> y = number_in(b);
  // Two ints are compared as ints: the floats of large ones run together.
  return x && y && a.index() != b.index() ? *x == *y : a == b;
}

// Whether a < b; empty when they have no order.
std::optional<bool> less(const Value& a, const Value& b) {
  if (a.index() == b.index()) {
    return std::holds_alternative<bool>(a) ? std::nullopt : std::optional<bool>(a < b);
  }
  const std::optional<double> x = number_in(a);
  const std::optional<double> y = number_in(b);
  return x && y ? std::optional<bool>(*x < *y) : std::nullopt;
}

Operand negated(std::optional<bool> answer) {
  return answer ? Operand(!*answer) : std::nullopt;
}

Operand as_operand(std::optional<bool> answer) {
  return answer ? Operand(*answer) : std::nullopt;
}

// The remainder that has the sign of the divisor: -1 % 4 is 3.
double remainder_of(double x, double y) {
  const double rest = std::fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

bool listed(const Value& value, const std::vector<Value>& list) {
  return std::any_of(
      list.begin(), list.end(), [&value](const Value& entry) { return equal(value, entry); });
}

Operand unary(const ExpressionStep& step, const Value& operand) {
  if (step.what == Operator::kIn || step.what == Operator::kNotIn) {
    return listed(operand, step.values) == (step.what == Operator::kIn);
  }
  if (step.what == Operator::kNot) {
    const bool* answer = std::get_if<bool>(&operand);
    return answer != nullptr ? Operand(!*answer) : std::nullopt;
  }
  const std::optional<double> number = number_in(operand);
  return number ? Operand(-*number) : std::nullopt;
}

Operand connected(Operator what, const Value& a, const Value& b) {
  const bool* x = std::get_if<bool>(&a);
  const bool* y = std::get_if<bool>(&b);
  if (x == nullptr || y == nullptr) {
    return std::nullopt;
  }
  return what == Operator::kAnd ? *x && *y : *x || *y;
}

Operand computed(Operator what, const Value& a, const Value& b) {
  const std::optional<double> x = number_in(a);
  const std::optional<double> y = number_in(b);
  if (!x || !y) {
    return std::nullopt;
  }
  if (what == Operator::kAdd) {
    return *x + *y;
  }
  if (what == Operator::kSubtract) {
    return *x - *y;
  }
  if (what == Operator::kMultiply) {
    return *x * *y;
  }
  return what == Operator::kDivide ? *x / *y : remainder_of(*x, *y);
}

Operand binary(Operator what, const Value& a, const Value& b) {
  switch (what) {
    case Operator::kOr:
    case Operator::kAnd:
      return connected(what, a, b);
    case Operator::kEqual:
      return equal(a, b);
    case Operator::kUnequal:
      return !equal(a, b);
    case Operator::kLess:
      return as_operand(less(a, b));
    case Operator::kGreater:
      return as_operand(less(b, a));
    case Operator::kLessEqual:
      return negated(less(b, a));
    case Operator::kGreaterEqual:
      return negated(less(a, b));
    case Operator::kAdd:
    case Operator::kSubtract:
    case Operator::kMultiply:
    case Operator::kDivide:
    case Operator::kRemainder:
      return computed(what, a, b);
    case Operator::kConstant:
    case Operator::kName:
    case Operator::kNot:
    case Operator::kNegate:
    case Operator::kIn:
    case Operator::kNotIn:
      break;
  }
  return std::nullopt;
}

bool takes_one(Operator what) {
  return what == Operator::kNot || what == Operator::kNegate || what == Operator::kIn ||
         what == Operator::kNotIn;
}

template <typename T>
T popped(std::vector<T>& stack) {
  SWEEPD_CHECK(!stack.empty());
  T top = std::move(stack.back());
  stack.pop_back();
  return top;
}

// --- the check of kinds ---

constexpr Kinds kBoolean = {true, false, false};
constexpr Kinds kNumber = {false, true, false};

bool share(const Kinds& a, const Kinds& b) {
  return (a.boolean && b.boolean) || (a.number && b.number) || (a.text && b.text);
}

std::string described(const Kinds& kinds) {
  std::string text;
  for (const auto& [has, word] : {std::pair(kinds.boolean, "true or false"),
                                  std::pair(kinds.number, "a number"),
                                  std::pair(kinds.text, "text")}) {
    if (has) {
      text += (text.empty() ? "" : " or ") + std::string(word);
    }
  }
  return text.empty() ? "nothing" : text;
}

Error unfit(const ExpressionStep& step, const std::string& why) {
  return Error{Errc::kInvalidArgument, fmt::format("column {}: {}", step.column, why)};
}

Result<Kinds> needs(const ExpressionStep& step, const Kinds& wanted, const Kinds& given) {
  if (!share(wanted, given)) {
    return unfit(step, fmt::format("needs {} here, not {}", described(wanted), described(given)));
  }
  return wanted;
}

Result<Kinds> unary_kinds(const ExpressionStep& step, const Kinds& operand) {
  if (step.what == Operator::kNegate) {
    return needs(step, kNumber, operand);
  }
  if (step.what == Operator::kNot) {
    return needs(step, kBoolean, operand);
  }
  for (const Value& entry : step.values) {
    if (!share(kind_of(entry), operand)) {
      return unfit(step, fmt::format("{} can never be {}", described(operand), to_text(entry)));
    }
  }
  return kBoolean;
}

Result<Kinds> binary_kinds(const ExpressionStep& step, const Kinds& left, const Kinds& right) {
  if (step.what == Operator::kOr || step.what == Operator::kAnd) {
    SWEEPD_TRY([[maybe_unused]] const Kinds first, needs(step, kBoolean, left));
    return needs(step, kBoolean, right);
  }
  if (step.what >= Operator::kAdd) {
    SWEEPD_TRY([[maybe_unused]] const Kinds first, needs(step, kNumber, left));
    return needs(step, kNumber, right);
  }
  const bool ordered = step.what != Operator::kEqual && step.what != Operator::kUnequal;
  const Kinds comparable = {left.boolean && !ordered, left.number, left.text};
  if (!share(comparable, right)) {
    return unfit(step, fmt::format("cannot compare {} with {}", described(left), described(right)));
  }
  return kBoolean;
}

}  // namespace

Kinds kind_of(const Value& value) {
  return {std::holds_alternative<bool>(value),
          number_in(value).has_value(),
          std::holds_alternative<std::string>(value)};
}

std::vector<Compared> Expression::compared() const {
  std::vector<Compared> all;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const ExpressionStep& step = steps_[i];
    const bool in_list = step.what == Operator::kIn || step.what == Operator::kNotIn;
    if (in_list && steps_[i - 1].what == Operator::kName) {
      for (std::size_t k = 0; k < step.values.size(); ++k) {
        all.push_back({names_[steps_[i - 1].name], step.values[k], step.columns[k]});
      }
    } else if (step.what == Operator::kEqual || step.what == Operator::kUnequal) {
      // Operands that are leaves are the two steps before their operator.
      const bool name_first = steps_[i - 1].what == Operator::kConstant;
      const ExpressionStep& name = name_first ? steps_[i - 2] : steps_[i - 1];
      const ExpressionStep& literal = name_first ? steps_[i - 1] : steps_[i - 2];
      if (name.what == Operator::kName && literal.what == Operator::kConstant) {
        all.push_back({names_[name.name], literal.values.front(), literal.column});
      }
    }
  }
  return all;
}

Truth Expression::evaluate(const Assignment& assignment) const {
  std::vector<const Value*> bound;
  for (const std::string& name : names_) {
    bound.push_back(find(assignment, name));
    if (bound.back() == nullptr) {
      return Truth::kAbsent;
    }
  }
  std::vector<Operand> stack;
  for (const ExpressionStep& step : steps_) {
    if (step.what == Operator::kConstant) {
      stack.emplace_back(step.values.front());
    } else if (step.what == Operator::kName) {
      stack.emplace_back(*bound[step.name]);
    } else if (takes_one(step.what)) {
      const Operand operand = popped(stack);
      stack.push_back(operand ? unary(step, *operand) : std::nullopt);
    } else {
      const Operand right = popped(stack);
      const Operand left = popped(stack);
      stack.push_back(left && right ? binary(step.what, *left, *right) : std::nullopt);
    }
  }
  const Operand result = popped(stack);
  return result == Operand(true) ? Truth::kTrue : Truth::kFalse;
}

Result<void> Expression::check(const std::vector<Kinds>& kinds) const {
  SWEEPD_CHECK(kinds.size() == names_.size());
  std::vector<Kinds> stack;
  for (const ExpressionStep& step : steps_) {
    if (step.what == Operator::kConstant) {
      stack.push_back(kind_of(step.values.front()));
    } else if (step.what == Operator::kName) {
      stack.push_back(kinds[step.name]);
    } else if (takes_one(step.what)) {
      const Kinds operand = popped(stack);
      SWEEPD_TRY(const Kinds result, unary_kinds(step, operand));
      stack.push_back(result);
    } else {
      const Kinds right = popped(stack);
      const Kinds left = popped(stack);
      SWEEPD_TRY(const Kinds result, binary_kinds(step, left, right));
      stack.push_back(result);
    }
  }
  const Kinds result = popped(stack);
  if (!result.boolean) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("gives {}, not true or false", described(result))};
  }
  return {};
}

}  // namespace sweepd::sweeps
