// How the agents there are fit what a trial asks for.
#include "cli/fit.h"

#include "base/counted.h"
#include "base/labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace sweepd::cli {

namespace {

// What is missing on all of them.
std::string lack_text(const sweeps::ResourcesSpec& resources, const Fit& fit) {
  if (resources.gpus.value_or(0) > 0) {
    return fmt::format("it needs {}, and no connected agent has so many (the most is {})",
                       counted(*resources.gpus, "GPU"),
                       fit.gpus_most);
  }
  return "it needs a CPU slot, and no connected agent offers one";
}

}  // namespace

std::string withheld_text(const pb::AgentRow& agent) {
  const auto label = agent.labels().find(kWithheldLabel);
  return label == agent.labels().end() || agent.state() == "lost"
             ? std::string()
             : fmt::format("{} withholds slots: {}", agent.name(), label->second);
}

Fit fit_of(const sweeps::ResourcesSpec& resources, const pb::AgentList& agents) {
  Fit fit;
  for (const pb::AgentRow& agent : agents.agents()) {
    if (agent.state() == "lost") {
      continue;
    }
    ++fit.agents;
    std::size_t matching = 0;
    std::size_t free = 0;
    std::size_t gpus = 0;
    for (int i = 0; i < agent.slots_size(); ++i) {
      const bool gpu = agent.slots(i).kind() == pb::GPU;
      gpus += gpu ? 1U : 0U;
      if (!resources.gpus || gpu == (*resources.gpus > 0)) {
        ++matching;
        const bool busy = i < agent.running_size() && agent.running(i).attempt() != 0;
        free += busy ? 0U : 1U;
      }
    }
    // One that offers anything withholds GPUs, and no CPU slots.
    if (std::string why = withheld_text(agent);
        !why.empty() && (resources.gpus != 0U || agent.slots_size() == 0)) {
      fit.withheld.push_back(std::move(why));
    }
    fit.gpus_most = std::max(fit.gpus_most, gpus);
    fit.slots_all += static_cast<std::size_t>(agent.slots_size());
    if (matching >= std::max<std::size_t>(1, resources.gpus.value_or(1))) {
      fit.slots += matching;
      fit.free += free;
    }
  }
  return fit;
}

std::optional<Misfit> misfit_of(const sweeps::ResourcesSpec& resources, const Fit& fit) {
  if (fit.agents == 0) {
    return Misfit{false, "no agent is connected: start `sweep-agent` on a machine"};
  }
  if (fit.slots > 0) {
    return std::nullopt;
  }
  if (fit.slots_all == 0 && fit.withheld.empty()) {
    return Misfit{false, "no connected agent offers a slot now; `sweepctl agent ls` shows them"};
  }
  if (!fit.withheld.empty()) {  // that passes: boxes stop, disks are full, GPUs are in use
    return Misfit{false,
                  fmt::format("{}; {}",
                              fit.slots_all == 0 ? "no connected agent offers a slot now"
                                                 : lack_text(resources, fit),
                              fmt::join(fit.withheld, "; "))};
  }
  return Misfit{true, lack_text(resources, fit) + ": start an agent that has it, or ask for less"};
}

Result<Fit> ask_fit(Session& session, const sweeps::ResourcesSpec& resources) {
  pb::ClientRequest request;
  request.mutable_list_agents();
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  return fit_of(resources, reply.agents());
}

std::optional<Misfit> ask_misfit(Session& session, const sweeps::ResourcesSpec& resources) {
  const Result<Fit> fit = ask_fit(session, resources);
  return fit.ok() ? misfit_of(resources, *fit) : std::nullopt;
}

}  // namespace sweepd::cli
