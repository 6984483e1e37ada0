// The schema as data, and the search for the name that was meant.
#include "sweeps/sweep_file_schema.h"

#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

struct TableSchema {
  std::string_view name;
  std::vector<std::string_view> keys;
  std::vector<std::string_view> later;  // known, and not supported yet
};

const std::vector<TableSchema>& tables() {
  static const std::vector<TableSchema> kTables = {
      {"sweep",
       {"name", "experiment", "metric", "goal", "reduce", "tags", "notes", "priority"},
       {"objectives"}},
      {"run",
       {"command", "code", "args", "bool", "shell", "cwd", "outputs", "logs"},
       {"checkpoints", "resume", "file", "stdin"}},
      {"env", {"vars"}, {"python", "container"}},
      {"search",
       {"sampler", "trials", "seed", "constraints", "try_first", "repeats"},
       {"startup", "learn_from"}},
      {"stop",
       {"policy",
        "compat",
        "time",
        "evaluation_interval",
        "delay_evaluation",
        "slack_factor",
        "slack_amount",
        "min_peers",
        "truncation_percentage",
        "exclude_finished",
        "min",
        "max",
        "reduction",
        "mode",
        "stop_on_nan",
        "target",
        "allow_pruned"},
       {}},
      {"resources", {"gpus", "cpus"}, {"gpu_memory", "memory", "disk", "pool", "agents"}},
      {"limits",
       {"concurrent", "trial_time", "silence", "sweep_time", "failed_trials", "grace"},
       {"lease", "gpu_hours"}},
      {"retry", {"attempts", "on", "backoff"}, {}},
      {"metrics", {"jsonl", "stdout"}, {"mlflow", "tfevents", "tensorboard"}},
      {"register", {"model", "path"}, {"confirm"}},
  };
  return kTables;
}

constexpr std::string_view kSpace = "space";

// Whole tables of a later version.
const std::vector<std::string_view>& later_tables() {
  static const std::vector<std::string_view> kLater = {"data", "distributed", "on_log", "notify"};
  return kLater;
}

// Other programs' words for our keys.
struct Synonym {
  std::string_view theirs;
  std::string_view ours;
};

constexpr Synonym kSynonyms[] = {
    {"method", "sampler"},
    {"algorithm", "sampler"},
    {"max_trials", "trials"},
    {"max_total_runs", "trials"},
    {"count", "trials"},
    {"max_concurrent_trials", "concurrent"},
    {"max_concurrent_runs", "concurrent"},
    {"timeout", "trial_time"},
    {"program", "command"},
    {"script", "command"},
    {"parameters", "space"},
    {"hyperparameters", "space"},
    {"search_space", "space"},
    {"early_termination", "stop"},
    {"early_terminate", "stop"},
    {"slack", "slack_factor"},
    {"direction", "goal"},
    {"objective", "metric"},
};

bool holds(const std::vector<std::string_view>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::optional<std::string> meant(std::string_view word, const std::vector<std::string>& known) {
  for (const Synonym& synonym : kSynonyms) {
    if (synonym.theirs == word &&
        std::find(known.begin(), known.end(), synonym.ours) != known.end()) {
      return std::string(synonym.ours);
    }
  }
  return nearest(word, known);
}

// What to do instead, where there is something.
std::string_view way_around(std::string_view table, std::string_view key) {
  if (table == "env" && (key == "python" || key == "container")) {
    return "name the interpreter in [run] command, or start the container there";
  }
  if (table == "data") {
    return "give the path as an argument in [run] command";
  }
  if (table == "run" && key == "file") {
    return "values reach the script as arguments, as SWEEPD_PARAM_<name> and in the file "
           "$SWEEPD_PARAMS";
  }
  return "take it out: what has no effect is refused, not ignored";
}

// The table that has this key, when there is exactly one.
std::optional<std::string_view> home_of(std::string_view key) {
  std::optional<std::string_view> home;
  for (const TableSchema& table : tables()) {
    if (holds(table.keys, key)) {
      if (home) {
        return std::nullopt;
      }
      home = table.name;
    }
  }
  return home;
}

std::string list_of(const std::vector<std::string_view>& keys) {
  std::string list;
  for (const std::string_view key : keys) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", key);
  }
  return list;
}

void check_key(const TableSchema& schema, const TomlEntry& entry, Faults& faults) {
  if (holds(schema.keys, entry.key)) {
    return;
  }
  if (holds(schema.later, entry.key)) {
    const bool is_table = std::holds_alternative<TomlTable>(entry.value.data);
    const std::string name =
        is_table && schema.name == "env" ? fmt::format("[{}.{}]", schema.name, entry.key)
        : schema.name == "run" && entry.key == "file" ? std::string("[[run.file]]")
                                                      : entry.key;
    faults.error(entry.place,
                 fmt::format("`{}` is not available in this version of sweepd", name),
                 std::string(way_around(schema.name, entry.key)));
    return;
  }
  const std::vector<std::string> known(schema.keys.begin(), schema.keys.end());
  std::string help;
  if (const auto close = meant(entry.key, known)) {
    help = fmt::format("did you mean `{}`?", *close);
  } else if (const auto home = home_of(entry.key)) {
    help = fmt::format("`{}` belongs in [{}]", entry.key, *home);
  } else {
    help = fmt::format("[{}] has {}", schema.name, list_of(schema.keys));
  }
  faults.error(entry.place, fmt::format("unknown key `{}` in [{}]", entry.key, schema.name), help);
}

void check_top(const TomlEntry& entry, Faults& faults) {
  const bool is_table = std::holds_alternative<TomlTable>(entry.value.data);
  std::vector<std::string> known{std::string(kSpace)};
  for (const TableSchema& table : tables()) {
    known.emplace_back(table.name);
  }
  if (is_table) {
    const auto close = meant(entry.key, known);
    faults.error(entry.place,
                 fmt::format("unknown table [{}]", entry.key),
                 close ? fmt::format("did you mean [{}]?", *close) : std::string());
    return;
  }
  const std::vector<std::string> keys{"metric", "command"};
  std::string help = "only `metric` and `command` may stand outside of tables";
  if (const auto home = home_of(entry.key)) {
    help = fmt::format("`{}` belongs in [{}]", entry.key, *home);
  } else if (const auto close = meant(entry.key, keys)) {
    help = fmt::format("did you mean `{}`?", *close);
  }
  faults.error(
      entry.place, fmt::format("unknown key `{}` outside of tables", entry.key), std::move(help));
}

void check_table(const TableSchema& schema, const TomlEntry& entry, Faults& faults) {
  const auto* table = std::get_if<TomlTable>(&entry.value.data);
  if (table == nullptr) {
    faults.error(entry.place,
                 fmt::format("`{}` must be a table, not {}", entry.key, kind_name(entry.value)),
                 fmt::format("write [{}] on a line of its own", entry.key));
    return;
  }
  for (const TomlEntry& inner : table->entries) {
    check_key(schema, inner, faults);
  }
}

}  // namespace

std::vector<TableKeys> accepted_keys() {
  std::vector<TableKeys> accepted;
  for (const TableSchema& table : tables()) {
    accepted.push_back({table.name, table.keys});
  }
  return accepted;
}

void check_schema(const TomlTable& root, Faults& faults) {
  static const TableSchema kSpaceSchema{kSpace, {}, {}};
  for (const TomlEntry& entry : root.entries) {
    const auto schema =
        std::find_if(tables().begin(), tables().end(), [&](const TableSchema& table) {
          return table.name == entry.key;
        });
    if (schema != tables().end()) {
      check_table(*schema, entry, faults);
    } else if (entry.key == kSpace) {
      if (!std::holds_alternative<TomlTable>(entry.value.data)) {
        check_table(kSpaceSchema, entry, faults);
      }
    } else if (holds(later_tables(), entry.key)) {
      const bool is_list = std::holds_alternative<TomlArray>(entry.value.data);
      faults.error(entry.place,
                   fmt::format("`{}{}{}` is not available in this version of sweepd",
                               is_list ? "[[" : "[",
                               entry.key,
                               is_list ? "]]" : "]"),
                   std::string(way_around(entry.key, {})));
    } else {
      check_top(entry, faults);
    }
  }
}

}  // namespace sweepd::sweeps
