// Parts of a specification in words.
#pragma once

#include "sweeps/sweep_spec.h"

#include <string>

namespace sweepd::cli {

// "grid", "random", "sobol"; "no early termination", "bandit 0.15", "asha" …
std::string sampler_text(const sweeps::SweepSpec& spec);
std::string policy_text(const sweeps::SweepSpec& spec);

// "4 parameters: 600 combinations × 1 continuous"
std::string space_text(const sweeps::SearchSpace& space, bool unicode);

// "8 at once, 45m a trial"; "none"
std::string limits_text(const sweeps::SweepSpec& spec);

// "the files of the best 3 trials only"; of run.keep where it is set
std::string keep_text(std::uint32_t keep);

// "2 GPUs, 4 CPUs", "any slot, 1 CPU"
std::string needs_text(const sweeps::ResourcesSpec& resources);

}  // namespace sweepd::cli
