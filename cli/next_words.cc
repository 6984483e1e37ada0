// The verbs of the command line and what may follow them.
#include "cli/next_words.h"

#include "base/usage.h"
#include "cli/completion.h"
#include "cli/topics.h"

#include <algorithm>
#include <iterator>

#include <CLI/CLI.hpp>

namespace sweepd::cli {

namespace {

// The name of a verb and its aliases.
std::vector<std::string> names_of(const CLI::App& verb) {
  std::vector<std::string> names = verb.get_aliases();
  names.insert(names.begin(), verb.get_name());
  return names;
}

// Those of a verb itself, and the arguments that are known beforehand.
std::vector<std::string> words_after(const CLI::App& verb, const CLI::App& app) {
  std::vector<std::string> words = words_of(verb);
  if (verb.get_name() == "completion") {
    const std::vector<std::string> shells = shell_names();
    words.insert(words.end(), shells.begin(), shells.end());
  } else if (verb.get_name() == "help") {
    const std::vector<std::string> topics = topic_names();
    const std::vector<std::string> verbs = words_of(app);
    words.insert(words.end(), topics.begin(), topics.end());
    std::copy_if(verbs.begin(), verbs.end(), std::back_inserter(words), [](const auto& word) {
      return !word.starts_with('-');
    });
  }
  return words;
}

}  // namespace

bool has_verb(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* at = &app;
  for (const std::string& word : words) {
    const std::vector<const CLI::App*> verbs = at->get_subcommands({});
    const auto verb = std::find_if(verbs.begin(), verbs.end(), [&word](const CLI::App* each) {
      return each->check_name(word);
    });
    if (verb == verbs.end()) {
      return false;
    }
    at = *verb;
  }
  return at != &app;
}

std::vector<NextWords> next_words_of(const CLI::App& app) {
  std::vector<NextWords> all{{"", words_of(app)}};
  for (const CLI::App* verb : app.get_subcommands({})) {
    for (const std::string& name : names_of(*verb)) {
      all.push_back({name, words_after(*verb, app)});
    }
    for (const CLI::App* below : verb->get_subcommands({})) {
      all.push_back({verb->get_name() + " " + below->get_name(), words_of(*below)});
    }
  }
  return all;
}

}  // namespace sweepd::cli
