// One table of words, and for each shell the few lines that look into it. No word of ours has a
// character that a shell would change.
#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace sweepd::cli {

namespace {

constexpr std::pair<std::string_view, Shell> kShells[] = {
    {"bash", Shell::kBash}, {"fish", Shell::kFish}, {"zsh", Shell::kZsh}};

// The words typed so far are followed along the paths that there are; what is no verb (an option, a
// selector) is passed over.
constexpr std::string_view kBash = R"(# bash completion: source <(sweepctl completion bash)
_sweepctl() {{
  local at="" word words=""
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [[ $word == -- ]] && return
    case "${{at:+$at }}$word" in
{paths}      at="${{at:+$at }}$word" ;;
    esac
  done
  case $at in
{cases}  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _sweepctl sweepctl
)";

constexpr std::string_view kZsh = R"(# zsh completion: source <(sweepctl completion zsh)
_sweepctl() {{
  local at="" word list=""
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    [[ $word == -- ]] && {{ _files; return }}
    case "${{at:+$at }}$word" in
{paths}      at="${{at:+$at }}$word" ;;
    esac
  done
  case $at in
{cases}  esac
  compadd -- ${{=list}} || _files
}}
compdef _sweepctl sweepctl
)";

constexpr std::string_view kFish = R"(# fish completion: sweepctl completion fish | source
function __sweepctl_at
  set -l at  # a list; in quotes its words stand a space apart
  for word in (commandline -opc)[2..-1]
    test "$word" = --; and return
    switch (string trim -- "$at $word")
{paths}        set -a at $word
    end
  end
  switch "$at"
{cases}  end
end
complete -c sweepctl -a '(__sweepctl_at | string split " ")'
)";

// "ls|show|…", of all paths but that of the program itself.
std::string joined_paths(const std::vector<NextWords>& all,
                         const char* quote,
                         const char* between) {
  std::string text;
  for (const NextWords& next : all) {
    if (!next.path.empty()) {
      text += fmt::format("{}{}{}{}", text.empty() ? "" : between, quote, next.path, quote);
    }
  }
  return text;
}

std::string joined_cases(const std::vector<NextWords>& all, const char* line) {
  std::string text;
  for (const NextWords& next : all) {
    text += fmt::format(fmt::runtime(line), next.path, fmt::join(next.words, " "));
  }
  return text;
}

}  // namespace

std::vector<std::string> shell_names() {
  std::vector<std::string> names;
  for (const auto& [name, shell] : kShells) {
    names.emplace_back(name);
  }
  return names;
}

std::optional<Shell> shell_named(const std::string& name) {
  const auto* found = std::find_if(
      std::begin(kShells), std::end(kShells), [&name](const auto& e) { return e.first == name; });
  return found == std::end(kShells) ? std::nullopt : std::optional(found->second);
}

std::string completion_script(Shell shell, const std::vector<NextWords>& words) {
  switch (shell) {
    case Shell::kBash:
      return fmt::format(
          kBash,
          fmt::arg("paths", fmt::format("      {})\n", joined_paths(words, "\"", " | "))),
          fmt::arg("cases", joined_cases(words, "    \"{}\") words=\"{}\" ;;\n")));
    case Shell::kZsh:
      return fmt::format(
          kZsh,
          fmt::arg("paths", fmt::format("      ({})\n", joined_paths(words, "\"", " | "))),
          fmt::arg("cases", joined_cases(words, "    \"{}\") list=\"{}\" ;;\n")));
    case Shell::kFish:
      return fmt::format(
          kFish,
          fmt::arg("paths", fmt::format("      case {}\n", joined_paths(words, "'", " "))),
          fmt::arg("cases", joined_cases(words, "    case '{}'\n      echo '{}'\n")));
  }
  return {};
}

}  // namespace sweepd::cli
