// Reading a sweep file from a path or stdin, and telling its faults.
#pragma once

#include "base/result.h"
#include "cli/terminal.h"
#include "sweeps/sweep_file.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::cli {

struct SweepText {
  std::string path;    // for messages: as given, "stdin" for "-"
  std::string folder;  // that the file lies in, ending in nothing; "." for stdin
  std::string name;    // for a file that gives none: "digits" of "configs/digits.toml"
  std::string text;
};

// Refuses what is no file or larger than a sweep file may be.
Result<SweepText> read_sweep_text(const std::string& path, Console& console);

using Overrides = std::vector<std::pair<std::string, std::string>>;

std::variant<sweeps::ParsedSweep, std::vector<sweeps::Diagnostic>> parse(
    const SweepText& file, const Overrides& overrides);

// "2 errors", "1 error, 1 warning"
std::string fault_counts(const std::vector<sweeps::Diagnostic>& diagnostics);

}  // namespace sweepd::cli
