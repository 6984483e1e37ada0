// What `submit --dry-run` tells: what would run, and whether it can run anywhere.
#pragma once

#include "base/result.h"
#include "cli/code_look.h"
#include "cli/session.h"
#include "cli/sweep_input.h"
#include "sweeps/sweep_spec.h"

#include <string>

namespace sweepd::cli {

// "grid", "random", "sobol"; "none", "bandit 0.15", "asha" …
std::string sampler_text(const sweeps::SweepSpec& spec);
std::string policy_text(const sweeps::SweepSpec& spec);

// "4 parameters: 600 combinations × 1 continuous"
std::string space_text(const sweeps::SearchSpace& space, bool unicode);

struct DryRun {
  const SweepText& file;
  const sweeps::SweepSpec& spec;
  const CodeLook& code;
};

// Prints to stdout. The exit code is 0, or 9 when agents are known and none of them could ever run
// it.
Result<int> dry_run(Session& session, const DryRun& what);

}  // namespace sweepd::cli
