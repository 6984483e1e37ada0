// TOML text -> SweepSpec, or every fault in it with line, column, caret and a suggestion.
#pragma once

#include "sweeps/sweep_spec.h"
#include "sweeps/toml_tree.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::sweeps {

struct Diagnostic {
  enum class Severity { kWarning, kError };
  Severity severity = Severity::kError;
  std::uint32_t line = 0;    // 1, 2, …; 0: the file as a whole
  std::uint32_t column = 0;  // 1, 2, … in bytes
  std::uint32_t length = 1;  // how much the carets underline
  std::string message;
  std::string help;  // what to do; may be empty

  bool operator==(const Diagnostic&) const = default;
};

// Where the file says what others look into: what the code folder must hold, and patterns.
struct RunPlaces {
  Place command;
  std::vector<Place> words;  // of the command, in its order; empty of a line for the shell
  Place code;                // the file as a whole where the key is left out
  Place cwd;
  std::vector<Place> patterns;         // of [[metrics.stdout]], in the order of the specification
  std::vector<std::string> overrides;  // "run.code=src": what a place with an origin stands for
};

struct ParsedSweep {
  SweepSpec spec;
  std::vector<Diagnostic> warnings;
  RunPlaces places;
};

// Faults in the order of the file, at least one; or the sweep. `name` stands in when the file has
// no name. `overrides` are key=value pairs (`--set search.trials=5`), applied before validation.
struct SweepFileInput {
  std::string_view text;
  std::string_view name;
  std::vector<std::pair<std::string, std::string>> overrides;
};

std::variant<ParsedSweep, std::vector<Diagnostic>> parse_sweep_file(const SweepFileInput& input);

// Sorts by line and column, those of the file as a whole last; equal places keep their order.
void sort_by_place(std::vector<Diagnostic>& diagnostics);

// The diagnostics as people read them: `path:5:26: error: message`, the line, carets, `= help: …`.
std::string render(const std::vector<Diagnostic>& diagnostics,
                   std::string_view path,
                   std::string_view text);

}  // namespace sweepd::sweeps
