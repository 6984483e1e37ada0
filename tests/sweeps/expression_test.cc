// Tests of conditions over parameters.
#include "sweeps/expression.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace sweepd::sweeps {
namespace {

const Assignment kValues = {{"optimizer", std::string("sgd")},
                            {"width", std::int64_t{256}},
                            {"depth", std::int64_t{4}},
                            {"lr", 0.5},
                            {"nesterov", true},
                            {"weight-decay", 0.01},
                            {"opt.beta", 0.9}};

Truth truth(const std::string& text) {
  const Result<Expression> expression = Expression::parse(text);
  REQUIRE_MESSAGE(expression.ok(), text);
  return expression->evaluate(kValues);
}

std::string fault(const std::string& text) {
  const Result<Expression> expression = Expression::parse(text);
  REQUIRE_MESSAGE(!expression.ok(), text);
  CHECK_EQ(expression.error().code, Errc::kInvalidArgument);
  return expression.error().message;
}

void check_all(Truth expected, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    CAPTURE(text);
    CHECK(truth(text) == expected);
  }
}

TEST_CASE("expressions: comparisons, arithmetic and connectives mean what they say") {
  check_all(Truth::kTrue,
            {"optimizer == 'sgd'",
             "optimizer == \"sgd\"",
             "optimizer != 'adam'",
             "optimizer < 'tgd'",
             "width * depth <= 8192",
             "width <= 128 or depth <= 4",
             "width == 256.0",
             "width / 3 > 85.3",
             "width % 3 == 1",
             "-width % 3 == 2",
             "-1 % 4 == 3",
             "1 - 2 - 3 == -4",
             "2 + 3 * 4 == 14",
             "(2 + 3) * 4 == 20",
             "8 / 4 / 2 == 1",
             "-lr + 1 == lr",
             "- -lr == lr",
             "nesterov",
             "not nesterov or true",
             "nesterov == true",
             "not (width < 10 and depth < 10)",
             "not width < 10",
             "width in [128, 256]",
             "optimizer in ['sgd', 'adam'] and depth in [4]",
             "optimizer not in ['lion']",
             "width not in [-256, 1e3]",
             "not width in [1]",
             "`weight-decay` == 1e-2",
             "opt.beta >= .9",
             "lr <= 0.5 and lr >= 0.5",
             "((((width)))) == 256"});
  check_all(Truth::kFalse,
            {"optimizer == 'adam'",
             "width * depth <= 1023",
             "width < 256",
             "width > 256",
             "false or not true",
             "width in [255, 257]",
             "optimizer not in ['sgd']",
             "width / 0 < 1",
             "width % 0 == 0"});
}

TEST_CASE(
    "expressions: and binds tighter than or, not tighter than and, comparison tighter than not") {
  check_all(Truth::kTrue, {"true or true and false", "not false and true", "not 1 == 2"});
  check_all(Truth::kFalse, {"(true or true) and false", "not (false or true)", "not 1 == 1"});
}

TEST_CASE("expressions: large ints are compared as ints") {
  check_all(Truth::kTrue,
            {"9007199254740993 != 9007199254740992", "9007199254740992 < 9007199254740993"});
}

TEST_CASE("expressions: different kinds are unequal and have no order, and nonsense is false") {
  check_all(Truth::kTrue, {"optimizer != 1", "nesterov != 1", "optimizer not in [1, true]"});
  check_all(Truth::kFalse,
            {"optimizer == 1",
             "nesterov == 1",
             "optimizer < 1",
             "not optimizer < 1",
             "optimizer + 1 == 2",
             "not optimizer",
             "width",
             "optimizer or true",
             "true < nesterov"});
}

TEST_CASE("expressions: one that names an absent parameter is absent, whatever the rest says") {
  CHECK(truth("momentum > 0.5") == Truth::kAbsent);
  CHECK(truth("true or momentum > 0.5") == Truth::kAbsent);
}

TEST_CASE("expressions: names come in order of first mention, each once") {
  const Result<Expression> expression = Expression::parse("b < a and `c-d` == b or a in [1]");
  REQUIRE(expression.ok());
  CHECK_EQ(expression->names(), std::vector<std::string>{"b", "a", "c-d"});
}

TEST_CASE("expressions: a fault names its column and what to write") {
  CHECK_EQ(fault(""), "column 1: expected a value, not the end");
  CHECK_EQ(fault("a = 1"), "column 3: write '==' here");
  CHECK_EQ(fault("a && b"), "column 3: write 'and' here");
  CHECK_EQ(fault("!a"), "column 1: write 'not' here");
  CHECK_EQ(fault("a < b < c"), "column 7: comparisons cannot be chained: write 'a < b and b < c'");
  CHECK_EQ(fault("a in [1] == true"), "column 10: expected 'and' or 'or' after the list, not '=='");
  CHECK_EQ(fault("a in [1] + 2"), "column 10: expected 'and' or 'or' after the list, not '+'");
  CHECK_EQ(fault("a == 1 in [true]"),
           "column 11: comparisons cannot be chained: write 'a < b and b < c'");
  CHECK_EQ(fault("(a == 1"), "column 1: the '(' is not closed");
  CHECK_EQ(fault("a == 1)"), "column 7: ')' closes nothing");
  CHECK_EQ(fault("a == 'x"), "column 6: the ' is not closed");
  CHECK_EQ(fault("a == `x"), "column 6: the ` is not closed");
  CHECK_EQ(fault("a b"), "column 3: expected an operator, not 'b'");
  CHECK_EQ(fault("a == == 1"), "column 6: expected a value, not '=='");
  CHECK_EQ(fault("a in [b]"), "column 7: expected a literal, not 'b'");
  CHECK_EQ(fault("a in []"), "column 7: expected a literal, not ']'");
  CHECK_EQ(fault("a in [1"), "column 8: expected ']', not the end");
  CHECK_EQ(fault("a in 1"), "column 6: expected '[', not '1'");
  CHECK_EQ(fault("a not 1"), "column 7: expected 'in', not '1'");
  CHECK_EQ(fault("a in [-'x']"), "column 8: expected a number after '-'");
  CHECK_EQ(fault("a == 1.2.3"), "column 6: not a number that can be read");
  CHECK_EQ(fault("a == 0x10"), "column 6: not a number that can be read");
  CHECK_EQ(fault("a == 1e999"), "column 6: not a number that can be read");
  CHECK_EQ(fault("a == $b"), "column 6: a byte that belongs to no expression");
  CHECK_EQ(fault("a ** 2 == 4"), "column 4: expected a value, not '*'");
}

TEST_CASE(
    "expressions: cut off anywhere, or nested deeply, they are refused or read, never worse") {
  const std::string text = "not (`a-b` * 2 <= -1.5e3 or c in ['x', -2]) and d != true";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    static_cast<void>(Expression::parse(text.substr(0, length)));
    static_cast<void>(Expression::parse(text.substr(length)));
  }
  const std::string deep(100'000, '(');
  CHECK_EQ(fault(deep), "column 100001: expected a value, not the end");
  CHECK(truth(std::string(50'000, '(') + "nesterov" + std::string(50'000, ')')) == Truth::kTrue);
  CHECK(truth(std::string(400'002, ' ').replace(0, 8, "nesterov")) == Truth::kTrue);
}

std::string kind_fault(const std::string& text, const std::vector<Kinds>& kinds) {
  const Result<Expression> expression = Expression::parse(text);
  REQUIRE_MESSAGE(expression.ok(), text);
  const Result<void> checked = expression->check(kinds);
  return checked.ok() ? "" : checked.error().message;
}

TEST_CASE("expressions: kinds that can never fit are found before any value is known") {
  const Kinds number = {false, true, false};
  const Kinds text = {false, false, true};
  const Kinds boolean = {true, false, false};
  const Kinds either = {false, true, true};
  CHECK_EQ(kind_fault("a + 1 < 2", {number}), "");
  CHECK_EQ(kind_fault("a == 'auto' or a == 3", {either}), "");
  CHECK_EQ(kind_fault("not a and b in ['x']", {boolean, text}), "");
  CHECK_EQ(kind_fault("a + 1 < 2", {text}), "column 3: needs a number here, not text");
  CHECK_EQ(kind_fault("a < 2", {text}), "column 3: cannot compare text with a number");
  CHECK_EQ(kind_fault("a == 2", {text}), "column 3: cannot compare text with a number");
  CHECK_EQ(kind_fault("a < true", {boolean}),
           "column 3: cannot compare true or false with true or false");
  CHECK_EQ(kind_fault("a in [1, 'x']", {number}), "column 3: a number can never be x");
  CHECK_EQ(kind_fault("not a", {number}), "column 1: needs true or false here, not a number");
  CHECK_EQ(kind_fault("a and a > 1", {number}), "column 3: needs true or false here, not a number");
  CHECK_EQ(kind_fault("a + 1", {number}), "gives a number, not true or false");
  CHECK_EQ(kind_fault("a", {either}), "gives a number or text, not true or false");
}

}  // namespace
}  // namespace sweepd::sweeps
