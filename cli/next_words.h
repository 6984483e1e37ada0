// The verbs of the command line and what may follow them.
#pragma once

#include "cli/arguments.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace sweepd::cli {

// Whether the words are a verb of `app`, a noun, or a noun and its verb.
bool has_verb(const CLI::App& app, const std::vector<std::string>& words);

std::vector<NextWords> next_words_of(const CLI::App& app);

}  // namespace sweepd::cli
