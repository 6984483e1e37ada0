// What `submit --dry-run` tells: what would run, and whether it can run anywhere.
#pragma once

#include "base/result.h"
#include "cli/code_look.h"
#include "cli/session.h"
#include "cli/sweep_input.h"
#include "sweeps/sweep_spec.h"

#include <optional>
#include <string>
#include <vector>

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

// The error to end with when agents are connected and none of them could ever run it. Nothing when
// one can, when there is no agent yet, or when nobody answers.
std::optional<Error> never_fits(Session& session, const sweeps::ResourcesSpec& resources);

// How agents fit what a trial asks for.
struct Fit {
  std::size_t slots = 0;  // of the kind, on agents that have enough of them
  std::size_t free = 0;
  std::size_t slots_all = 0;  // of any kind
  std::size_t agents = 0;
};

Fit fit_of(const sweeps::ResourcesSpec& resources, const pb::AgentList& agents);

}  // namespace sweepd::cli
