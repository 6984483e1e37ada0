// The domains of parameters, and the way from the unit interval to values and back.
#include "sweeps/domain.h"

#include "sweeps/domain_parts.h"

#include <algorithm>

namespace sweepd::sweeps {

// The generic lambdas only pick the overload of the alternative: a new one without its functions
// does not compile.

std::optional<std::uint64_t> cardinality(const Domain& domain) {
  return std::visit([](const auto& d) { return parts::count_of(d); }, domain);
}

namespace {

// The nearest position in [0, 1): the largest double below 1 is 1 - 2^-53.
double inside(double u) {
  return u > 0 ? std::min(u, 1 - 0x1p-53) : 0;
}

}  // namespace

Value from_unit(const Domain& domain, double u) {
  return std::visit([u](const auto& d) { return parts::at_unit(d, inside(u)); }, domain);
}

Result<double> to_unit(const Domain& domain, const Value& value) {
  SWEEPD_TRY(const double unit,
             std::visit([&value](const auto& d) { return parts::unit_of(d, value); }, domain));
  return inside(unit);
}

Value nth_value(const Domain& domain, std::uint64_t k) {
  return std::visit([k](const auto& d) { return parts::at_index(d, k); }, domain);
}

Value canonical(const Domain& domain, const Value& value) {
  return std::visit([&value](const auto& d) { return parts::spelled_by(d, value); }, domain);
}

Result<void> validate(const Domain& domain) {
  return std::visit([](const auto& d) { return parts::fault_in(d); }, domain);
}

std::optional<double> number_in(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*integer);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return *number;
  }
  return std::nullopt;
}

}  // namespace sweepd::sweeps
