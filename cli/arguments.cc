// From words of a command line to what is asked.
#include "cli/arguments.h"

#include "cli/argument_parser.h"
#include "cli/next_words.h"
#include "cli/synonyms.h"
#include "cli/topics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sweepd::cli {

namespace {

// What `VERB --help` prints; a word that is a topic as well is told in full.
HelpText help_of(std::vector<std::string> verb) {
  const auto topic = topic_text(fmt::format("{}", fmt::join(verb, " ")));
  const std::string before = topic ? std::string(*topic) + "\n" : std::string();
  verb.emplace_back("--help");
  const auto help = ArgumentParser().parse(std::move(verb));
  return HelpText{before + std::get<HelpText>(help).text};
}

}  // namespace

std::variant<Invocation, HelpText, UsageFault> parse_arguments(std::vector<std::string> arguments) {
  if (arguments.empty()) {
    arguments.emplace_back("--help");
  }
  ArgumentParser parser;
  auto parsed = parser.parse(std::move(arguments));
  const auto* invocation = std::get_if<Invocation>(&parsed);
  const auto* help = invocation == nullptr ? nullptr : std::get_if<HelpArgs>(&invocation->command);
  if (help != nullptr && has_verb(parser.app(), help->words)) {
    return help_of(help->words);
  }
  return parsed;
}

std::vector<NextWords> next_words() {
  return next_words_of(ArgumentParser().app());
}

}  // namespace sweepd::cli
