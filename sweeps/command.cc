// Renders what a trial's program is given: arguments, environment, parameter file.
#include "sweeps/command.h"

#include "base/nearest.h"
#include "base/param_variable.h"
#include "sweeps/placeholders.h"
#include "sweeps/shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string_view>

namespace sweepd::sweeps {
namespace {

constexpr std::string_view kArgs = "args";

Error bad(std::string message) {
  return Error{Errc::kInvalidArgument, std::move(message)};
}

const Value* find_value(const Assignment& assignment, std::string_view name) {
  const auto found = std::find_if(assignment.begin(),
                                  assignment.end(),
                                  [name](const auto& binding) { return binding.first == name; });
  return found == assignment.end() ? nullptr : &found->second;
}

bool is_parameter(const SweepSpec& spec, std::string_view name) {
  return std::any_of(spec.space.parameters.begin(),
                     spec.space.parameters.end(),
                     [name](const Parameter& parameter) { return parameter.name == name; });
}

// The names of all placeholders of the command, in order, each once.
std::vector<std::string> placeholder_names(const SweepSpec& spec) {
  std::vector<std::string> names;
  for (const std::string& argument : spec.run.command) {
    const auto pieces = split_placeholders(argument);
    if (!pieces) {
      continue;
    }
    for (const Piece& piece : *pieces) {
      if (piece.placeholder && std::find(names.begin(), names.end(), piece.text) == names.end()) {
        names.push_back(piece.text);
      }
    }
  }
  return names;
}

// "lr" -> "--lr"; a key that is written with its dashes keeps them.
std::string flag_of(const std::string& name) {
  return name.front() == '-' ? name : "--" + name;
}

std::string negated_flag_of(const std::string& name) {
  const std::size_t bare = std::min(name.find_first_not_of('-'), name.size());
  return "--no-" + name.substr(bare);
}

// The arguments of one parameter in the style of [run] args and bool.
void append_argument(const RunSpec& run,
                     const std::string& name,
                     const Value& value,
                     std::vector<std::string>& out) {
  if (run.args == ArgsStyle::kNone || name.empty()) {
    return;
  }
  const bool* boolean = std::get_if<bool>(&value);
  if (run.args != ArgsStyle::kKeyEqualsValue && run.bools != BoolStyle::kValue &&
      boolean != nullptr) {
    if (*boolean) {
      out.push_back(flag_of(name));
    } else if (run.bools == BoolStyle::kNoFlag) {
      out.push_back(negated_flag_of(name));
    }
    return;
  }
  switch (run.args) {
    case ArgsStyle::kFlagSpaceValue:
      out.push_back(flag_of(name));
      out.push_back(to_text(value));
      break;
    case ArgsStyle::kFlagEqualsValue:
      out.push_back(flag_of(name) + "=" + to_text(value));
      break;
    case ArgsStyle::kKeyEqualsValue:
      out.push_back(name + "=" + to_text(value));
      break;
    case ArgsStyle::kNone:
      break;
  }
}

// One rendering: the sweep, the trial and what follows from them.
struct Rendering {
  const SweepSpec& spec;
  const Assignment& assignment;
  const TrialKey& trial;
  std::vector<std::string> names;     // of the placeholders of the command
  std::vector<std::string> appended;  // the arguments that no placeholder names
  bool for_agent = false;

  // What is to reach the program as it is.
  std::string literal(const std::string& text) const {
    return for_agent ? escape_placeholders(text) : text;
  }

  bool names_args() const { return std::find(names.begin(), names.end(), kArgs) != names.end(); }

  // The text of a placeholder that is known here; the agent's own are not.
  Result<std::string> text_of(const std::string& name) const {
    if (name == "trial.id") {
      return to_string(trial);
    }
    if (name == "sweep.id") {
      return to_string(trial.sweep);
    }
    if (const Value* value = find_value(assignment, name)) {
      return to_text(*value);
    }
    if (is_parameter(spec, name)) {
      return bad(fmt::format("the command names ${{{}}}, which this trial does not have", name));
    }
    return bad(fmt::format("the command names ${{{}}}, which nothing defines", name));
  }
};

Result<std::string> render_argument(const Rendering& rendering, const std::vector<Piece>& pieces) {
  std::string out;
  for (const Piece& piece : pieces) {
    if (piece.placeholder && is_agent_placeholder(piece.text)) {
      out += fmt::format("${{{}}}", piece.text);
    } else if (piece.placeholder) {
      SWEEPD_TRY(const std::string text, rendering.text_of(piece.text));
      out += rendering.literal(text);
    } else {
      out += rendering.literal(piece.text);
    }
  }
  return out;
}

Result<std::vector<std::string>> render_arguments(const Rendering& rendering) {
  std::vector<std::string> arguments;
  const auto append = [&] {
    for (const std::string& argument : rendering.appended) {
      arguments.push_back(rendering.literal(argument));
    }
  };
  for (const std::string& argument : rendering.spec.run.command) {
    SWEEPD_TRY(const std::vector<Piece> pieces, split_placeholders(argument));
    if (pieces.size() == 1 && pieces[0] == Piece{true, std::string(kArgs)}) {
      append();
      continue;
    }
    if (std::find(pieces.begin(), pieces.end(), Piece{true, std::string(kArgs)}) != pieces.end()) {
      return bad("${args} must be an argument of its own");
    }
    SWEEPD_TRY(std::string rendered, render_argument(rendering, pieces));
    arguments.push_back(std::move(rendered));
  }
  if (!rendering.names_args()) {
    append();
  }
  return arguments;
}

// What the agent alone knows is in the environment, and the shell reads it there.
std::string shell_variable(std::string_view name) {
  if (name == "outputs") {
    return "${SWEEPD_OUTPUTS}";
  }
  if (name == "logs") {
    return "${SWEEPD_LOGS}";
  }
  return fmt::format("${{{}}}", name.substr(std::string_view("env.").size()));
}

Result<std::string> render_line(const Rendering& rendering, const std::string& text) {
  SWEEPD_TRY(const std::vector<Piece> pieces, split_placeholders(text));
  std::string appended;
  for (const std::string& argument : rendering.appended) {
    appended += (appended.empty() ? "" : " ") + quote_for_shell(argument, ShellQuote::kNone);
  }
  std::string line;
  ShellQuote quote = ShellQuote::kNone;
  for (const Piece& piece : pieces) {
    if (!piece.placeholder) {
      line += piece.text;
      quote = quote_after(quote, piece.text);
    } else if (piece.text == kArgs) {
      line += appended;
    } else if (is_agent_placeholder(piece.text)) {
      line += shell_variable(piece.text);
    } else {
      SWEEPD_TRY(const std::string value, rendering.text_of(piece.text));
      line += quote_for_shell(value, quote);
    }
  }
  if (!rendering.names_args() && !appended.empty()) {
    line += " " + appended;
  }
  return line;
}

Result<std::vector<std::string>> render(Rendering rendering) {
  const SweepSpec& spec = rendering.spec;
  for (const auto& [name, value] : rendering.assignment) {
    if (std::find(rendering.names.begin(), rendering.names.end(), name) == rendering.names.end()) {
      append_argument(spec.run, name, value, rendering.appended);
    }
  }
  if (!spec.run.shell) {
    return render_arguments(rendering);
  }
  if (spec.run.command.size() != 1) {
    return bad(fmt::format("a command for the shell is one line, got {}", spec.run.command.size()));
  }
  SWEEPD_TRY(const std::string line, render_line(rendering, spec.run.command.front()));
  return std::vector<std::string>{"/bin/sh", "-c", rendering.literal(line)};
}

bool is_plain_json(unsigned char byte) {
  return byte >= 0x20U && byte != '"' && byte != '\\';
}

// A string of JSON. Bytes from 0x80 on pass: text comes from TOML, which is UTF-8.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char byte : text) {
    if (is_plain_json(static_cast<unsigned char>(byte))) {
      out += byte;
    } else if (byte == '"' || byte == '\\') {
      out += {'\\', byte};
    } else {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
    }
  }
  return out + "\"";
}

std::string json_value(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return json_text(*text);
  }
  const auto* real = std::get_if<double>(&value);
  const bool has_no_number = real != nullptr && !std::isfinite(*real);
  return has_no_number ? "null" : to_text(value);  // JSON has no infinity
}

}  // namespace

Result<std::vector<std::string>> render_command(const SweepSpec& spec,
                                                const Assignment& assignment,
                                                const TrialKey& trial) {
  return render({spec, assignment, trial, placeholder_names(spec), {}, false});
}

Result<std::vector<std::string>> render_for_agent(const SweepSpec& spec,
                                                  const Assignment& assignment,
                                                  const TrialKey& trial) {
  return render({spec, assignment, trial, placeholder_names(spec), {}, true});
}

std::string params_json(const Assignment& assignment) {
  std::string out = "{";
  for (const auto& [name, value] : assignment) {
    out += fmt::format("{}{}: {}", out.size() > 1 ? ", " : "", json_text(name), json_value(value));
  }
  return out + "}";
}

std::vector<std::pair<std::string, std::string>> param_environment(const Assignment& assignment) {
  std::vector<std::pair<std::string, std::string>> environment;
  std::set<std::string> taken;  // `a-b` and `a_b` are one variable: the first in the file has it
  for (const auto& [name, value] : assignment) {
    std::string variable = std::string(kParamPrefix) + param_variable_part(name);
    if (taken.insert(variable).second) {
      environment.emplace_back(std::move(variable), to_text(value));
    }
  }
  return environment;
}

std::vector<std::pair<std::string, std::string>> unknown_placeholders(const SweepSpec& spec) {
  std::vector<std::string> known{std::string(kArgs), "trial.id", "sweep.id", "outputs", "logs"};
  for (const Parameter& parameter : spec.space.parameters) {
    known.push_back(parameter.name);
  }
  std::vector<std::pair<std::string, std::string>> unknown;
  for (const std::string& name : placeholder_names(spec)) {
    if (!is_agent_placeholder(name) && std::find(known.begin(), known.end(), name) == known.end()) {
      unknown.emplace_back(name, nearest(name, known).value_or(""));
    }
  }
  return unknown;
}

}  // namespace sweepd::sweeps
