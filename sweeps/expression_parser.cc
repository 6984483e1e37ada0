// The parser of expressions: operator precedence with an explicit stack (Dijkstra's shunting yard).
#include "sweeps/expression.h"
#include "sweeps/expression_token.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sweepd::sweeps {

namespace {

// Higher binds tighter.
enum Binding : int {
  kOpen = 0,  // a parenthesis waits for its end
  kOrLevel,
  kAndLevel,
  kNotLevel,
  kComparisonLevel,
  kSumLevel,
  kProductLevel,
  kMinusLevel,
};

// An operator that waits for its right operand.
struct Pending {
  ExpressionStep step;
  Binding binding = kOpen;
};

struct Infix {
  std::string_view text;
  Operator what;
  Binding binding;
};

constexpr std::array<Infix, 13> kInfixes = {{
    {"or", Operator::kOr, kOrLevel},
    {"and", Operator::kAnd, kAndLevel},
    {"==", Operator::kEqual, kComparisonLevel},
    {"!=", Operator::kUnequal, kComparisonLevel},
    {"<", Operator::kLess, kComparisonLevel},
    {"<=", Operator::kLessEqual, kComparisonLevel},
    {">", Operator::kGreater, kComparisonLevel},
    {">=", Operator::kGreaterEqual, kComparisonLevel},
    {"+", Operator::kAdd, kSumLevel},
    {"-", Operator::kSubtract, kSumLevel},
    {"*", Operator::kMultiply, kProductLevel},
    {"/", Operator::kDivide, kProductLevel},
    {"%", Operator::kRemainder, kProductLevel},
}};

Error fault(const Token& token, const std::string& what) {
  return Error{Errc::kInvalidArgument, fmt::format("column {}: {}", token.column, what)};
}

std::string shown(const Token& token) {
  return token.kind == Token::Kind::kEnd ? token.text : fmt::format("'{}'", token.text);
}

// The state of one parse: what is written and what still waits.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<void> run() {
    while (true) {
      SWEEPD_TRY_VOID(operand());
      SWEEPD_TRY(const bool more, after_operand());
      if (!more) {
        return {};
      }
    }
  }

  std::vector<ExpressionStep> steps;
  std::vector<std::string> names;

 private:
  const Token& next() const { return tokens_[at_]; }

  bool next_is(std::string_view symbol) const {
    return next().kind == Token::Kind::kSymbol && next().text == symbol;
  }

  // Prefix operators and opening parentheses, then a literal or a name.
  Result<void> operand() {
    while (next_is("-") || next_is("not") || next_is("(")) {
      const Token& token = next();
      const Operator what = token.text == "-" ? Operator::kNegate : Operator::kNot;
      const Binding binding = token.text == "("   ? kOpen
                              : token.text == "-" ? kMinusLevel
                                                  : kNotLevel;
      waiting_.push_back({{what, token.column, 0, {}}, binding});
      ++at_;
    }
    const Token& token = next();
    if (token.kind == Token::Kind::kLiteral) {
      steps.push_back({Operator::kConstant, token.column, 0, {token.value}});
    } else if (token.kind == Token::Kind::kName) {
      steps.push_back({Operator::kName, token.column, index_of(token.text), {}});
    } else {
      return fault(token, fmt::format("expected a value, not {}", shown(token)));
    }
    ++at_;
    return {};
  }

  // Lists and closing parentheses, then an infix operator (true) or the end (false).
  Result<bool> after_operand() {
    while (true) {
      if (next().kind == Token::Kind::kEnd) {
        SWEEPD_TRY_VOID(finish());
        return false;
      }
      if (next_is(")")) {
        SWEEPD_TRY_VOID(close());
      } else if (next_is("in") || next_is("not")) {
        SWEEPD_TRY_VOID(membership());
      } else {
        SWEEPD_TRY_VOID(infix());
        return true;
      }
    }
  }

  Result<void> infix() {
    const Token& token = next();
    const auto found = std::find_if(kInfixes.begin(), kInfixes.end(), [&token](const Infix& infix) {
      return token.kind == Token::Kind::kSymbol && infix.text == token.text;
    });
    if (found == kInfixes.end()) {
      return fault(token, fmt::format("expected an operator, not {}", shown(token)));
    }
    SWEEPD_TRY_VOID(write_tighter(found->binding));
    waiting_.push_back({{found->what, token.column, 0, {}}, found->binding});
    ++at_;
    return {};
  }

  // `in [1, 2]` or `not in [1, 2]`: a postfix operator that carries its list.
  Result<void> membership() {
    ExpressionStep step{Operator::kIn, next().column, 0, {}};
    if (next_is("not")) {
      step.what = Operator::kNotIn;
      ++at_;
    }
    SWEEPD_TRY_VOID(expect("in"));
    SWEEPD_TRY_VOID(write_tighter(kComparisonLevel));
    SWEEPD_TRY_VOID(expect("["));
    while (true) {
      step.columns.push_back(next().column);
      SWEEPD_TRY(Value value, literal());
      step.values.push_back(std::move(value));
      if (!next_is(",")) {
        break;
      }
      ++at_;
    }
    SWEEPD_TRY_VOID(expect("]"));
    if (next().kind != Token::Kind::kEnd && !next_is(")") && !next_is("and") && !next_is("or")) {
      return fault(next(),
                   fmt::format("expected 'and' or 'or' after the list, not {}", shown(next())));
    }
    steps.push_back(std::move(step));
    return {};
  }

  Result<Value> literal() {
    const bool minus = next_is("-");
    at_ += minus ? 1 : 0;
    const Token& token = next();
    if (token.kind != Token::Kind::kLiteral) {
      return fault(token, fmt::format("expected a literal, not {}", shown(token)));
    }
    ++at_;
    if (!minus) {
      return token.value;
    }
    if (const auto* integer = std::get_if<std::int64_t>(&token.value)) {
      return Value(-*integer);
    }
    if (const auto* real = std::get_if<double>(&token.value)) {
      return Value(-*real);
    }
    return fault(token, "expected a number after '-'");
  }

  Result<void> expect(std::string_view symbol) {
    if (!next_is(symbol)) {
      return fault(next(), fmt::format("expected '{}', not {}", symbol, shown(next())));
    }
    ++at_;
    return {};
  }

  // Writes the waiting operators that bind at least as tightly as the one that comes.
  Result<void> write_tighter(Binding binding) {
    while (!waiting_.empty() && waiting_.back().binding >= binding) {
      if (binding == kComparisonLevel && waiting_.back().binding == kComparisonLevel) {
        return fault(next(), "comparisons cannot be chained: write 'a < b and b < c'");
      }
      write_last();
    }
    return {};
  }

  void write_last() {
    steps.push_back(std::move(waiting_.back().step));
    waiting_.pop_back();
  }

  Result<void> close() {
    while (!waiting_.empty() && waiting_.back().binding != kOpen) {
      write_last();
    }
    if (waiting_.empty()) {
      return fault(next(), "')' closes nothing");
    }
    waiting_.pop_back();
    ++at_;
    return {};
  }

  Result<void> finish() {
    while (!waiting_.empty()) {
      if (waiting_.back().binding == kOpen) {
        return Error{Errc::kInvalidArgument,
                     fmt::format("column {}: the '(' is not closed", waiting_.back().step.column)};
      }
      write_last();
    }
    return {};
  }

  std::size_t index_of(const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (found == names.end()) {
      names.push_back(name);
    }
    return index;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::vector<Pending> waiting_;
};

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
  SWEEPD_TRY(std::vector<Token> tokens, tokens_of(text));
  ExpressionParser parser(std::move(tokens));
  SWEEPD_TRY_VOID(parser.run());
  Expression expression;
  expression.steps_ = std::move(parser.steps);
  expression.names_ = std::move(parser.names);
  return expression;
}

}  // namespace sweepd::sweeps
