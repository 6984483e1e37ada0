// [sweep] and [run]: what is searched for, and the program that is run.
#include "base/limits.h"
#include "base/nearest.h"
#include "sweeps/command.h"
#include "sweeps/placeholders.h"
#include "sweeps/shell.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

// What W&B fills in.
bool is_foreign_placeholder(std::string_view name) {
  return name == "env" || name == "interpreter" || name == "program" || name == "args_no_hyphens" ||
         name == "args_json";
}

// Tells what to write instead of a placeholder that nothing defines.
std::string placeholder_help(const std::string& name, const std::string& close, bool shell) {
  if (is_foreign_placeholder(name)) {
    return "write the program itself: command = \"python train.py\"";
  }
  if (!close.empty()) {
    return fmt::format("did you mean `${{{}}}`?", close);
  }
  if (shell) {
    return fmt::format("a variable of the shell is written $${{{}}}", name);
  }
  return fmt::format("a variable of the environment is ${{env.{}}}, a dollar is $$", name);
}

bool is_later_placeholder(std::string_view name) {
  return name == "checkpoint" || name == "rank" || name.substr(0, 5) == "data." ||
         name.substr(0, 5) == "file.";
}

bool mentions(const std::vector<Piece>& pieces, std::string_view name) {
  return std::find(pieces.begin(), pieces.end(), Piece{true, std::string(name)}) != pieces.end();
}

// Placeholders of the command against the parameters of the space.
void check_placeholders(Draft& draft, const Place& place) {
  for (const auto& [name, near] : unknown_placeholders(draft.spec)) {
    if (draft.is_unread(name)) {
      continue;
    }
    const std::string close = near.empty() ? nearest(name, draft.unread).value_or("") : near;
    const std::string written = fmt::format("${{{}}}", name);
    const Place at = place_within(place, draft.text, written);
    if (is_later_placeholder(name)) {
      draft.faults.error(at,
                         fmt::format("`{}` is not available in this version of sweepd", written));
    } else {
      draft.faults.missing(at,
                           fmt::format("nothing defines `{}`", written),
                           placeholder_help(name, close, draft.spec.run.shell));
    }
  }
  for (const std::string& argument : draft.spec.run.command) {
    const auto pieces = split_placeholders(argument);
    if (!pieces) {
      const std::string_view open = std::string_view(argument).substr(argument.rfind("${"));
      draft.faults.error(place_within(place, draft.text, open),
                         pieces.error().message,
                         "end it with }, or write $$ for a dollar");
      continue;
    }
    for (const Parameter& parameter : draft.spec.space.parameters) {
      if (!parameter.when.empty() && mentions(*pieces, parameter.name)) {
        draft.faults.error(place_within(place, draft.text, fmt::format("${{{}}}", parameter.name)),
                           fmt::format("`{}` is not in every trial, so the command cannot name it",
                                       parameter.name),
                           "leave it out: it is appended where it is active");
      }
    }
    if (!draft.spec.run.shell && pieces->size() > 1 && mentions(*pieces, "args")) {
      draft.faults.error(place_within(place, draft.text, "${args}"),
                         "`${args}` must be an argument of its own",
                         "put blanks around it");
    }
  }
}

// `{lr}` and `$lr`, which other programs would fill in.
void warn_of_lookalikes(Draft& draft, const Place& place) {
  for (const std::string& argument : draft.spec.run.command) {
    for (const Parameter& parameter : draft.spec.space.parameters) {
      const std::string braces = fmt::format("{{{}}}", parameter.name);
      const std::size_t at = argument.find(braces);
      const bool in_braces = at != std::string::npos && (at == 0 || argument[at - 1] != '$');
      const std::string dollar = "$" + parameter.name;
      if (in_braces || (!draft.spec.run.shell && argument == dollar)) {
        const std::string& written = in_braces ? braces : dollar;
        draft.faults.warning(place_within(place, draft.text, written),
                             fmt::format("`{}` is given to the program as it is", written),
                             fmt::format("the value of the parameter is ${{{}}}", parameter.name));
      }
    }
  }
}

// A command that looks like a line for the shell and is none.
void warn_of_operators(Draft& draft, const Place& place, const std::string& line) {
  const std::string_view op = shell_operator(line);
  if (op.empty()) {
    return;
  }
  if (!draft.spec.run.shell) {
    draft.faults.warning(
        place_within(place, draft.text, op),
        fmt::format("`{}` is given to the program: no shell runs this command", op),
        "shell = true in [run] runs it in /bin/sh");
  } else if (draft.spec.run.args != ArgsStyle::kNone && line.find("${args}") == std::string::npos &&
             !draft.spec.space.parameters.empty()) {
    draft.faults.warning(
        place_within(place, draft.text, op),
        fmt::format("parameters are appended at the end of the line, behind `{}`", op),
        "${args} places them");
  }
}

void split_text_command(Draft& draft, const Place& place, const std::string& line) {
  std::vector<std::string>& command = draft.spec.run.command;
  warn_of_operators(draft, place, line);
  if (draft.spec.run.shell) {
    command = {line};
    return;
  }
  auto words = split_command(line);
  if (!words) {
    draft.faults.error(place, fmt::format("`command`: {}", words.error().message));
    return;
  }
  command = std::move(*words);
}

// The items of a command that is a list.
void read_arguments(const TomlArray& list, Draft& draft) {
  for (const TomlValue& item : list.items) {
    draft.spec.run.command.push_back(
        plain_text(item, "command", draft.faults).value_or(std::string()));
  }
  const std::string first =
      draft.spec.run.command.empty() ? std::string() : draft.spec.run.command.front();
  const std::size_t blank = first.find(' ');
  // Paths may have blanks; a program on PATH has none.
  if (blank != std::string::npos && first.find('/') > blank) {
    draft.faults.warning(list.items.front().place,
                         fmt::format("the program is called `{}`, blanks and all", first),
                         list.items.size() == 1 ? fmt::format("write command = \"{}\"", first)
                                                : std::string("each word is an item of its own"));
  }
}

void read_command(Draft& draft, const Fields& fields) {
  const TomlEntry* entry = fields.find("command");
  const Place place = draft.place_of("run", "command");
  if (entry == nullptr) {
    if (!draft.is_meant("run.command")) {
      draft.faults.missing(place, "the sweep has no command", "command = \"python train.py\"");
    }
    return;
  }
  const std::size_t faults_before = draft.faults.errors();
  if (std::holds_alternative<std::string>(entry->value.data)) {
    std::string line;
    fields.text("command", line);
    split_text_command(draft, place, line);
  } else if (draft.spec.run.shell) {
    wrong_kind(*entry, "text", "with shell = true the command is one line", draft.faults);
  } else if (const auto* list = std::get_if<TomlArray>(&entry->value.data)) {
    read_arguments(*list, draft);
  } else {
    wrong_kind(
        *entry, "text or a list of arguments", "write command = \"python train.py\"", draft.faults);
  }
  if (draft.faults.errors() != faults_before) {
    return;
  }
  if (draft.spec.run.command.empty() || draft.spec.run.command.front().empty()) {
    draft.faults.error(place, "the command is empty", "command = \"python train.py\"");
    return;
  }
  check_placeholders(draft, place);
  warn_of_lookalikes(draft, place);
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
