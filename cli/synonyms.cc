// The words of other command lines; meaning goes before spelling, since `list` is nearer to `wait`.
#include "cli/synonyms.h"

#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace sweepd::cli {

namespace {

struct Synonym {
  std::string_view word;
  std::string_view verb;    // its first word is one of the level where the word was typed
  std::string_view remark;  // follows the verb in the question
};

constexpr std::string_view kOrKill = " for an ended sweep, or 'kill' to end one and keep it";
constexpr std::string_view kOrStop = ", or 'stop' to let running trials finish";

// The same word may mean another verb under a noun: the first that exists there is taken.
constexpr std::array<Synonym, 53> kSynonyms = {{{"list", "ls", ""},
                                                {"ps", "ls", ""},
                                                {"jobs", "ls", ""},
                                                {"sweeps", "ls", ""},
                                                {"status", "show", ", or 'ls' for all"},
                                                {"state", "show", ", or 'ls' for all"},
                                                {"describe", "show", ""},
                                                {"inspect", "show", ""},
                                                {"info", "show", ""},
                                                {"info", "ls", ""},
                                                {"cancel", "kill", kOrStop},
                                                {"abort", "kill", kOrStop},
                                                {"terminate", "kill", kOrStop},
                                                {"delete", "rm", kOrKill},
                                                {"remove", "rm", kOrKill},
                                                {"del", "rm", kOrKill},
                                                {"prune", "gc", ""},
                                                {"clean", "gc", ""},
                                                {"cleanup", "gc", ""},
                                                {"best", "leaderboard", ""},
                                                {"results", "leaderboard", ""},
                                                {"ranking", "leaderboard", ""},
                                                {"start", "submit", ""},
                                                {"create", "submit", ""},
                                                {"create", "register", ""},
                                                {"add", "register", ""},
                                                {"launch", "submit", ""},
                                                {"new", "submit", ""},
                                                {"exec", "run", ""},
                                                {"validate", "check", ""},
                                                {"lint", "check", ""},
                                                {"log", "logs", ""},
                                                {"tail", "logs", " -f"},
                                                {"output", "logs", ""},
                                                {"curve", "metrics", ""},
                                                {"plot", "metrics", ""},
                                                {"follow", "watch", ""},
                                                {"monitor", "watch", ""},
                                                {"rerun", "retry", ""},
                                                {"restart", "retry", ""},
                                                {"unpause", "resume", ""},
                                                {"continue", "resume", ""},
                                                {"suspend", "pause", ""},
                                                {"get", "download", ""},
                                                {"get", "show", ""},
                                                {"download", "get", ""},
                                                {"download", "artifact get", ""},
                                                {"artifacts", "artifact ls", ""},
                                                {"agents", "agent ls", ""},
                                                {"nodes", "agent ls", ""},
                                                {"models", "model ls", ""},
                                                {"trials", "trial ls", ""},
                                                {"register", "model register", ""}}};

bool starts_one_of(std::string_view verb, const std::vector<std::string>& known) {
  return std::find(known.begin(), known.end(), verb.substr(0, verb.find(' '))) != known.end();
}

}  // namespace

std::string suggestion_for(const std::string& word, const std::vector<std::string>& known) {
  const auto* meant =
      std::find_if(kSynonyms.begin(), kSynonyms.end(), [&word, &known](const Synonym& synonym) {
        return synonym.word == word && starts_one_of(synonym.verb, known);
      });
  if (meant != kSynonyms.end()) {
    return fmt::format("; did you mean '{}'{}?", meant->verb, meant->remark);
  }
  const std::optional<std::string> near = nearest(word, known);
  return near ? fmt::format("; did you mean '{}'?", *near) : std::string();
}

void complete_noun(std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && (arguments[0] == "agent" || arguments[0] == "model")) {
    arguments.emplace_back("ls");
  } else if (arguments.size() == 1 && arguments[0] == "server") {
    arguments.emplace_back("info");
  }
}

}  // namespace sweepd::cli
