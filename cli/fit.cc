// Slots are counted agent by agent, since a trial never spans two of them.
#include "cli/fit.h"

#include "cli/spec_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::cli {

Fit fit_of(const sweeps::ResourcesSpec& resources, const pb::AgentList& agents) {
  Fit fit;
  for (const pb::AgentRow& agent : agents.agents()) {
    if (agent.state() == "lost") {
      continue;
    }
    ++fit.agents;
    std::size_t matching = 0;
    std::size_t free = 0;
    for (int i = 0; i < agent.slots_size(); ++i) {
      const bool gpu = agent.slots(i).kind() == pb::GPU;
      if (!resources.gpus || gpu == (*resources.gpus > 0)) {
        ++matching;
        const bool busy = i < agent.running_size() && agent.running(i).attempt() != 0;
        free += busy ? 0U : 1U;
      }
    }
    fit.slots_all += static_cast<std::size_t>(agent.slots_size());
    if (matching >= std::max<std::size_t>(1, resources.gpus.value_or(1))) {
      fit.slots += matching;
      fit.free += free;
    }
  }
  return fit;
}

Result<Fit> ask_fit(Session& session, const sweeps::ResourcesSpec& resources) {
  pb::ClientRequest request;
  request.mutable_list_agents();
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  return fit_of(resources, reply.agents());
}

Error impossible(const sweeps::ResourcesSpec& resources) {
  return {Errc::kImpossible,
          fmt::format("no agent could ever run this: it needs {}; change [resources] or start "
                      "an agent that has it",
                      needs_text(resources))};
}

std::optional<Error> never_fits(Session& session, const sweeps::ResourcesSpec& resources) {
  const Result<Fit> fit = ask_fit(session, resources);
  return fit.ok() && fit->never() ? std::optional(impossible(resources)) : std::nullopt;
}

}  // namespace sweepd::cli
