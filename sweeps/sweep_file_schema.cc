// The schema as data, and the search for the name that was meant.
#include "sweeps/sweep_file_schema.h"

#include "base/nearest.h"
#include "sweeps/foreign_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
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
       {"command", "code", "args", "bool", "shell", "cwd", "outputs", "logs", "keep"},
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

bool holds(const std::vector<std::string_view>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
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

// A key of a table, or a whole table where `key` is empty.
struct Meant {
  std::string table;
  std::string key;
  std::string note;
};

// Too many words are near to shorter ones when all keys are asked.
constexpr std::size_t kMisplacedBytesMin = 5;

// The key that was meant by one that its table does not have: another program's word for it, a
// mistyped one of the same table, or one of another table.
std::optional<Meant> meant_key(const std::string& word, const TableSchema& schema) {
  if (const auto ours = our_key(word, schema.name)) {
    return Meant{std::string(ours->table), std::string(ours->key), std::string(ours->note)};
  }
  if (const auto close = nearest(word, {schema.keys.begin(), schema.keys.end()})) {
    return Meant{std::string(schema.name), *close, {}};
  }
  if (const auto home = home_of(word)) {
    return Meant{std::string(*home), word, {}};
  }
  std::vector<std::string> all;
  for (const TableSchema& table : tables()) {
    all.insert(all.end(), table.keys.begin(), table.keys.end());
  }
  const auto close = word.size() < kMisplacedBytesMin ? std::nullopt : nearest(word, all);
  const auto home = close ? home_of(*close) : std::nullopt;
  return home ? std::optional(Meant{std::string(*home), *close, {}}) : std::nullopt;
}

std::string help_for(const Meant& meant, const std::string& word, std::string_view table) {
  const std::string note = meant.note.empty() ? std::string() : " (" + meant.note + ")";
  if (meant.table == table) {
    return fmt::format("did you mean `{}`?{}", meant.key, note);
  }
  return meant.key == word
             ? fmt::format("`{}` belongs in [{}]", word, meant.table)
             : fmt::format("did you mean `{}` in [{}]?{}", meant.key, meant.table, note);
}

class SchemaCheck {
 public:
  explicit SchemaCheck(Faults& faults) : faults_(faults) {}

  void table(const TableSchema& schema, const TomlEntry& entry);
  void later_table(const TomlEntry& entry);
  void unknown_at_top(const TomlEntry& entry);

  std::vector<std::string> take_meant() { return std::move(meant_); }

 private:
  void key(const TableSchema& schema, const TomlEntry& entry);
  void later_key(const TableSchema& schema, const TomlEntry& entry);
  void unknown_table(const TomlEntry& entry);

  Faults& faults_;
  std::vector<std::string> meant_;
};

void SchemaCheck::later_key(const TableSchema& schema, const TomlEntry& entry) {
  const bool is_table = std::holds_alternative<TomlTable>(entry.value.data);
  const std::string name =
      is_table && schema.name == "env"              ? fmt::format("[{}.{}]", schema.name, entry.key)
      : schema.name == "run" && entry.key == "file" ? std::string("[[run.file]]")
                                                    : entry.key;
  faults_.error(entry.place,
                fmt::format("`{}` is not available in this version of sweepd", name),
                std::string(way_around(schema.name, entry.key)));
}

void SchemaCheck::key(const TableSchema& schema, const TomlEntry& entry) {
  if (holds(schema.keys, entry.key)) {
    return;
  }
  if (holds(schema.later, entry.key)) {
    later_key(schema, entry);
    return;
  }
  std::string help = fmt::format("[{}] has {}", schema.name, list_of(schema.keys));
  if (const auto meant = meant_key(entry.key, schema)) {
    help = help_for(*meant, entry.key, schema.name);
    meant_.push_back(meant->table + "." + meant->key);
  } else if (schema.name == "env") {
    help = "variables of the program stand in [env.vars]";
  }
  faults_.error(entry.place,
                fmt::format("unknown key `{}` in [{}]", entry.key, schema.name),
                std::move(help));
}

void SchemaCheck::unknown_table(const TomlEntry& entry) {
  std::vector<std::string> known{std::string(kSpace)};
  for (const TableSchema& table : tables()) {
    known.emplace_back(table.name);
  }
  const auto ours = our_table(entry.key);
  const auto close = ours ? std::optional(std::string(*ours)) : nearest(entry.key, known);
  if (close) {
    meant_.push_back(*close);
  }
  faults_.error(entry.place,
                fmt::format("unknown table [{}]", entry.key),
                close ? fmt::format("did you mean [{}]?", *close)
                      : fmt::format("there are [{}]", fmt::join(known, "], [")));
}

void SchemaCheck::unknown_at_top(const TomlEntry& entry) {
  if (std::holds_alternative<TomlTable>(entry.value.data)) {
    unknown_table(entry);
    return;
  }
  static const TableSchema kTop = {"", {"metric", "command"}, {}};
  std::string help = "only `metric` and `command` may stand outside of tables";
  if (const auto meant = meant_key(entry.key, kTop)) {
    const bool may_stand = meant->key == "metric" || meant->key == "command";
    help = help_for(*meant, entry.key, may_stand ? meant->table : "");
    meant_.push_back((meant->key == "metric"    ? "sweep"
                      : meant->key == "command" ? "run"
                                                : meant->table) +
                     std::string(".") + meant->key);
  }
  faults_.error(
      entry.place, fmt::format("unknown key `{}` outside of tables", entry.key), std::move(help));
}

void SchemaCheck::table(const TableSchema& schema, const TomlEntry& entry) {
  const auto* table = std::get_if<TomlTable>(&entry.value.data);
  if (table != nullptr) {
    for (const TomlEntry& inner : table->entries) {
      key(schema, inner);
    }
    return;
  }
  const bool is_list = std::holds_alternative<TomlArray>(entry.value.data);
  std::string help = fmt::format("write [{}] on a line of its own", entry.key);
  if (entry.key == "metrics" && !is_list) {
    help = "did you mean `metric`? [metrics] says how metrics are read";
    meant_.emplace_back("sweep.metric");
  }
  faults_.error(entry.place,
                fmt::format("`{}` must be a table, not {}", entry.key, kind_name(entry.value)),
                std::move(help));
}

void SchemaCheck::later_table(const TomlEntry& entry) {
  const bool is_list = std::holds_alternative<TomlArray>(entry.value.data);
  faults_.error(entry.place,
                fmt::format("`{}{}{}` is not available in this version of sweepd",
                            is_list ? "[[" : "[",
                            entry.key,
                            is_list ? "]]" : "]"),
                std::string(way_around(entry.key, {})));
}

}  // namespace

std::vector<TableKeys> accepted_keys() {
  std::vector<TableKeys> accepted;
  for (const TableSchema& table : tables()) {
    accepted.push_back({table.name, table.keys});
  }
  return accepted;
}

std::vector<std::string> check_schema(const TomlTable& root, Faults& faults) {
  static const TableSchema kSpaceSchema{kSpace, {}, {}};
  SchemaCheck check(faults);
  for (const TomlEntry& entry : root.entries) {
    const auto schema =
        std::find_if(tables().begin(), tables().end(), [&](const TableSchema& table) {
          return table.name == entry.key;
        });
    if (schema != tables().end()) {
      check.table(*schema, entry);
    } else if (entry.key == kSpace) {
      if (!std::holds_alternative<TomlTable>(entry.value.data)) {
        check.table(kSpaceSchema, entry);
      }
    } else if (holds(later_tables(), entry.key)) {
      check.later_table(entry);
    } else {
      check.unknown_at_top(entry);
    }
  }
  return check.take_meant();
}

}  // namespace sweepd::sweeps
