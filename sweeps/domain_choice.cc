// Domains that list their values.
#include "base/counted.h"
#include "base/limits.h"
#include "sweeps/domain_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>

namespace sweepd::sweeps::parts {

namespace {

double total_weight(const Choice& choice) {
  double total = 0;
  for (const double weight : choice.weights) {
    total += weight;
  }
  return total;
}

Result<void> fault_in_weights(const Choice& choice) {
  if (choice.weights.empty()) {
    return {};
  }
  if (choice.weights.size() != choice.values.size()) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("{} for {}",
                             counted(choice.weights.size(), "weight"),
                             counted(choice.values.size(), "value"))};
  }
  const double total = total_weight(choice);
  for (const double weight : choice.weights) {
    // No u of 53 bits hits a smaller share for sure.
    constexpr double kShareMin = 1e-12;
    if (!std::isfinite(total) || !(weight > 0) || weight < total * kShareMin) {
      return Error{
          Errc::kInvalidArgument,
          fmt::format("the weight {} is not a share of the weights' sum {}", weight, total)};
    }
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> count_of(const Choice& choice) {
  return choice.values.size();
}

Value at_unit(const Choice& choice, double u) {
  const std::size_t count = choice.values.size();
  if (choice.weights.empty()) {
    const auto index = static_cast<std::size_t>(u * static_cast<double>(count));
    return choice.values[std::min(index, count - 1)];
  }
  const double sought = u * total_weight(choice);
  double passed = 0;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    passed += choice.weights[i];
    if (sought < passed) {
      return choice.values[i];
    }
  }
  return choice.values.back();
}

Value at_index(const Choice& choice, std::uint64_t k) {
  return choice.values[k];
}

Result<double> unit_of(const Choice& choice, const Value& value) {
  const auto found = std::find(choice.values.begin(), choice.values.end(), value);
  if (found == choice.values.end()) {
    return not_in_domain(value, "is not one of the choices");
  }
  const auto index = static_cast<std::size_t>(found - choice.values.begin());
  if (choice.weights.empty()) {
    return (static_cast<double>(index) + 0.5) / static_cast<double>(choice.values.size());
  }
  double passed = 0;
  for (std::size_t i = 0; i < index; ++i) {
    passed += choice.weights[i];
  }
  return (passed + choice.weights[index] / 2) / total_weight(choice);
}

Value spelled_by(const Choice&, const Value& value) {
  return value;
}

Result<void> fault_in(const Choice& choice) {
  if (choice.values.empty()) {
    return Error{Errc::kInvalidArgument, "there is nothing to choose from"};
  }
  if (choice.values.size() > limits::kChoicesMax) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format(
            "{} choices, at most {} are allowed", choice.values.size(), limits::kChoicesMax)};
  }
  std::set<Value> seen;
  for (const Value& value : choice.values) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && std::isnan(*number)) {
      return Error{Errc::kInvalidArgument, "nan cannot be a choice"};
    }
    if (!seen.insert(value).second) {
      return Error{Errc::kInvalidArgument,
                   fmt::format("the choice {} stands twice", to_text(value))};
    }
  }
  return fault_in_weights(choice);
}

}  // namespace sweepd::sweeps::parts
