// The code folder against the command that runs in it: what the command names must be there.
#pragma once

#include "sweeps/sweep_file.h"

#include <string>
#include <vector>

namespace sweepd::sweeps {

struct CodeFile {
  std::string path;  // from the code folder, with '/'
  bool executable = false;
};

// What is shipped of a code folder; nothing when none is.
struct CodeFolder {
  std::vector<CodeFile> files;
  std::vector<std::string> left_out;  // paths that are there and not shipped
};

// Warnings, in the order of the file: a program, a script or a `cwd` that is not in the folder,
// with the nearest that is, or a program that cannot be executed.
std::vector<Diagnostic> check_code(const ParsedSweep& sweep, const CodeFolder& folder);

// The error that the code folder itself cannot be shipped, at its place in the file.
Diagnostic code_fault(const ParsedSweep& sweep, const std::string& message);

}  // namespace sweepd::sweeps
