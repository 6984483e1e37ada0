// [sweep] and [run]: what is searched for, and the program that is run.
#include "base/limits.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

// The words of a metric's name, in lower case: "val/Loss" -> val, loss; "validationAcc1" ->
// validation, acc1.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  char before = '\0';
  for (const char byte : name) {
    const auto plain = static_cast<unsigned char>(byte);
    const bool hump =
        std::isupper(plain) != 0 && std::islower(static_cast<unsigned char>(before)) != 0;
    if (std::isalnum(plain) == 0 || hump) {
      words.emplace_back();
    }
    if (std::isalnum(plain) != 0) {
      words.back() += static_cast<char>(std::tolower(plain));
    }
    before = byte;
  }
  return words;
}

bool is_one_of(std::string_view word, const std::vector<std::string_view>& list) {
  const std::size_t end = word.find_last_not_of("0123456789");
  const std::string_view without_digits =
      word.substr(0, end == std::string_view::npos ? 0 : end + 1);
  return std::find(list.begin(), list.end(), word) != list.end() ||
         std::find(list.begin(), list.end(), without_digits) != list.end();
}

void read_goal(Draft& draft, const Fields& fields) {
  Objective& objective = draft.spec.objective;
  const Place metric = draft.place_of("sweep", "metric");
  if (objective.metric.empty()) {
    const TomlEntry* entry = fields.find("metric");
    const bool is_told =
        draft.is_meant("sweep.metric") ||
        (entry != nullptr && !std::holds_alternative<std::string>(entry->value.data));
    if (!draft.spec.job && !is_told) {
      draft.faults.missing(metric,
                           "the sweep has no metric",
                           "metric = \"loss\", as the script reports or prints it");
    }
    return;
  }
  if (objective.metric.size() > limits::kMetricNameBytesMax) {
    draft.faults.error(
        metric,
        fmt::format("the metric's name has more than {} bytes", limits::kMetricNameBytesMax));
  }
  if (fields.find("goal") != nullptr) {
    fields.word<Goal>(
        "goal", objective.goal, {{"minimize", Goal::kMinimize}, {"maximize", Goal::kMaximize}});
    return;
  }
  if (const auto goal = goal_of_metric(objective.metric)) {
    objective.goal = *goal;
    return;
  }
  draft.faults.missing(
      metric,
      fmt::format("the name `{}` does not tell whether less or more of it is better",
                  objective.metric),
      "write goal = \"minimize\" or goal = \"maximize\" in [sweep]");
}

// W&B has a table here, with the goal in it.
void read_metric(const Fields& fields, std::string& metric) {
  const TomlEntry* entry = fields.find("metric");
  if (entry != nullptr && std::holds_alternative<TomlTable>(entry->value.data)) {
    wrong_kind(*entry,
               "text",
               "write metric = \"loss\" and goal = \"minimize\" in [sweep]",
               fields.faults());
    return;
  }
  fields.text("metric", metric);
}

// "best", "last", "mean_last:5"
void read_reduce(const Fields& fields, Reduce& reduce) {
  const TomlEntry* entry = fields.find("reduce");
  if (entry == nullptr) {
    return;
  }
  std::string text;
  fields.text("reduce", text);
  constexpr std::string_view kMeanLast = "mean_last:";
  if (text.substr(0, kMeanLast.size()) != kMeanLast) {
    fields.word<ReduceKind>(
        "reduce", reduce.kind, {{"best", ReduceKind::kBest}, {"last", ReduceKind::kLast}});
    return;
  }
  constexpr std::uint32_t kCountMax = 1000;
  std::uint32_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + kMeanLast.size(), end, count);
  if (error != std::errc{} || stopped != end || count < 1 || count > kCountMax) {
    fields.faults().error(entry->value.place,
                          "`mean_last:` needs a number of reports from 1 to 1000",
                          "write reduce = \"mean_last:5\"");
    return;
  }
  reduce = {ReduceKind::kMeanLast, count};
}

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

void read_named_texts(const Fields& fields, std::string_view key, NamedTexts& out) {
  const TomlEntry* entry = fields.find(key);
  if (entry == nullptr) {
    return;
  }
  const auto* table = std::get_if<TomlTable>(&entry->value.data);
  if (table == nullptr) {
    wrong_kind(
        *entry, "a table", fmt::format("write {} = {{ name = \"text\" }}", key), fields.faults());
    return;
  }
  for (const TomlEntry& each : table->entries) {
    if (auto text = plain_text(each.value, each.key, fields.faults())) {
      out.emplace_back(each.key, std::move(*text));
    }
  }
}

// A path below the working folder.
void check_below(const Fields& fields, std::string_view key, const std::string& path) {
  const bool absolute = !path.empty() && path.front() == '/';
  const bool leaves = path == ".." || path.substr(0, 3) == "../" ||
                      path.find("/../") != std::string::npos ||
                      (path.size() >= 3 && path.substr(path.size() - 3) == "/..");
  if (absolute || leaves) {
    fields.faults().error(fields.find(key)->value.place,
                          fmt::format("`{}` must stay below the working folder, got {}", key, path),
                          "each attempt has a working folder of its own");
  }
}

void check_environment(const TomlTable& vars, Faults& faults) {
  for (const TomlEntry& entry : vars.entries) {
    const bool named = !entry.key.empty() &&
                       std::isdigit(static_cast<unsigned char>(entry.key[0])) == 0 &&
                       std::all_of(entry.key.begin(), entry.key.end(), [](char byte) {
                         return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_';
                       });
    if (!named) {
      faults.error(entry.place,
                   fmt::format("`{}` cannot be the name of a variable", entry.key),
                   "letters, digits and _, and no digit at the begin");
    } else if (entry.key.substr(0, 7) == "SWEEPD_") {
      faults.error(entry.place,
                   fmt::format("`{}` is set by sweepd", entry.key),
                   "choose a name that does not begin with SWEEPD_");
    }
  }
}

}  // namespace

std::optional<Goal> goal_of_metric(std::string_view metric) {
  static const std::vector<std::string_view> kLess = {
      "loss", "error", "err", "rmse", "mae", "perplexity"};
  static const std::vector<std::string_view> kMore = {
      "acc", "accuracy", "auc", "f1", "score", "reward"};
  bool less = false;
  bool more = false;
  for (const std::string& word : words_of(metric)) {
    less = less || is_one_of(word, kLess);
    more = more || is_one_of(word, kMore);
  }
  if (less == more) {
    return std::nullopt;
  }
  return less ? Goal::kMinimize : Goal::kMaximize;
}

void read_sweep(Draft& draft) {
  const Fields fields(draft.table("sweep"), draft.faults);
  SweepSpec& spec = draft.spec;
  fields.text("name", spec.name);
  spec.experiment = spec.name;  // the sweeps of one file belong together
  fields.text("experiment", spec.experiment);
  read_metric(fields, spec.objective.metric);
  read_goal(draft, fields);
  read_reduce(fields, spec.objective.reduce);
  read_named_texts(fields, "tags", spec.tags);
  fields.text("notes", spec.notes);
  constexpr std::int64_t kPriorityMax = 1000;
  if (const auto priority = fields.integer("priority", {-kPriorityMax, kPriorityMax})) {
    spec.priority = static_cast<std::int32_t>(*priority);
  }
}

void read_run(Draft& draft) {
  const Fields fields(draft.table("run"), draft.faults);
  RunSpec& run = draft.spec.run;
  fields.flag("shell", run.shell);
  fields.word<ArgsStyle>("args",
                         run.args,
                         {{"--key value", ArgsStyle::kFlagSpaceValue},
                          {"--key=value", ArgsStyle::kFlagEqualsValue},
                          {"key=value", ArgsStyle::kKeyEqualsValue},
                          {"none", ArgsStyle::kNone},
                          {"+key=value", std::nullopt},
                          {"++key=value", std::nullopt}});
  fields.word<BoolStyle>(
      "bool",
      run.bools,
      {{"value", BoolStyle::kValue}, {"flag", BoolStyle::kFlag}, {"no-flag", BoolStyle::kNoFlag}});
  run.code = ".";  // the folder of the sweep file, so that the smallest file finds its script; ""
                   // ships nothing
  fields.text("code", run.code);
  fields.text("cwd", run.cwd);
  fields.texts("outputs", run.outputs);
  fields.texts("logs", run.logs);
  check_below(fields, "cwd", run.cwd);
  for (const std::string& path : run.outputs) {
    check_below(fields, "outputs", path);
  }
  for (const std::string& path : run.logs) {
    check_below(fields, "logs", path);
  }
  read_command(draft, fields);

  const Fields env(draft.table("env"), draft.faults);
  read_named_texts(env, "vars", draft.spec.env);
  const TomlEntry* vars = env.find("vars");
  if (const auto* table = vars == nullptr ? nullptr : std::get_if<TomlTable>(&vars->value.data)) {
    check_environment(*table, draft.faults);
  }
}

}  // namespace sweepd::sweeps
