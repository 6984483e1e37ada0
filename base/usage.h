// A command line that cannot be used, told in one sentence.
#pragma once

#include <string>

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

// Refuses empty texts for all options that take one: `--state "$UNSET"` must not mean the default.
void refuse_empty_values(CLI::App& app);

}  // namespace sweepd
