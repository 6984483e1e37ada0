// Finds the files of the code folder among the words of a command.
#include "sweeps/code_needs.h"

#include "sweeps/command.h"
#include "sweeps/placeholders.h"
#include "sweeps/shell.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace sweepd::sweeps {
namespace {

// A program whose first argument that is no option is a script.
struct Interpreter {
  std::string_view name;
  std::string_view flags;       // letters of options without an argument
  std::string_view with_value;  // letters of options with one
  bool long_flags = false;      // whether `--word` never has its argument behind a blank
};

constexpr std::array<Interpreter, 8> kInterpreters = {{
    {"python", "bBdEiIOPqsSuvx", "WX", false},
    {"pypy", "bBdEiIOPqsSuvx", "WX", false},
    {"sh", "efuvxl", "o", false},
    {"bash", "efuvxl", "o", false},
    {"dash", "efuvxl", "o", false},
    {"zsh", "efuvxl", "o", false},
    {"Rscript", "", "", true},
    {"julia", "iq", "ptJ", false},
}};

// A program that starts another one somewhere behind its own options.
struct Launcher {
  std::string_view name;
  bool takes_scripts = false;  // a Python script without the interpreter before it
};

constexpr std::array<Launcher, 14> kLaunchers = {{
    {"torchrun", true},
    {"accelerate", true},
    {"deepspeed", true},
    {"uv", true},
    {"horovodrun", false},
    {"mpirun", false},
    {"mpiexec", false},
    {"poetry", false},
    {"pipenv", false},
    {"pixi", false},
    {"nice", false},
    {"env", false},
    {"stdbuf", false},
    {"numactl", false},
}};

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// "python" of "python3.11", "bash" of "/bin/bash"
const Interpreter* interpreter_of(std::string_view program) {
  const std::string_view name = base_name(program);
  const std::string_view bare = name.substr(0, name.find_last_not_of("0123456789.") + 1);
  const auto found = std::find_if(kInterpreters.begin(),
                                  kInterpreters.end(),
                                  [bare](const Interpreter& each) { return each.name == bare; });
  return found == kInterpreters.end() ? nullptr : &*found;
}

const Launcher* launcher_of(std::string_view program) {
  const std::string_view name = base_name(program);
  const auto found = std::find_if(kLaunchers.begin(),
                                  kLaunchers.end(),
                                  [name](const Launcher& each) { return each.name == name; });
  return found == kLaunchers.end() ? nullptr : &*found;
}

bool is_path(std::string_view word) {
  return word.find('/') != std::string_view::npos;
}

// How many words an option takes, itself included; 0 when that is not known.
std::size_t words_of_option(const Interpreter& interpreter, std::string_view option) {
  if (option.starts_with("--")) {
    const bool alone = option.find('=') != std::string_view::npos || interpreter.long_flags;
    return alone && option.size() > 2 ? 1 : 0;
  }
  for (std::size_t i = 1; i < option.size(); ++i) {
    if (interpreter.with_value.find(option[i]) != std::string_view::npos) {
      return i + 1 == option.size() ? 2 : 1;
    }
    if (interpreter.flags.find(option[i]) == std::string_view::npos) {
      return 0;
    }
  }
  return option.size() > 1 ? 1 : 0;  // `-` alone is stdin
}

// The index of the script of the interpreter that stands at `begin`; the number of words when there
// is none to tell.
std::size_t script_of(const Interpreter& interpreter,
                      const std::vector<std::string>& words,
                      std::size_t begin) {
  std::size_t i = begin + 1;
  while (i < words.size() && words[i].starts_with('-')) {
    const std::size_t taken = words_of_option(interpreter, words[i]);
    i = taken == 0 ? words.size() : i + taken;
  }
  return std::min(i, words.size());
}

// Options that make the script no file, or another folder the one it is looked for in.
bool leads_elsewhere(std::string_view word) {
  if (!word.starts_with('-')) {
    return false;
  }
  const auto names = [word](std::string_view part) {
    return word.find(part) != std::string_view::npos;
  };
  return word == "-m" || word == "-c" || word == "-C" || names("module") || names("dir") ||
         names("cwd") || names("project");
}

// The index of what a launcher starts: an interpreter, a Python script or a program by its path;
// the number of words when there is none to tell.
std::size_t launched_by(const Launcher& launcher, const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size() && !leads_elsewhere(words[i]); ++i) {
    const std::string& word = words[i];
    if (word.starts_with('-') || word.find('=') != std::string::npos) {
      continue;  // `CONFIG=conf.py` of env, `foo==1` of uv
    }
    const bool is_script = word.ends_with(".py") && launcher.takes_scripts;
    if (interpreter_of(word) != nullptr || is_script) {
      return i;
    }
    if (is_path(word)) {
      // Behind an option it may be its argument; then what follows may be one of the program.
      return words[i - 1].starts_with('-') ? words.size() : i;
    }
  }
  return words.size();
}

// A word without placeholders, `$$` read as a dollar.
std::optional<std::string> literal_of(const std::string& word) {
  const auto pieces = split_placeholders(word);
  if (!pieces) {
    return std::nullopt;
  }
  std::string text;
  for (const Piece& piece : *pieces) {
    if (piece.placeholder) {
      return std::nullopt;
    }
    text += piece.text;
  }
  return text;
}

bool is_shell(std::string_view name) {
  return name == "sh" || name == "bash" || name == "dash" || name == "zsh";
}

// A shell looks for a script without a folder on PATH, too; a name like train.sh is none from
// there.
bool may_be_on_path(const Interpreter& interpreter, std::string_view script) {
  return is_shell(interpreter.name) && !is_path(script) && !script.ends_with(".sh");
}

class Needs {
 public:
  Needs(const RunSpec& run, const std::vector<std::string>& words) : run_(run), words_(words) {}

  void add(std::size_t word, bool executed) {
    const std::optional<std::string> text = literal_of(words_[word]);
    if (!text || text->empty() || text->front() == '/') {
      return;
    }
    const auto path = inner_path(run_.cwd.empty() ? *text : run_.cwd + "/" + *text);
    if (path && !path->empty()) {
      found_.push_back({word, *path, executed});
    }
  }

  std::vector<CodeNeed> take() { return std::move(found_); }

 private:
  const RunSpec& run_;
  const std::vector<std::string>& words_;
  std::vector<CodeNeed> found_;
};

}  // namespace

std::optional<std::string> inner_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part == "..") {
      if (parts.empty()) {
        return std::nullopt;
      }
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string inner;
  for (const std::string& part : parts) {
    inner += (inner.empty() ? "" : "/") + part;
  }
  return inner;
}

std::vector<std::string> plain_words(const RunSpec& run) {
  if (!run.shell || run.command.empty()) {
    return run.command;
  }
  const std::string& line = run.command.front();
  constexpr std::string_view kForShell = "$`*?[]{}~#\n";
  if (!shell_operator(line).empty() || line.find_first_of(kForShell) != std::string::npos) {
    return {};
  }
  const auto words = split_command(line);
  const bool assigns = words && !words->empty() && words->front().find('=') != std::string::npos;
  return words && !assigns ? *words : std::vector<std::string>();
}

std::vector<CodeNeed> code_needs(const RunSpec& run) {
  const std::vector<std::string> words = plain_words(run);
  if (words.empty()) {
    return {};
  }
  Needs needs(run, words);
  if (is_path(words.front())) {
    needs.add(0, true);
  }
  std::size_t program = 0;
  if (const Launcher* launcher = launcher_of(words.front())) {
    program = launched_by(*launcher, words);
    if (program == words.size()) {
      return needs.take();
    }
    if (launcher->takes_scripts && words[program].ends_with(".py")) {
      needs.add(program, false);
      return needs.take();
    }
    if (is_path(words[program]) && !words[program - 1].starts_with('-')) {
      needs.add(program, true);
    }
  }
  if (const Interpreter* interpreter = interpreter_of(words[program])) {
    const std::size_t script = script_of(*interpreter, words, program);
    if (script < words.size() && !may_be_on_path(*interpreter, words[script])) {
      needs.add(script, false);
    }
  }
  return needs.take();
}

}  // namespace sweepd::sweeps
