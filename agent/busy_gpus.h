// What becomes of a GPU that processes of others use: `busy_gpus` in agent.toml.
#pragma once

#include <cstdint>
#include <variant>

namespace sweepd::agent {

struct OfferBusy {};  // it is offered all the same

struct WithholdBusy {};  // nothing new starts on it

// Nothing new starts on it while less of its memory is free, whoever has the rest.
struct OfferWhileFree {
  std::uint64_t bytes = 0;
};

using BusyGpus = std::variant<OfferBusy, WithholdBusy, OfferWhileFree>;

}  // namespace sweepd::agent
