// Domains that are normal variates or exp of them.
#include "base/check.h"
#include "base/rng.h"
#include "sweeps/domain_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace sweepd::sweeps::parts {

double normal_at(const MeanSd& normal, double u) {
  // Zero has no quantile; half a step of u further it has.
  return normal.mean + normal.sd * normal_quantile(std::max(u, 0x1p-54));
}

double unit_of_normal(const MeanSd& normal, double value) {
  if (normal.sd == 0) {
    return 0.5;
  }
  const double z = (value - normal.mean) / normal.sd;
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

bool fits(const MeanSd& normal, bool log) {
  constexpr double kSdsMax = 9;         // no u of 53 bits is further out than 8.3
  constexpr double kLogOverflow = 709;  // exp of more is infinite
  const double furthest = std::fabs(normal.mean) + kSdsMax * normal.sd;
  return std::isfinite(furthest) && (!log || furthest < kLogOverflow);
}

std::optional<std::uint64_t> count_of(const Normal&) {
  return std::nullopt;
}

namespace {

double multiple_near(double value, double step) {
  const double multiple = std::nearbyint(value / step) * step;
  return decimal(multiple, std::fabs(multiple) * 0x1p-52);
}

}  // namespace

Value at_unit(const Normal& normal, double u) {
  const double drawn = normal_at({normal.mean, normal.sd}, u);
  const double value = normal.log ? std::exp(drawn) : drawn;
  return normal.step ? multiple_near(value, *normal.step) : value;
}

Value at_index(const Normal&, std::uint64_t) {
  check_failed("a normal variate has no k-th value", __FILE__, __LINE__);
}

Result<double> unit_of(const Normal& normal, const Value& value) {
  const std::optional<double> number = number_in(value);
  if (!number || !std::isfinite(*number)) {
    return not_in_domain(value, "is not a finite number");
  }
  if (normal.step &&
      std::fabs(multiple_near(*number, *normal.step) - *number) > 1e-9 * *normal.step) {
    return not_in_domain(value, fmt::format("is not a multiple of {}", *normal.step));
  }
  if (!normal.log) {
    return unit_of_normal({normal.mean, normal.sd}, *number);
  }
  // What is rounded to zero lies below half a step.
  const double positive = *number == 0 && normal.step ? *normal.step / 4 : *number;
  if (positive <= 0) {
    return not_in_domain(value, "is not above 0");
  }
  return unit_of_normal({normal.mean, normal.sd}, std::log(positive));
}

Value spelled_by(const Normal& normal, const Value& value) {
  const double number = number_in(value).value_or(normal.mean);
  return normal.step ? multiple_near(number, *normal.step) : number;
}

Result<void> fault_in(const Normal& normal) {
  if (!std::isfinite(normal.mean) || !std::isfinite(normal.sd) || normal.sd < 0) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("a normal needs a finite mean and a standard deviation of 0 or more, "
                             "not {} and {}",
                             normal.mean,
                             normal.sd)};
  }
  if (!fits({normal.mean, normal.sd}, normal.log)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("values of the normal with mean {} and standard deviation {} do not "
                             "fit a float",
                             normal.mean,
                             normal.sd)};
  }
  // Multiples beyond 2^52 steps are no longer apart from each other.
  const double widest =
      normal.log ? std::exp(normal.mean + 9 * normal.sd) : std::fabs(normal.mean) + 9 * normal.sd;
  if (normal.step && !(*normal.step > 0 && widest / *normal.step < 0x1p52)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("the step {} is not above 0, or too small", *normal.step)};
  }
  return {};
}

}  // namespace sweepd::sweeps::parts
