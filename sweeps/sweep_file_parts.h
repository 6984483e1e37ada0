// The parts of reading a sweep file, each for its tables; sweep_file.cc puts them together.
#pragma once

#include "sweeps/diagnostics.h"
#include "sweeps/effort.h"
#include "sweeps/sweep_spec.h"
#include "sweeps/toml_tree.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sweepd::sweeps {

class Fields;

// The file while it is read.
struct Draft {
  std::string_view text;  // of the file, for places inside of strings
  TomlTable root;
  SweepSpec spec;
  Faults faults;
  std::vector<Place> patterns;      // of [[metrics.stdout]]
  Effort effort;                    // left for what the file need not be told
  std::vector<std::string> unread;  // parameters with a fault: what mentions them is not at fault

  // What unknown keys stand for, "run.command": it is at fault already, and not missing as well.
  std::vector<std::string> meant;

  bool is_unread(std::string_view parameter) const;
  bool is_meant(std::string_view key) const;

  // The table of this name; null when the file has none.
  const TomlTable* table(std::string_view name) const;
  // The key's value, else the key's table, else the file as a whole: where a fault of the key is
  // shown.
  Place place_of(std::string_view table_name, std::string_view key) const;
};

// `metric` and `command` may stand above all tables; moves them to where they belong.
void lift_top_keys(TomlTable& root, Faults& faults);

// key=value pairs take the place of what the file says.
void apply_overrides(const std::vector<std::pair<std::string, std::string>>& overrides,
                     TomlTable& root,
                     Faults& faults);

void read_sweep(Draft& draft);                          // [sweep]: name, metric, goal, …
void read_run(Draft& draft);                            // [run], [env.vars]
void read_command(Draft& draft, const Fields& fields);  // `command` of [run]
void read_keep(Draft& draft);                           // `keep` of [run]
void read_operation(Draft& draft);  // [resources], [limits], [retry], [metrics], [register]
void read_space(Draft& draft);      // [space] and the constraints of [search]
void read_search(Draft& draft);     // [search], after read_space
void read_stop(Draft& draft);       // [stop]

// Of a file without a fault: more trials than there is to try, conditions that never hold.
void warn_of_totals(Draft& draft);

// The goal that the metric's name tells: `val_loss` is minimized; empty when it does not tell.
std::optional<Goal> goal_of_metric(std::string_view metric);

// The value as a parameter with this domain has it (3 becomes 3.0 in a float range); an error in
// words when it cannot be one.
Result<Value> value_in_domain(const Domain& domain, const TomlValue& value);

// A value that a parameter may have: text, a number, true or false; says so when it is none.
std::optional<Value> read_scalar(const TomlValue& value, std::string_view name, Faults& faults);

}  // namespace sweepd::sweeps
