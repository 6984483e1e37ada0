// Lists of values, plain or weighted, and constants.
#include "base/limits.h"
#include "sweeps/sweep_file_domain.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace sweepd::sweeps {
namespace {

std::optional<std::vector<double>> read_weights(const TomlEntry& entry,
                                                std::size_t count,
                                                Faults& faults) {
  const auto weights = read_arguments(entry, count, faults);
  if (!weights) {
    return std::nullopt;
  }
  double sum = 0;
  for (std::size_t i = 0; i < weights->size(); ++i) {
    sum += (*weights)[i];
    if ((*weights)[i] < 0) {
      faults.error(std::get<TomlArray>(entry.value.data).items[i].place,
                   fmt::format("a weight cannot be below 0, got {}", (*weights)[i]));
      return std::nullopt;
    }
  }
  if (sum <= 0) {
    faults.error(entry.value.place, "the weights are all 0", "give one of them a positive weight");
    return std::nullopt;
  }
  return weights;
}

std::optional<Choice> read_values(const TomlArray& list,
                                  const Place& place,
                                  std::string_view name,
                                  Faults& faults) {
  Choice choice;
  bool failed = false;
  if (list.items.empty() || list.items.size() > limits::kChoicesMax) {
    faults.error(place,
                 list.items.empty() ? fmt::format("parameter `{}` has no value to choose", name)
                                    : fmt::format("parameter `{}` has {} values, more than {}",
                                                  name,
                                                  list.items.size(),
                                                  limits::kChoicesMax));
    return std::nullopt;
  }
  for (const TomlValue& item : list.items) {
    auto value = read_scalar(item, name, faults);
    failed = failed || !value;
    if (value &&
        std::find(choice.values.begin(), choice.values.end(), *value) != choice.values.end()) {
      faults.error(item.place,
                   fmt::format("parameter `{}` lists {} twice", name, to_text(*value)),
                   "`weights` make a value more likely");
      failed = true;
    }
    if (value) {
      choice.values.push_back(std::move(*value));
    }
  }
  return failed ? std::nullopt : std::optional(std::move(choice));
}

}  // namespace

std::optional<Value> read_scalar(const TomlValue& value, std::string_view name, Faults& faults) {
  if (const auto* boolean = std::get_if<bool>(&value.data)) {
    return *boolean;
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value.data)) {
    return *whole;
  }
  if (const auto* real = std::get_if<double>(&value.data);
      real != nullptr && std::isfinite(*real)) {
    return *real;
  }
  if (std::holds_alternative<std::string>(value.data)) {
    auto text = plain_text(value, name, faults);
    return text ? std::optional<Value>(std::move(*text)) : std::nullopt;
  }
  if (std::holds_alternative<TomlTable>(value.data)) {
    faults.error(
        value.place,
        "a table as a choice (a conditional space) is not available in this version of sweepd",
        "give the parameters of a branch a `when`");
  } else {
    const bool infinite = std::holds_alternative<double>(value.data);
    faults.error(value.place,
                 fmt::format("parameter `{}` cannot have {} as a value",
                             name,
                             infinite ? "a number that is not finite" : kind_name(value)),
                 infinite ? "" : "a value is text, a number, true or false");
  }
  return std::nullopt;
}

std::optional<Domain> read_list(const TomlEntry& parameter, Faults& faults) {
  auto choice = read_values(
      std::get<TomlArray>(parameter.value.data), parameter.value.place, parameter.key, faults);
  return choice ? std::optional<Domain>(std::move(*choice)) : std::nullopt;
}

std::optional<Domain> read_choice(const TomlTable& table,
                                  const TomlEntry& entry,
                                  std::string_view name,
                                  Faults& faults) {
  const auto* list = std::get_if<TomlArray>(&entry.value.data);
  if (list == nullptr) {
    wrong_kind(entry, "a list", "write choice = [1, 2]", faults);
    return std::nullopt;
  }
  auto choice = read_values(*list, entry.value.place, name, faults);
  if (const TomlEntry* weights = find_entry(table, "weights")) {
    auto numbers = read_weights(*weights, list->items.size(), faults);
    if (!numbers) {
      return std::nullopt;
    }
    if (choice) {
      choice->weights = std::move(*numbers);
    }
  }
  return choice ? std::optional<Domain>(std::move(*choice)) : std::nullopt;
}

}  // namespace sweepd::sweeps
