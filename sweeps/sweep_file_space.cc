// [space]: parameters, their conditions, and the constraints of [search] that speak about them.
#include "base/limits.h"
#include "base/nearest.h"
#include "sweeps/expression.h"
#include "sweeps/sweep_file_domain.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

constexpr std::string_view kCompat = "compat";
constexpr std::size_t kNameBytesMax = 128;
// Names that mean something else in a command.
constexpr std::string_view kReserved[] = {"args", "trial.id", "sweep.id"};

bool is_setting(const TomlEntry& entry) {
  return entry.key == kCompat;
}

// Whether [space] asks for HyperDrive's expressions.
bool read_compat(const TomlTable& table, Faults& faults) {
  enum class Compat { kNative, kHyperdrive };
  Compat compat = Compat::kNative;
  Fields(&table, faults).word<Compat>(kCompat, compat, {{"hyperdrive", Compat::kHyperdrive}});
  return compat == Compat::kHyperdrive;
}

bool check_name(const TomlEntry& entry, Faults& faults) {
  const std::string& name = entry.key;
  const auto is_forbidden = [](char byte) {
    return static_cast<unsigned char>(byte) <= 0x20U || byte == '}' || byte == '{' || byte == '=' ||
           byte == '$' || byte == 0x7F;
  };
  std::string reason;
  if (name.empty()) {
    reason = "it is empty";
  } else if (name.size() > kNameBytesMax) {
    reason = fmt::format("it is longer than {} bytes", kNameBytesMax);
  } else if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
    reason = fmt::format("${{{}}} means something else in a command", name);
  } else if (std::any_of(name.begin(), name.end(), is_forbidden)) {
    reason = "blanks, =, $, { and } cannot be in a name";
  }
  if (!reason.empty()) {
    faults.error(entry.place, fmt::format("`{}` cannot be the name of a parameter", name), reason);
  }
  return reason.empty();
}

std::vector<std::string> parameter_names(const SearchSpace& space) {
  std::vector<std::string> names;
  for (const Parameter& parameter : space.parameters) {
    names.push_back(parameter.name);
  }
  return names;
}

// What is wrong with the names in an expression; what they may be is left to the check of the
// space.
bool check_names(const Expression& expression, const Place& place, Draft& draft) {
  const std::vector<std::string> known = parameter_names(draft.spec.space);
  bool good = true;
  for (const std::string& name : expression.names()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      continue;
    }
    good = false;
    if (draft.is_unread(name)) {
      continue;
    }
    const auto close = nearest(name, known);
    const TomlTable* table = draft.table("space");
    const bool later = table != nullptr && find_entry(*table, name) != nullptr;
    draft.faults.missing(place_within(place, draft.text, name),
                         later ? fmt::format("`{}` stands further down", name)
                               : fmt::format("unknown parameter `{}`", name),
                         later   ? "a condition speaks about parameters above it"
                         : close ? fmt::format("did you mean `{}`?", *close)
                                 : "text stands in quotes: optimizer == 'sgd'");
  }
  return good;
}

// An error that names a column of an expression, shown at that column of the file.
void expression_fault(const Place& value,
                      const std::string& expression,
                      std::string_view message,
                      Draft& draft) {
  constexpr std::string_view kColumn = "column ";
  const std::size_t at = message.rfind(kColumn);
  const std::size_t colon = at == std::string_view::npos ? at : message.find(": ", at);
  const Place inside = place_within(value, draft.text, expression);
  if (colon == std::string_view::npos || inside.length != expression.size()) {
    draft.faults.error(value, std::string(message));
    return;
  }
  std::uint32_t column = 0;
  std::from_chars(message.data() + at + kColumn.size(), message.data() + colon, column);
  Place place = inside;
  place.column += std::clamp(column, 1U, inside.length) - 1;
  place.length = 1;
  draft.faults.error(place, std::string(message.substr(colon + 2)));
}

// Whether the text is an expression over the parameters read so far.
bool check_expression(const std::string& text, const Place& place, Draft& draft) {
  const auto expression = Expression::parse(text);
  if (!expression) {
    expression_fault(place, text, expression.error().message, draft);
    return false;
  }
  return check_names(*expression, place, draft);
}

const TomlEntry* find_when(const TomlEntry& parameter) {
  const auto* table = std::get_if<TomlTable>(&parameter.value.data);
  return table == nullptr ? nullptr : find_entry(*table, "when");
}

// Adds the parameter when nothing is wrong with it in itself, as the last net below the messages
// above.
void add_parameter(const TomlEntry& entry, Parameter parameter, Draft& draft) {
  SearchSpace alone;
  alone.parameters.push_back({parameter.name, parameter.domain, ""});
  if (const auto valid = validate(alone); !valid) {
    draft.faults.error(entry.value.place, valid.error().message);
    draft.unread.push_back(entry.key);
    return;
  }
  const TomlEntry* when = find_when(entry);
  const bool good_condition = when == nullptr || parameter.when.empty() ||
                              check_expression(parameter.when, when->value.place, draft);
  if (!good_condition) {
    parameter.when.clear();
  }
  const std::string condition = parameter.when;
  draft.spec.space.parameters.push_back(std::move(parameter));
  if (const auto valid = validate(draft.spec.space); !valid && when != nullptr) {
    draft.spec.space.parameters.back().when.clear();
    expression_fault(when->value.place, condition, valid.error().message, draft);
  }
}

void read_parameter(const TomlEntry& entry, bool hyperdrive, Draft& draft) {
  const bool named = check_name(entry, draft.faults);
  auto domain = read_domain(entry, hyperdrive, draft.faults);
  Parameter parameter;
  parameter.name = entry.key;
  if (const auto* table = std::get_if<TomlTable>(&entry.value.data)) {
    Fields(table, draft.faults).text("when", parameter.when);
  }
  if (!named || !domain) {
    draft.unread.push_back(entry.key);
    return;
  }
  parameter.domain = std::move(*domain);
  add_parameter(entry, std::move(parameter), draft);
}

void read_constraints(const TomlEntry& entry, Draft& draft) {
  const auto* list = std::get_if<TomlArray>(&entry.value.data);
  if (list == nullptr) {
    wrong_kind(
        entry, "a list of expressions", "write constraints = [\"a * b <= 8\"]", draft.faults);
    return;
  }
  for (const TomlValue& item : list->items) {
    const auto text = plain_text(item, "constraints", draft.faults);
    if (!text) {
      continue;
    }
    if (!check_expression(*text, item.place, draft)) {
      continue;
    }
    draft.spec.space.constraints.push_back(*text);
    if (const auto valid = validate(draft.spec.space); !valid) {
      draft.spec.space.constraints.pop_back();
      expression_fault(item.place, *text, valid.error().message, draft);
    }
  }
}

}  // namespace

void read_space(Draft& draft) {
  const TomlTable* table = draft.table("space");
  if (table != nullptr) {
    const bool hyperdrive = read_compat(*table, draft.faults);
    for (const TomlEntry& entry : table->entries) {
      if (!is_setting(entry)) {
        read_parameter(entry, hyperdrive, draft);
      }
    }
    if (table->entries.size() > limits::kParametersMax) {
      draft.faults.error(draft.place_of("space", ""),
                         fmt::format("the space has {} parameters, more than {}",
                                     table->entries.size(),
                                     limits::kParametersMax));
    }
  }
  const Fields search(draft.table("search"), draft.faults);
  if (const TomlEntry* constraints = search.find("constraints")) {
    read_constraints(*constraints, draft);
  }
}

}  // namespace sweepd::sweeps
