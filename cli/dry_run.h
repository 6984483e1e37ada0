// What `submit --dry-run` tells: what would run, and whether it can run anywhere.
#pragma once

#include "base/result.h"
#include "cli/code_look.h"
#include "cli/session.h"
#include "cli/sweep_input.h"
#include "sweeps/sweep_spec.h"

namespace sweepd::cli {

struct DryRun {
  const SweepText& file;
  const sweeps::SweepSpec& spec;
  const CodeLook& code;
};

// Prints lines for people to stdout, or one object with `json`. The exit code is 0; an error of
// kImpossible follows what was printed when agents are known and none of them could ever run it.
Result<int> dry_run(Session& session, const DryRun& what, bool json);

}  // namespace sweepd::cli
