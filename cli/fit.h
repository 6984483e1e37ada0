// Whether the agents that there are could run what a sweep asks for.
#pragma once

#include "base/result.h"
#include "cli/session.h"
#include "sweeps/sweep_spec.h"

#include <cstddef>
#include <optional>

namespace sweepd::cli {

// How agents fit what a trial asks for.
struct Fit {
  std::size_t slots = 0;  // of the kind, on agents that have enough of them
  std::size_t free = 0;
  std::size_t slots_all = 0;  // of any kind
  std::size_t agents = 0;     // that are not lost

  // Agents are known, and none of them could ever run it.
  bool never() const { return agents > 0 && slots == 0; }
};

Fit fit_of(const sweeps::ResourcesSpec& resources, const pb::AgentList& agents);

// The same of the daemon's agents now.
Result<Fit> ask_fit(Session& session, const sweeps::ResourcesSpec& resources);

// The error to end with when no agent could ever run it: kImpossible.
Error impossible(const sweeps::ResourcesSpec& resources);

// That error when agents are connected and none of them could ever run it. Nothing when one can,
// when there is no agent yet, or when nobody answers.
std::optional<Error> never_fits(Session& session, const sweeps::ResourcesSpec& resources);

}  // namespace sweepd::cli
