// A look into the code folder of a sweep, before anything is sent.
#pragma once

#include "blobs/scan.h"
#include "cli/sweep_input.h"

#include <optional>
#include <string>
#include <vector>

namespace sweepd::cli {

struct CodeLook {
  std::string folder;                    // as a path from here; empty when no code is shipped
  std::optional<blobs::LocalTree> tree;  // nothing when no code is shipped, or it cannot be
  // What the command names and the folder lacks (warnings); or why the folder cannot be shipped
  // (one error).
  std::vector<sweeps::Diagnostic> faults;

  bool good() const { return folder.empty() || tree.has_value(); }
};

CodeLook look_at_code(const SweepText& file, const sweeps::ParsedSweep& sweep);

}  // namespace sweepd::cli
