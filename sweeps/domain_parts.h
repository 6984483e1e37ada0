// What each kind of domain does for the functions of domain.h: six overloads per alternative.
#pragma once

#include "sweeps/domain.h"

#include <string>

namespace sweepd::sweeps::parts {

// All take a valid domain; u lies in [0, 1).
std::optional<std::uint64_t> count_of(const FloatRange& range);
std::optional<std::uint64_t> count_of(const IntRange& range);
std::optional<std::uint64_t> count_of(const Normal& normal);
std::optional<std::uint64_t> count_of(const Choice& choice);
std::optional<std::uint64_t> count_of(const Hyperdrive& expression);

Value at_unit(const FloatRange& range, double u);
Value at_unit(const IntRange& range, double u);
Value at_unit(const Normal& normal, double u);
Value at_unit(const Choice& choice, double u);
Value at_unit(const Hyperdrive& expression, double u);

// k < count_of, which is not empty.
Value at_index(const FloatRange& range, std::uint64_t k);
Value at_index(const IntRange& range, std::uint64_t k);
Value at_index(const Normal& normal, std::uint64_t k);
Value at_index(const Choice& choice, std::uint64_t k);
Value at_index(const Hyperdrive& expression, std::uint64_t k);

// The result may touch 1; the caller brings it back below.
Result<double> unit_of(const FloatRange& range, const Value& value);
Result<double> unit_of(const IntRange& range, const Value& value);
Result<double> unit_of(const Normal& normal, const Value& value);
Result<double> unit_of(const Choice& choice, const Value& value);
Result<double> unit_of(const Hyperdrive& expression, const Value& value);

// The value is in the domain.
Value spelled_by(const FloatRange& range, const Value& value);
Value spelled_by(const IntRange& range, const Value& value);
Value spelled_by(const Normal& normal, const Value& value);
Value spelled_by(const Choice& choice, const Value& value);
Value spelled_by(const Hyperdrive& expression, const Value& value);

// Of any domain, valid or not.
Result<void> fault_in(const FloatRange& range);
Result<void> fault_in(const IntRange& range);
Result<void> fault_in(const Normal& normal);
Result<void> fault_in(const Choice& choice);
Result<void> fault_in(const Hyperdrive& expression);

// --- shared by the alternatives ---

// "0.5 is outside [1, 2]"
Error not_in_domain(const Value& value, const std::string& why);

// The mean + sd·z where u of the standard normal distribution lies below z, and the way back.
struct MeanSd {
  double mean = 0;
  double sd = 1;
};

double normal_at(const MeanSd& normal, double u);
double unit_of_normal(const MeanSd& normal, double value);

// Whether all values of the normal, or of exp of it, fit a double.
bool fits(const MeanSd& normal, bool log);

// The decimal of at most 12 digits that x misses by rounding alone (an error of `slack`), else x;
// never -0.
double decimal(double x, double slack);

}  // namespace sweepd::sweeps::parts
