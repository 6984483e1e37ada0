// [space]: parameters, their conditions, and the constraints of [search] that speak about them.
#include "base/limits.h"
#include "sweeps/space_facts.h"
#include "sweeps/sweep_file_domain.h"
#include "sweeps/sweep_file_expression.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
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
  if (const auto valid = validate_last_parameter(draft.spec.space); !valid && when != nullptr) {
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

// Takes out the constraint that leaves nothing: the samplers would only say so again.
void check_contradiction(const std::vector<Place>& places, Draft& draft) {
  std::vector<std::string>& constraints = draft.spec.space.constraints;
  if (const auto index = contradiction(draft.spec.space, draft.effort)) {
    draft.faults.error(places[*index],
                       *index == 0 ? "no assignment satisfies this"
                                   : "no assignment satisfies this and what stands before it",
                       "the values of the parameters are in [space]");
    constraints.erase(constraints.begin() + static_cast<std::ptrdiff_t>(*index));
  }
}

void read_constraints(const TomlEntry& entry, Draft& draft) {
  const auto* list = std::get_if<TomlArray>(&entry.value.data);
  if (list == nullptr) {
    wrong_kind(
        entry, "a list of expressions", "write constraints = [\"a * b <= 8\"]", draft.faults);
    return;
  }
  std::vector<Place> places;  // of those that are good
  for (const TomlValue& item : list->items) {
    const auto text = plain_text(item, "constraints", draft.faults);
    if (!text) {
      continue;
    }
    if (!check_expression(*text, item.place, draft)) {
      continue;
    }
    draft.spec.space.constraints.push_back(*text);
    if (const auto valid = validate_last_constraint(draft.spec.space); !valid) {
      draft.spec.space.constraints.pop_back();
      expression_fault(item.place, *text, valid.error().message, draft);
      continue;
    }
    places.push_back(item.place);
    warn_of_literals(*text, item.place, draft);
  }
  check_contradiction(places, draft);
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
