// Native distributions of [space], and which distribution an entry names.
#include "sweeps/sweep_file_domain.h"

#include "base/counted.h"
#include "base/nearest.h"
#include "sweeps/foreign_words.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace sweepd::sweeps {
namespace {

// Keys that stand beside the distribution.
constexpr std::string_view kModifiers[] = {"step", "when", "initial", "weights"};

bool is_modifier(std::string_view key) {
  return std::find(std::begin(kModifiers), std::end(kModifiers), key) != std::end(kModifiers);
}

bool is_name(const std::vector<std::string>& names, std::string_view key) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

// A number as a person writes it: 0.1, 10.
std::string written(double number) {
  return fmt::format("{}", number);
}

// The bound as a power of ten when it looks like an exponent: -5 -> "1e-5".
std::string power_of_ten(double exponent) {
  return exponent == std::floor(exponent) ? fmt::format("1e{}", static_cast<int>(exponent))
                                          : fmt::format("{:.2g}", std::pow(10.0, exponent));
}

std::string log_bounds_help(double low, double high) {
  const bool exponents = low < 0 && low >= -300 && high <= 300 && low < high;
  if (exponents) {
    return fmt::format("bounds are the real values ({}), not exponents ({}): write [{}, {}]",
                       power_of_ten(low),
                       written(low),
                       power_of_ten(low),
                       power_of_ten(high));
  }
  return "a logarithmic range cannot reach 0: begin at a small value like 1e-6";
}

const TomlValue& argument(const TomlEntry& distribution, std::size_t index) {
  return std::get<TomlArray>(distribution.value.data).items[index];
}

// Both bounds in order, above 0 for a logarithm.
bool check_bounds(const TomlEntry& entry, double low, double high, Faults& faults) {
  const bool log = entry.key == "log_uniform" || entry.key == "log_int";
  if (log && low <= 0) {
    faults.error(argument(entry, 0).place,
                 fmt::format("`{}` needs a lower bound > 0, got {}", entry.key, written(low)),
                 log_bounds_help(low, high));
    return false;
  }
  if (low > high) {
    faults.error(entry.value.place,
                 fmt::format("`{}` has its bounds in the wrong order", entry.key),
                 fmt::format("write [{}, {}]", written(high), written(low)));
    return false;
  }
  return true;
}

std::optional<double> read_step(const TomlTable& table, Faults& faults, bool& failed) {
  const TomlEntry* entry = find_entry(table, "step");
  if (entry == nullptr) {
    return std::nullopt;
  }
  const auto step = as_number(entry->value);
  if (!step || *step <= 0) {
    failed = true;
    if (step) {
      faults.error(entry->value.place,
                   fmt::format("`step` must be above 0, got {}", written(*step)));
    } else {
      wrong_kind(*entry, "a number", "", faults);
    }
  }
  return step;
}

std::optional<Domain> read_float_range(const TomlTable& table,
                                       const TomlEntry& entry,
                                       Faults& faults) {
  const auto bounds = read_arguments(entry, 2, faults);
  bool failed = false;
  FloatRange range;
  range.step = read_step(table, faults, failed);
  if (!bounds || !check_bounds(entry, (*bounds)[0], (*bounds)[1], faults) || failed) {
    return std::nullopt;
  }
  range.low = (*bounds)[0];
  range.high = (*bounds)[1];
  range.log = entry.key == "log_uniform";
  return range;
}

std::optional<Domain> read_normal(const TomlTable& table, const TomlEntry& entry, Faults& faults) {
  const auto arguments = read_arguments(entry, 2, faults);
  bool failed = false;
  Normal normal;
  normal.step = read_step(table, faults, failed);
  if (!arguments || failed) {
    return std::nullopt;
  }
  normal.mean = (*arguments)[0];
  normal.sd = (*arguments)[1];
  normal.log = entry.key == "log_normal";
  if (normal.sd <= 0) {
    faults.error(
        argument(entry, 1).place,
        fmt::format("`{}` needs a standard deviation > 0, got {}", entry.key, written(normal.sd)),
        "the two numbers are the mean and the standard deviation");
    return std::nullopt;
  }
  return normal;
}

// The whole number; says so when it is none.
std::optional<std::int64_t> read_whole(const TomlValue& value,
                                       std::string_view of,
                                       Faults& faults) {
  if (const auto* whole = std::get_if<std::int64_t>(&value.data)) {
    return *whole;
  }
  const auto number = as_number(value);
  const bool is_whole = number && *number == std::floor(*number) && std::abs(*number) < 1e15;
  faults.error(value.place,
               number ? fmt::format("`{}` takes whole numbers, got {}", of, to_text(Value{*number}))
                      : fmt::format("`{}` takes whole numbers, not {}", of, kind_name(value)),
               is_whole ? fmt::format("write {}", static_cast<std::int64_t>(*number))
                        : std::string("`uniform` takes numbers with a fraction"));
  return std::nullopt;
}

// 1 when there is none, 0 after a fault.
std::int64_t read_whole_step(const TomlTable& table, Faults& faults) {
  const TomlEntry* entry = find_entry(table, "step");
  if (entry == nullptr) {
    return 1;
  }
  const std::optional<std::int64_t> step = read_whole(entry->value, "step", faults);
  if (step && *step < 1) {
    faults.error(entry->value.place, fmt::format("`step` must be above 0, got {}", *step));
  }
  return std::max<std::int64_t>(step.value_or(0), 0);
}

std::optional<Domain> read_int_range(const TomlTable& table,
                                     const TomlEntry& entry,
                                     Faults& faults) {
  if (!read_arguments(entry, 2, faults)) {
    return std::nullopt;
  }
  const auto low = read_whole(argument(entry, 0), entry.key, faults);
  const auto high = read_whole(argument(entry, 1), entry.key, faults);
  const std::int64_t step = read_whole_step(table, faults);
  if (!low || !high || step < 1 ||
      !check_bounds(entry, static_cast<double>(*low), static_cast<double>(*high), faults)) {
    return std::nullopt;
  }
  IntRange range;
  range.low = *low;
  range.high = *high;
  range.log = entry.key == "log_int";
  range.step = step;
  return range;
}

// `step` and `weights` beside a distribution that has no use for them.
bool check_modifiers(const TomlTable& table, const TomlEntry& distribution, Faults& faults) {
  const bool is_choice = distribution.key == "choice";
  const TomlEntry* useless = find_entry(table, is_choice ? "step" : "weights");
  if (useless != nullptr) {
    faults.error(useless->place,
                 fmt::format("`{}` does not go with `{}`", useless->key, distribution.key),
                 is_choice ? "list the values" : "weights belong to a choice");
  }
  return useless == nullptr;
}

constexpr std::string_view kTakesHyperdrive =
    "compat = \"hyperdrive\" in [space] takes HyperDrive's expressions";

// Whether a distribution has arguments that only HyperDrive's has: logarithms as bounds, one bound.
bool speaks_hyperdrive(const TomlEntry& entry) {
  const auto* list = std::get_if<TomlArray>(&entry.value.data);
  if (entry.key == "randint") {
    return list == nullptr || list->items.size() == 1;
  }
  const auto low =
      list == nullptr || list->items.empty() ? std::nullopt : as_number(list->items[0]);
  return entry.key.find("loguniform") != std::string::npos && low && *low <= 0;
}

std::string unknown_help(const TomlEntry& parameter,
                         const TomlEntry& entry,
                         bool hyperdrive,
                         bool is_inline) {
  if (hyperdrive && is_name(distribution_names(false), entry.key)) {
    return "with compat = \"hyperdrive\" the distributions are HyperDrive's: loguniform, quniform, "
           "…";
  }
  const bool is_value = is_inline || !std::holds_alternative<TomlTable>(entry.value.data);
  if (!hyperdrive && is_value) {
    if (const auto ours = our_distribution(entry.key)) {
      return std::string(speaks_hyperdrive(entry) ? kTakesHyperdrive : *ours);
    }
  }
  std::vector<std::string> known = distribution_names(hyperdrive);
  known.insert(known.end(), std::begin(kModifiers), std::end(kModifiers));
  if (const auto close = nearest(entry.key, known)) {
    return fmt::format("did you mean `{}`?", *close);
  }
  if (!is_inline) {
    return fmt::format(
        "a name with a dot stands in quotes: \"{}.{}\" = …", parameter.key, entry.key);
  }
  std::string list;
  for (const std::string& name : distribution_names(hyperdrive)) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return "there are " + list;
}

// The one entry that names a distribution; null after a fault.
const TomlEntry* find_distribution(const TomlEntry& parameter,
                                   const TomlTable& table,
                                   bool hyperdrive,
                                   Faults& faults) {
  const TomlEntry* found = nullptr;
  bool failed = false;
  bool part_told = false;
  for (const TomlEntry& entry : table.entries) {
    if (is_modifier(entry.key)) {
      continue;
    }
    if (!is_name(distribution_names(hyperdrive), entry.key)) {
      // `min` and `max` are one mistake.
      if (is_part_of_distribution(entry.key) && std::exchange(part_told, true)) {
        continue;
      }
      faults.error(
          entry.place,
          fmt::format("unknown distribution `{}` for parameter `{}`", entry.key, parameter.key),
          unknown_help(parameter, entry, hyperdrive, table.is_inline));
      failed = true;
    } else if (found != nullptr) {
      faults.error(entry.place,
                   fmt::format("parameter `{}` has two distributions, `{}` and `{}`",
                               parameter.key,
                               found->key,
                               entry.key),
                   "leave one of them out");
      failed = true;
    } else {
      found = &entry;
    }
  }
  if (found == nullptr && !failed) {
    faults.error(parameter.value.place,
                 fmt::format("parameter `{}` has no distribution", parameter.key),
                 "for example { uniform = [0, 1] } or { choice = [1, 2] }");
  }
  return failed ? nullptr : found;
}

// A text that another program would read as a distribution: "uniform(0, 1)", "tune.randint(1, 5)".
void warn_of_call(const TomlValue& value, Faults& faults) {
  const auto* text = std::get_if<std::string>(&value.data);
  const std::size_t open = text == nullptr ? std::string::npos : text->find('(');
  if (open == std::string::npos || text->back() != ')') {
    return;
  }
  const std::string callee = text->substr(0, open);
  const std::string name = callee.substr(callee.rfind('.') + 1);
  if (!is_foreign_function(name)) {
    return;
  }
  const bool native = is_name(distribution_names(false), name);
  const auto ours = our_distribution(name);
  if (native || ours) {
    faults.warning(value.place,
                   fmt::format("\"{}\" is a constant text", *text),
                   native ? fmt::format("a distribution is written {{ {} = [1, 2] }}", name)
                          : std::string(*ours));
  }
}

}  // namespace

const std::vector<std::string>& distribution_names(bool hyperdrive) {
  static const std::vector<std::string> kNative = {
      "uniform", "log_uniform", "int", "log_int", "normal", "log_normal", "choice"};
  static const std::vector<std::string> kHyperdrive = {"choice",
                                                       "randint",
                                                       "uniform",
                                                       "quniform",
                                                       "loguniform",
                                                       "qloguniform",
                                                       "normal",
                                                       "qnormal",
                                                       "lognormal",
                                                       "qlognormal"};
  return hyperdrive ? kHyperdrive : kNative;
}

std::optional<std::vector<double>> read_arguments(const TomlEntry& distribution,
                                                  std::size_t count,
                                                  Faults& faults) {
  const auto* list = std::get_if<TomlArray>(&distribution.value.data);
  if (list == nullptr) {
    wrong_kind(distribution, fmt::format("a list of {}", counted(count, "number")), "", faults);
    return std::nullopt;
  }
  if (list->items.size() != count) {
    faults.error(distribution.value.place,
                 fmt::format("`{}` needs {}, got {}",
                             distribution.key,
                             counted(count, "number"),
                             list->items.size()));
    return std::nullopt;
  }
  std::vector<double> arguments;
  for (const TomlValue& item : list->items) {
    const auto number = as_number(item);
    if (!number) {
      faults.error(
          item.place,
          std::holds_alternative<double>(item.data)
              ? fmt::format("`{}` needs finite numbers", distribution.key)
              : fmt::format("`{}` needs numbers, not {}", distribution.key, kind_name(item)));
      return std::nullopt;
    }
    arguments.push_back(*number);
  }
  return arguments;
}

std::optional<Domain> read_domain(const TomlEntry& parameter, bool hyperdrive, Faults& faults) {
  if (std::holds_alternative<TomlArray>(parameter.value.data)) {
    return read_list(parameter, faults);
  }
  const auto* table = std::get_if<TomlTable>(&parameter.value.data);
  if (table == nullptr) {
    auto constant = read_scalar(parameter.value, parameter.key, faults);
    warn_of_call(parameter.value, faults);
    return constant ? std::optional<Domain>(Choice{{std::move(*constant)}, {}}) : std::nullopt;
  }
  const TomlEntry* distribution = find_distribution(parameter, *table, hyperdrive, faults);
  if (distribution == nullptr || !check_modifiers(*table, *distribution, faults)) {
    return std::nullopt;
  }
  const std::string& name = distribution->key;
  if (name == "choice") {
    return read_choice(*table, *distribution, parameter.key, faults);
  }
  if (hyperdrive) {
    if (const TomlEntry* step = find_entry(*table, "step")) {
      faults.error(step->place,
                   "HyperDrive's expressions have no `step`",
                   "the third argument of quniform, qnormal, … is the step");
      return std::nullopt;
    }
    return read_hyperdrive(*distribution, faults);
  }
  if (name == "uniform" || name == "log_uniform") {
    return read_float_range(*table, *distribution, faults);
  }
  if (name == "int" || name == "log_int") {
    return read_int_range(*table, *distribution, faults);
  }
  return read_normal(*table, *distribution, faults);
}

}  // namespace sweepd::sweeps
