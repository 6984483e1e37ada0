// What a command expects to find in the folder it starts in, as far as its words tell.
#pragma once

#include "sweeps/sweep_spec.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::sweeps {

struct CodeNeed {
  std::size_t word = 0;   // the index of the word of the command that names it
  std::string path;       // from the working folder, without `.` and `..` parts
  bool executed = false;  // started by itself, so it must be executable

  bool operator==(const CodeNeed&) const = default;
};

// The words of the command as a program would get them; of a line for the shell only where it says
// the same without one. Empty when that cannot be told.
std::vector<std::string> plain_words(const RunSpec& run);

// The program, when its path is relative, and the script that a known interpreter is given; behind
// a known launcher as well. Nothing that only the box can know: programs on PATH, absolute paths,
// modules, texts that a placeholder fills in, and what follows an option whose argument we do not
// know.
std::vector<CodeNeed> code_needs(const RunSpec& run);

// A relative path without `.` and `..` parts, "" for the folder itself; empty when it leads out.
std::optional<std::string> inner_path(const std::string& path);

}  // namespace sweepd::sweeps
