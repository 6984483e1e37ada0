// [search]: the sampler, and the assignments to try first.
#include "base/limits.h"
#include "base/nearest.h"
#include "sweeps/sampler.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

std::vector<std::string> parameter_names(const SearchSpace& space) {
  std::vector<std::string> names;
  for (const Parameter& parameter : space.parameters) {
    names.push_back(parameter.name);
  }
  return names;
}

bool is_constant(const Domain& domain) {
  const auto* choice = std::get_if<Choice>(&domain);
  return choice != nullptr && choice->values.size() == 1;
}

// Values by parameter, in file order; empty where none is given.
using GivenValues = std::vector<std::optional<Value>>;

// The parameters that are active when these values are chosen.
std::vector<std::string> active_names(const SearchSpace& space, const GivenValues& given) {
  std::vector<double> point(space.parameters.size(), 0.5);
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (given[i]) {
      if (const auto u = to_unit(space.parameters[i].domain, *given[i])) {
        point[i] = *u;
      }
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : assignment_at(space, point)) {
    names.push_back(name);
  }
  return names;
}

// The assignment that the values make; constants fill themselves in. `what` names it in messages.
std::optional<Assignment> complete(GivenValues given,
                                   const Place& place,
                                   std::string_view what,
                                   Draft& draft) {
  if (!draft.unread.empty()) {
    return std::nullopt;  // whether it is complete cannot be told
  }
  const SearchSpace& space = draft.spec.space;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const Domain& domain = space.parameters[i].domain;
    if (!given[i] && is_constant(domain)) {
      given[i] = std::get<Choice>(domain).values.front();
    }
  }
  const std::vector<std::string> active = active_names(space, given);
  Assignment assignment;
  bool failed = false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const Parameter& parameter = space.parameters[i];
    const bool is_active = std::find(active.begin(), active.end(), parameter.name) != active.end();
    if (is_active && !given[i]) {
      draft.faults.missing(place,
                           fmt::format("{} gives no value to `{}`", what, parameter.name),
                           "give every active parameter a value");
      failed = true;
    } else if (!is_active && given[i] && !is_constant(parameter.domain)) {
      draft.faults.error(
          place,
          fmt::format("{} gives a value to `{}`, which is inactive there", what, parameter.name),
          fmt::format("it is active when {}", parameter.when));
      failed = true;
    } else if (is_active) {
      assignment.emplace_back(parameter.name, *given[i]);
    }
  }
  if (failed) {
    return std::nullopt;
  }
  if (!satisfies_constraints(space, assignment)) {
    draft.faults.error(place, fmt::format("{} violates a constraint", what));
    return std::nullopt;
  }
  return assignment;
}

std::optional<Value> value_for(const Parameter& parameter, const TomlValue& value, Faults& faults) {
  auto in_domain = value_in_domain(parameter.domain, value);
  if (!in_domain) {
    faults.error(
        value.place,
        fmt::format("`{}` cannot have this value: {}", parameter.name, in_domain.error().message));
    return std::nullopt;
  }
  return std::move(*in_domain);
}

// `initial` of the parameters: one assignment to try first, when every active parameter has one.
void read_initial(const TomlTable& table, Draft& draft) {
  const SearchSpace& space = draft.spec.space;
  GivenValues given(space.parameters.size());
  std::optional<Place> first;
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    const TomlEntry* entry = find_entry(table, space.parameters[i].name);
    const auto* domain = std::get_if<TomlTable>(&entry->value.data);
    const TomlEntry* initial = domain == nullptr ? nullptr : find_entry(*domain, "initial");
    if (initial == nullptr) {
      continue;
    }
    given[i] = value_for(space.parameters[i], initial->value, draft.faults);
    if (!given[i]) {
      return;
    }
    first = first.value_or(initial->place);
  }
  if (!first) {
    return;
  }
  if (auto assignment = complete(given, *first, "`initial`", draft)) {
    draft.spec.search.try_first.push_back(std::move(*assignment));
  }
}

void read_one_first(const TomlValue& item, std::size_t number, Draft& draft) {
  const SearchSpace& space = draft.spec.space;
  const auto* table = std::get_if<TomlTable>(&item.data);
  if (table == nullptr) {
    draft.faults.error(item.place,
                       fmt::format("`try_first` lists assignments, not {}", kind_name(item)),
                       "write try_first = [{ lr = 0.1, batch = 32 }]");
    return;
  }
  GivenValues given(space.parameters.size());
  bool failed = false;
  const std::vector<std::string> names = parameter_names(space);
  for (const TomlEntry& entry : table->entries) {
    const auto found = std::find(names.begin(), names.end(), entry.key);
    if (found == names.end()) {
      failed = true;
      if (draft.is_unread(entry.key)) {
        continue;
      }
      const auto close = nearest(entry.key, names);
      draft.faults.missing(entry.place,
                           fmt::format("unknown parameter `{}` in `try_first`", entry.key),
                           close ? fmt::format("did you mean `{}`?", *close) : std::string());
      continue;
    }
    const auto i = static_cast<std::size_t>(found - names.begin());
    given[i] = value_for(space.parameters[i], entry.value, draft.faults);
    failed = failed || !given[i];
  }
  if (failed) {
    return;
  }
  const std::string what = fmt::format("entry {} of `try_first`", number);
  if (auto assignment = complete(given, item.place, what, draft)) {
    draft.spec.search.try_first.push_back(std::move(*assignment));
  }
}

void read_try_first(const TomlEntry& entry, Draft& draft) {
  const auto* list = std::get_if<TomlArray>(&entry.value.data);
  if (list == nullptr) {
    wrong_kind(entry, "a list of assignments", "write try_first = [{ lr = 0.1 }]", draft.faults);
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    read_one_first(list->items[i], i + 1, draft);
  }
}

void read_sampler_choice(Draft& draft, const Fields& fields) {
  SearchSpec& search = draft.spec.search;
  fields.word<SamplerKind>("sampler",
                           search.sampler,
                           {{"grid", SamplerKind::kGrid},
                            {"random", SamplerKind::kRandom},
                            {"sobol", SamplerKind::kSobol},
                            {"tpe", std::nullopt},
                            {"bayes", std::nullopt},
                            {"bayesian", std::nullopt},
                            {"gp", std::nullopt},
                            {"cmaes", std::nullopt},
                            {"hyperband", std::nullopt},
                            {"file", std::nullopt}});
  if (draft.spec.job || draft.spec.space.parameters.empty() || !draft.unread.empty()) {
    return;
  }
  if (const auto accepted = accepts(search.sampler, draft.spec.space); !accepted) {
    draft.faults.missing(draft.place_of("search", "sampler"), accepted.error().message);
  }
}

}  // namespace

Result<Value> value_in_domain(const Domain& domain, const TomlValue& toml) {
  Faults unheard;
  auto scalar = read_scalar(toml, "value", unheard);
  if (!scalar) {
    return Error{Errc::kInvalidArgument, fmt::format("it is {}", kind_name(toml))};
  }
  Value value = std::move(*scalar);
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    // `1` means the choice 1.0 when there is no choice 1.
    const auto number = as_number(toml);
    const bool listed =
        std::find(choice->values.begin(), choice->values.end(), value) != choice->values.end();
    for (const Value& each : choice->values) {
      if (!listed && number && number_in(each) == number) {
        value = each;
      }
    }
  }
  if (const auto u = to_unit(domain, value); !u) {
    return u.error();
  }
  return canonical(domain, value);
}

void read_search(Draft& draft) {
  const Fields fields(draft.table("search"), draft.faults);
  SearchSpec& search = draft.spec.search;
  read_sampler_choice(draft, fields);
  fields.count("trials", search.trials, {1, limits::kTrialsMax});
  if (const auto seed = fields.integer("seed", {0, std::numeric_limits<std::int64_t>::max()})) {
    search.seed = static_cast<std::uint64_t>(*seed);
  }
  fields.count("repeats", search.repeats, {1, limits::kTrialsMax});
  if (fields.find("repeats") != nullptr && search.sampler != SamplerKind::kGrid) {
    draft.faults.error(fields.find("repeats")->place,
                       "`repeats` belongs to sampler grid",
                       "write sampler = \"grid\", or leave it out");
  }
  constexpr std::uint32_t kTrialsDefault = 50;
  if (!search.trials && search.sampler != SamplerKind::kGrid) {
    search.trials = kTrialsDefault;
  }
  if (const TomlTable* space = draft.table("space")) {
    read_initial(*space, draft);
  }
  if (const TomlEntry* first = fields.find("try_first")) {
    read_try_first(*first, draft);
  }
}

}  // namespace sweepd::sweeps
