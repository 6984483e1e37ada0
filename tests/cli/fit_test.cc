// Which agents a sweep fits on.
#include "cli/fit.h"

#include <doctest/doctest.h>

namespace sweepd::cli {

TEST_CASE("fit: an agent fits only with enough slots of the kind, and lost ones do not count") {
  pb::AgentList agents;
  pb::AgentRow& big = *agents.add_agents();
  big.set_state("connected");
  for (int i = 0; i < 4; ++i) {
    big.add_slots()->set_kind(pb::GPU);
    big.add_running()->set_attempt(i == 0 ? 1 : 0);
  }
  pb::AgentRow& small = *agents.add_agents();
  small.set_state("connected");
  small.add_slots()->set_kind(pb::GPU);
  pb::AgentRow& lost = *agents.add_agents();
  lost.set_state("lost");
  lost.add_slots()->set_kind(pb::GPU);
  sweeps::ResourcesSpec resources;
  resources.gpus = 2;
  const Fit fit = fit_of(resources, agents);
  CHECK(fit.agents == 2);
  CHECK(fit.slots == 4);
  CHECK(fit.free == 3);
  CHECK(fit.slots_all == 5);
  CHECK(fit.gpus_most == 4);
  CHECK_FALSE(misfit_of(resources, fit).has_value());
  resources.gpus = 0;
  CHECK(fit_of(resources, agents).slots == 0);
}

TEST_CASE("fit: the sentence names what is missing, and what there is") {
  Fit fit;
  sweeps::ResourcesSpec resources;
  CHECK_FALSE(misfit_of(resources, fit)->never);
  fit.agents = 2;
  CHECK_FALSE(misfit_of(resources, fit)->never);
  CHECK(misfit_of(resources, fit)->sentence ==
        "no connected agent offers a slot now; `sweepctl agent ls` shows them");
  fit.slots_all = 1;
  fit.gpus_most = 1;
  resources.gpus = 0;
  CHECK(misfit_of(resources, fit)->sentence ==
        "it needs a CPU slot, and no connected agent offers one: start an agent that has it, or "
        "ask for less");
  resources.gpus = 2;
  CHECK(misfit_of(resources, fit)->sentence ==
        "it needs 2 GPUs, and no connected agent has so many (the most is 1): start an agent that "
        "has it, or ask for less");
}

TEST_CASE("fit: what is withheld passes, and is told instead of that it can never be") {
  pb::AgentList agents;
  pb::AgentRow& agent = *agents.add_agents();
  agent.set_name("gpu-a");
  agent.set_state("connected");
  agent.add_slots()->set_kind(pb::GPU);
  (*agent.mutable_labels())["withheld"] = "GPU 1 (GPU-1): 1 process of others";
  sweeps::ResourcesSpec resources;
  CHECK_FALSE(misfit_of(resources, fit_of(resources, agents)).has_value());
  resources.gpus = 2;
  std::optional<Misfit> misfit = misfit_of(resources, fit_of(resources, agents));
  REQUIRE(misfit.has_value());
  CHECK_FALSE(misfit->never);
  CHECK(misfit->sentence ==
        "it needs 2 GPUs, and no connected agent has so many (the most is 1); gpu-a withholds "
        "slots: GPU 1 (GPU-1): 1 process of others");
  resources.gpus = 0;  // GPUs are withheld from nobody who needs none
  misfit = misfit_of(resources, fit_of(resources, agents));
  REQUIRE(misfit.has_value());
  CHECK(misfit->never);
  agent.clear_slots();
  misfit = misfit_of(resources, fit_of(resources, agents));
  REQUIRE(misfit.has_value());
  CHECK(misfit->sentence ==
        "no connected agent offers a slot now; gpu-a withholds slots: GPU 1 (GPU-1): 1 process of "
        "others");
  agent.set_state("lost");
  CHECK(fit_of(resources, agents).withheld.empty());
}

}  // namespace sweepd::cli
