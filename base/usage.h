// A command line that cannot be used, told in one sentence.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace sweepd {

// What is wrong, with the nearest option or verb, and where to read on:
//   unknown option '--stat'; did you mean '--state'?
//   see `sweepd fsck --help`
// The program is the one of `app`, which has just thrown the error.
std::string usage_fault(const CLI::App& app, const CLI::ParseError& error);

// ---- its parts, for whoever knows better what was meant

// The verb that the line got to, and the words that lead there: "sweepd fsck".
struct UsagePlace {
  const CLI::App* app = nullptr;
  std::string path;
};

UsagePlace usage_place(const CLI::App& app);

// Every name that `app` takes: its options and its verbs, with what else they are called.
std::vector<std::string> words_of(const CLI::App& app);

// "unknown option '--stat'", "unknown verb 'fcsk'", "unexpected argument '7'"
std::string unknown_text(const CLI::App& app, const std::string& word);

// What the library says of a value, in our words.
std::string value_fault(const CLI::App& app, const CLI::ParseError& error);

// Refuses empty texts for all options that take one: `--state "$UNSET"` must not mean the default.
void refuse_empty_values(CLI::App& app);

// The words with `--state=` as two, the second one empty: the library alone would take the next
// word for the value that is missing.
std::vector<std::string> spell_out_empty_values(const CLI::App& app,
                                                const std::vector<std::string>& words);

}  // namespace sweepd
