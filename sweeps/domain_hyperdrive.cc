// HyperDrive's parameter expressions with their exact meaning, unclipped quantisation included.
#include "sweeps/domain_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace sweepd::sweeps::parts {

namespace {

using Kind = Hyperdrive::Kind;

constexpr double kIntMax = 0x1p50;  // the quantised values that a u of 53 bits still tells apart

// The three questions that tell the kinds apart.
struct Traits {
  bool normal = false;
  bool log = false;
  bool quantised = false;
};

Traits traits_of(Kind kind) {
  switch (kind) {
    case Kind::kUniform:
      return {false, false, false};
    case Kind::kQuniform:
      return {false, false, true};
    case Kind::kLoguniform:
      return {false, true, false};
    case Kind::kQloguniform:
      return {false, true, true};
    case Kind::kNormal:
      return {true, false, false};
    case Kind::kQnormal:
      return {true, false, true};
    case Kind::kLognormal:
      return {true, true, false};
    case Kind::kQlognormal:
      return {true, true, true};
    case Kind::kRandint:
      return {};
  }
  return {};
}

bool known(Kind kind) {
  return kind >= Kind::kUniform && kind <= Kind::kRandint;
}

// The variate before it is rounded to multiples of q.
double unquantised(const Hyperdrive& expression, double u) {
  const Traits traits = traits_of(expression.kind);
  const double drawn =
      traits.normal ? normal_at({expression.a, expression.b}, u)
                    : std::min(expression.a + u * (expression.b - expression.a), expression.b);
  return traits.log ? std::exp(drawn) : drawn;
}

// The multiples of q that a bounded expression rounds to, as first and last factor.
struct Factors {
  double first = 0;
  double last = 0;
};

Factors factors_of(const Hyperdrive& expression) {
  const bool log = traits_of(expression.kind).log;
  const double low = log ? std::exp(expression.a) : expression.a;
  const double high = log ? std::exp(expression.b) : expression.b;
  const double first = std::nearbyint(low / expression.q);
  // The upper end itself is never drawn, so a half there counts down.
  return {first, std::max(first, std::ceil(high / expression.q - 0.5))};
}

std::int64_t multiple(const Hyperdrive& expression, double factor) {
  return static_cast<std::int64_t>(factor * expression.q);
}

// A number that rounds to this factor, inside the bounds: the middle of all that do.
double source_of(const Hyperdrive& expression, double factor) {
  const Traits traits = traits_of(expression.kind);
  if (traits.normal) {
    // exp of a normal is never 0, but what is below half a q becomes 0.
    return traits.log && factor == 0 ? expression.q / 4 : factor * expression.q;
  }
  const double low = traits.log ? std::exp(expression.a) : expression.a;
  const double high = traits.log ? std::exp(expression.b) : expression.b;
  return (std::max(low, (factor - 0.5) * expression.q) +
          std::min(high, (factor + 0.5) * expression.q)) /
         2;
}

double unit_of_source(const Hyperdrive& expression, double source) {
  const Traits traits = traits_of(expression.kind);
  const double drawn = traits.log ? std::log(source) : source;
  if (traits.normal) {
    return unit_of_normal({expression.a, expression.b}, drawn);
  }
  return expression.a == expression.b
             ? 0.5
             : std::clamp((drawn - expression.a) / (expression.b - expression.a), 0.0, 1.0);
}

Result<double> unit_of_randint(const Hyperdrive& expression, const Value& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || *number < 0 || static_cast<double>(*number) >= expression.a) {
    return not_in_domain(value, fmt::format("is not an integer in [0, {})", expression.a));
  }
  return (static_cast<double>(*number) + 0.5) / expression.a;
}

Result<double> unit_of_quantised(const Hyperdrive& expression, double number) {
  const double factor = std::nearbyint(number / expression.q);
  const Value value = number;
  if (factor * expression.q != number) {
    return not_in_domain(value, fmt::format("is not a multiple of {}", expression.q));
  }
  const Traits traits = traits_of(expression.kind);
  if (traits.normal
          ? traits.log && factor < 0
          : factor < factors_of(expression).first || factor > factors_of(expression).last) {
    return not_in_domain(value, "is outside the bounds");
  }
  return unit_of_source(expression, source_of(expression, factor));
}

}  // namespace

std::optional<std::uint64_t> count_of(const Hyperdrive& expression) {
  const Traits traits = traits_of(expression.kind);
  if (expression.kind == Kind::kRandint) {
    return static_cast<std::uint64_t>(expression.a);
  }
  if (traits.normal || !traits.quantised) {
    return std::nullopt;
  }
  const Factors factors = factors_of(expression);
  return static_cast<std::uint64_t>(factors.last - factors.first) + 1;
}

Value at_unit(const Hyperdrive& expression, double u) {
  if (expression.kind == Kind::kRandint) {
    return static_cast<std::int64_t>(std::min(u * expression.a, expression.a - 1));
  }
  const double value = unquantised(expression, u);
  if (traits_of(expression.kind).quantised) {
    return multiple(expression, std::nearbyint(value / expression.q));
  }
  return value;
}

Value at_index(const Hyperdrive& expression, std::uint64_t k) {
  if (expression.kind == Kind::kRandint) {
    return static_cast<std::int64_t>(k);
  }
  return multiple(expression, factors_of(expression).first + static_cast<double>(k));
}

Result<double> unit_of(const Hyperdrive& expression, const Value& value) {
  if (expression.kind == Kind::kRandint) {
    return unit_of_randint(expression, value);
  }
  const std::optional<double> number = number_in(value);
  if (!number || !std::isfinite(*number)) {
    return not_in_domain(value, "is not a finite number");
  }
  const Traits traits = traits_of(expression.kind);
  if (traits.quantised) {
    return unit_of_quantised(expression, *number);
  }
  if (traits.log && *number <= 0) {
    return not_in_domain(value, "is not above 0");
  }
  const double drawn = traits.log ? std::log(*number) : *number;
  // exp and log may be out by an ulp at the bounds.
  const double slack = traits.log ? 1e-12 : 0;
  if (!traits.normal && !(drawn >= expression.a - slack && drawn <= expression.b + slack)) {
    return not_in_domain(value, "is outside the bounds");
  }
  return unit_of_source(expression, *number);
}

Value spelled_by(const Hyperdrive& expression, const Value& value) {
  const double number = number_in(value).value_or(0);
  const bool whole = expression.kind == Kind::kRandint || traits_of(expression.kind).quantised;
  return whole ? Value(static_cast<std::int64_t>(number)) : Value(number);
}

namespace {

// What is wrong with the two arguments of all but randint.
Result<void> fault_in_arguments(const Hyperdrive& expression) {
  const Traits traits = traits_of(expression.kind);
  if (!std::isfinite(expression.a) || !std::isfinite(expression.b)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("{} and {} are not finite", expression.a, expression.b)};
  }
  if (traits.normal ? expression.b < 0 : expression.b < expression.a) {
    return Error{Errc::kInvalidArgument,
                 traits.normal ? fmt::format("the standard deviation {} is below 0", expression.b)
                               : fmt::format("the lower bound {} is above the upper bound {}",
                                             expression.a,
                                             expression.b)};
  }
  const bool in_reach =
      traits.normal
          ? fits({expression.a, expression.b}, traits.log)
          : fits({std::max(std::fabs(expression.a), std::fabs(expression.b)), 0}, traits.log) &&
                std::isfinite(expression.b - expression.a);
  if (!in_reach) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("the values of {} and {} do not fit a float{}",
                             expression.a,
                             expression.b,
                             traits.log ? ": they are exponents of e here" : "")};
  }
  return {};
}

}  // namespace

Result<void> fault_in(const Hyperdrive& expression) {
  if (!known(expression.kind)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("unknown expression {}", static_cast<int>(expression.kind))};
  }
  if (expression.kind == Kind::kRandint) {
    const bool good = expression.a >= 1 && expression.a <= kIntMax &&
                      std::nearbyint(expression.a) == expression.a;
    return good ? Result<void>()
                : Error{Errc::kInvalidArgument,
                        fmt::format("randint needs a whole number of 1 or more, not {}",
                                    expression.a)};
  }
  SWEEPD_TRY_VOID(fault_in_arguments(expression));
  if (!traits_of(expression.kind).quantised) {
    return {};
  }
  if (!(expression.q >= 1) || std::nearbyint(expression.q) != expression.q) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("q is a whole number of 1 or more, not {}", expression.q)};
  }
  const double low = std::fabs(unquantised(expression, 0));
  const double high = std::fabs(unquantised(expression, 1 - 0x1p-53));
  if (!(std::max(low, high) <= kIntMax)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("values up to {} are too large to be rounded to multiples of {}",
                             std::max(low, high),
                             expression.q)};
  }
  return {};
}

}  // namespace sweepd::sweeps::parts
