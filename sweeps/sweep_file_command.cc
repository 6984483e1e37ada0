// `command` of [run]: a line or a list, and the placeholders in it.
#include "base/nearest.h"
#include "sweeps/command.h"
#include "sweeps/placeholders.h"
#include "sweeps/shell.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

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

}  // namespace

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

}  // namespace sweepd::sweeps
