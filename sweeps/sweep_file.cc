// Puts the parts together: text, overrides, schema, tables, and the daemon's own check as the last
// net.
#include "sweeps/sweep_file.h"

#include "sweeps/code_needs.h"
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
  if (table != nullptr && !table->entries.empty() && !draft.is_meant("space")) {
    draft.faults.missing(table->entries.front().place,
                         "there is nothing to search: the file has no [space]",
                         "add [space] with a parameter, or take [search] out");
  }
  search = SearchSpec{};
  search.trials = 1;
}

// Where the words of the command stand, one after the other.
std::vector<Place> places_of_words(const Draft& draft, const TomlValue& command) {
  std::vector<Place> places;
  if (const auto* list = std::get_if<TomlArray>(&command.data)) {
    for (const TomlValue& item : list->items) {
      places.push_back(item.place);
    }
    return places;
  }
  Place rest = command.place;
  for (const std::string& word : plain_words(draft.spec.run)) {
    const Place found = place_within(rest, draft.text, word);
    const bool is_found = found.length == word.size();
    places.push_back(is_found ? found : command.place);
    if (is_found) {
      const std::uint32_t taken = found.column + found.length - rest.column;
      rest.column += taken;
      rest.length -= taken;
    }
  }
  return places;
}

// Of "search.trials: …": where the key stands, or its table; else the file as a whole.
Place place_of_message(const Draft& draft, std::string_view message) {
  const std::string_view key = message.substr(0, message.find(':'));
  const std::size_t dot = std::min(key.find('.'), key.size());
  return draft.place_of(key.substr(0, dot), key.substr(std::min(dot + 1, key.size())));
}

RunPlaces run_places(const Draft& draft, std::vector<std::string> overrides) {
  RunPlaces places;
  places.overrides = std::move(overrides);
  places.patterns = draft.patterns;
  const TomlTable* run = draft.table("run");
  const auto find = [run](std::string_view key) {
    return run == nullptr ? nullptr : find_entry(*run, key);
  };
  if (const TomlEntry* command = find("command")) {
    places.command = command->value.place;
    places.words = places_of_words(draft, command->value);
  }
  if (const TomlEntry* code = find("code")) {
    places.code = code->value.place;
  }
  if (const TomlEntry* cwd = find("cwd")) {
    places.cwd = cwd->value.place;
  }
  return places;
}

}  // namespace

bool Draft::is_unread(std::string_view parameter) const {
  return std::find(unread.begin(), unread.end(), parameter) != unread.end();
}

bool Draft::is_meant(std::string_view key) const {
  return std::find(meant.begin(), meant.end(), key) != meant.end();
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
  draft.meant = check_schema(draft.root, draft.faults);

  draft.spec.name = input.name;
  const TomlTable* space = draft.table("space");
  draft.spec.job = space == nullptr || space->entries.empty();
  read_space(draft);
  read_sweep(draft);
  read_run(draft);
  read_keep(draft);
  if (draft.spec.job) {
    make_job(draft);
  } else {
    read_search(draft);
  }
  read_stop(draft);
  read_operation(draft);
  if (!draft.faults.any_error()) {
    if (const auto valid = validate(draft.spec); !valid) {
      draft.faults.error(place_of_message(draft, valid.error().message), valid.error().message);
    } else if (!draft.spec.job) {
      warn_of_totals(draft);
    }
  }
  if (draft.faults.any_error()) {
    return draft.faults.in_file_order();
  }
  RunPlaces places = run_places(draft, labels_of(input.overrides));
  return ParsedSweep{std::move(draft.spec), draft.faults.in_file_order(), std::move(places)};
}

}  // namespace sweepd::sweeps
