// What a good sweep file does not mean to say: more trials than there is to try, and conditions
// that never hold.
#include "base/counted.h"
#include "sweeps/space_facts.h"
#include "sweeps/sweep_file_expression.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace sweepd::sweeps {
namespace {

// A grid ends by itself, before it has as many trials as are asked for.
void warn_of_small_grid(Draft& draft, std::uint64_t points) {
  const SearchSpec& search = draft.spec.search;
  const std::uint64_t total = trials_total(draft.spec);
  if (!search.trials || total >= *search.trials) {
    return;
  }
  const std::string repeats =
      search.repeats > 1 ? fmt::format(", {} times each", search.repeats) : std::string();
  draft.faults.warning(draft.place_of("search", "trials"),
                       fmt::format("the grid has only {}{}: there will be {}",
                                   counted(points, "point"),
                                   repeats,
                                   counted(total, "trial")),
                       "without `trials` it is the whole grid");
}

// Other samplers go on, and try some assignments again.
void warn_of_small_space(Draft& draft, std::uint64_t assignments) {
  const std::uint32_t trials = draft.spec.search.trials.value_or(0);
  if (assignments >= trials) {
    return;
  }
  const TomlTable* search = draft.table("search");
  const bool is_written = search != nullptr && find_entry(*search, "trials") != nullptr;
  const TomlEntry* space = find_entry(draft.root, "space");
  draft.faults.warning(is_written ? draft.place_of("search", "trials") : space->place,
                       fmt::format("the space has only {}: {}{} will try some of them again",
                                   counted(assignments, "assignment"),
                                   counted(trials, "trial"),
                                   is_written ? "" : " (the default)"),
                       "sampler = \"grid\" in [search] tries each once");
}

void warn_of_conditions(Draft& draft) {
  const SearchSpace& space = draft.spec.space;
  const TomlTable* table = draft.table("space");
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    const Parameter& parameter = space.parameters[i];
    const TomlEntry* entry = find_entry(*table, parameter.name);
    const auto* domain = std::get_if<TomlTable>(&entry->value.data);
    const TomlEntry* when = domain == nullptr ? nullptr : find_entry(*domain, "when");
    if (when == nullptr || warn_of_literals(parameter.when, when->value.place, draft)) {
      continue;
    }
    if (is_never_active(space, i, draft.effort)) {
      draft.faults.warning(when->value.place,
                           fmt::format("this never holds: no trial has `{}`", parameter.name),
                           "it speaks about values that do not occur together");
    }
  }
}

}  // namespace

void warn_of_totals(Draft& draft) {
  if (const auto count = assignments_in(draft.spec.space, draft.effort)) {
    if (draft.spec.search.sampler == SamplerKind::kGrid) {
      warn_of_small_grid(draft, *count);
    } else {
      warn_of_small_space(draft, *count);
    }
  }
  warn_of_conditions(draft);
}

}  // namespace sweepd::sweeps
