// Puts the parts together: text, overrides, schema, tables, and the daemon's own check as the last
// net.
#include "sweeps/sweep_file.h"

#include "sweeps/sweep_file_parts.h"
#include "sweeps/sweep_file_schema.h"
#include "sweeps/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sweepd::sweeps {
namespace {

std::vector<std::string> labels_of(
    const std::vector<std::pair<std::string, std::string>>& overrides) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : overrides) {
    labels.push_back(fmt::format("{}={}", key, value));
  }
  return labels;
}

// One trial, the command as it is.
void make_job(Draft& draft) {
  SearchSpec& search = draft.spec.search;
  const TomlTable* table = draft.table("search");
  if (table != nullptr && !table->entries.empty()) {
    draft.faults.missing(table->entries.front().place,
                         "there is nothing to search: the file has no [space]",
                         "add [space] with a parameter, or take [search] out");
  }
  search = SearchSpec{};
  search.trials = 1;
}

}  // namespace

bool Draft::is_unread(std::string_view parameter) const {
  return std::find(unread.begin(), unread.end(), parameter) != unread.end();
}

const TomlTable* Draft::table(std::string_view name) const {
  const TomlEntry* entry = find_entry(root, name);
  return entry == nullptr ? nullptr : std::get_if<TomlTable>(&entry->value.data);
}

Place Draft::place_of(std::string_view table_name, std::string_view key) const {
  const TomlEntry* entry = find_entry(root, table_name);
  const TomlTable* inner = table(table_name);
  if (inner != nullptr) {
    if (const TomlEntry* found = find_entry(*inner, key)) {
      return found->value.place;
    }
  }
  return entry == nullptr ? Place{} : entry->place;
}

std::variant<ParsedSweep, std::vector<Diagnostic>> parse_sweep_file(const SweepFileInput& input) {
  Draft draft;
  draft.text = input.text;
  draft.faults = Faults(labels_of(input.overrides));
  draft.root = read_toml(input.text, draft.faults);
  lift_top_keys(draft.root, draft.faults);
  apply_overrides(input.overrides, draft.root, draft.faults);
  check_schema(draft.root, draft.faults);

  draft.spec.name = input.name;
  const TomlTable* space = draft.table("space");
  draft.spec.job = space == nullptr || space->entries.empty();
  read_space(draft);
  read_sweep(draft);
  read_run(draft);
  if (draft.spec.job) {
    make_job(draft);
  } else {
    read_search(draft);
  }
  read_stop(draft);
  read_operation(draft);
  if (!draft.faults.any_error()) {
    if (const auto valid = validate(draft.spec); !valid) {
      draft.faults.error({}, valid.error().message);
    }
  }
  if (draft.faults.any_error()) {
    return draft.faults.in_file_order();
  }
  return ParsedSweep{std::move(draft.spec), draft.faults.in_file_order()};
}

}  // namespace sweepd::sweeps
