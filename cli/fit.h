// How the agents there are fit what a trial asks for.
#pragma once

#include "base/result.h"
#include "cli/session.h"
#include "sweeps/sweep_spec.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::cli {

// Agents that are lost do not count.
struct Fit {
  std::size_t slots = 0;  // of the kind, on agents that have enough of them
  std::size_t free = 0;
  std::size_t slots_all = 0;  // of any kind
  std::size_t gpus_most = 0;  // on one agent
  std::size_t agents = 0;
  std::vector<std::string> withheld = {};  // by agents that may fit soon: see withheld_text
};

// "gpu-a withholds slots: GPU 2 (GPU-8932f937): 1 process of others"; empty when it offers all that
// it has, or is lost.
std::string withheld_text(const pb::AgentRow& agent);

Fit fit_of(const sweeps::ResourcesSpec& resources, const pb::AgentList& agents);

// Why no agent there is could run it.
struct Misfit {
  bool never = false;    // there are agents, and they offer all that they have
  std::string sentence;  // with what to do; the same wherever it is told
};

// Nothing when an agent could run it.
std::optional<Misfit> misfit_of(const sweeps::ResourcesSpec& resources, const Fit& fit);

// Asks the daemon for its agents.
Result<Fit> ask_fit(Session& session, const sweeps::ResourcesSpec& resources);

// The same of the agents of the daemon; nothing when nobody answers either.
std::optional<Misfit> ask_misfit(Session& session, const sweeps::ResourcesSpec& resources);

}  // namespace sweepd::cli
