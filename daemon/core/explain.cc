// Why things are as they are, in sentences for people.
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace sweepd::core {

namespace {

struct SlotCount {
  std::uint32_t all = 0;
  std::uint32_t gpus = 0;
  std::uint32_t gpus_on_one_agent = 0;
};

SlotCount count_slots(const State& state) {
  SlotCount count;
  for (const auto& [id, agent] : state.agents) {
    if (agent.state != AgentState::kConnected) {
      continue;
    }
    const auto gpus = static_cast<std::uint32_t>(std::count_if(
        agent.slots.begin(), agent.slots.end(), [](const SlotOffer& slot) { return slot.gpu; }));
    count.all += static_cast<std::uint32_t>(agent.slots.size());
    count.gpus += gpus;
    count.gpus_on_one_agent = std::max(count.gpus_on_one_agent, gpus);
  }
  return count;
}

// Whether a trial with these needs would fit on what is idle now.
bool fits_idle(const State& state, std::optional<std::uint32_t> gpus) {
  if (gpus.value_or(0) == 0) {
    return !state.free_cpu.empty() || (!gpus && !state.free_gpu.empty());
  }
  return std::any_of(state.agents.begin(), state.agents.end(), [&](const auto& entry) {
    const auto first = state.free_gpu.lower_bound({entry.first, 0});
    const auto last = state.free_gpu.lower_bound({AgentId{entry.first.value + 1}, 0});
    return std::distance(first, last) >= static_cast<std::ptrdiff_t>(*gpus);
  });
}

// Why a trial with these needs finds no slot, though its sweep may start it.
std::string why_no_slot(const State& state, std::optional<std::uint32_t> gpus) {
  const SlotCount slots = count_slots(state);
  if (slots.all == 0) {
    return "no agent is connected: start `sweep-agent` on a machine";
  }
  if (gpus.value_or(0) > slots.gpus_on_one_agent) {
    return fmt::format(
        "resources.gpus = {}, and no connected agent has so many GPUs (the most is {})",
        *gpus,
        slots.gpus_on_one_agent);
  }
  if (gpus == 0U && slots.all == slots.gpus) {
    return "resources.gpus = 0, and no connected agent offers a CPU slot";
  }
  if (fits_idle(state, gpus)) {
    return "slots are idle: it waits for retry.backoff to pass";
  }
  const std::uint32_t usable =
      !gpus ? slots.all : (*gpus > 0 ? slots.gpus : slots.all - slots.gpus);
  return fmt::format("all {} slots that could run it are busy", usable);
}

std::string explain_queued(const State& state, const Sweep& sweep, const Trial& trial) {
  std::string text = fmt::format("{} is queued", to_string(TrialKey{sweep.id, trial.number}));
  if (!trial.reason.sentence.empty()) {
    text += fmt::format(" again: {}", trial.reason.sentence);
  }
  return fmt::format("{}\n{}", text, why_waiting(state, sweep));
}

std::string explain_held(const State& state, const Sweep& sweep, const Trial& trial) {
  const Attempt& attempt = trial.attempts.back();
  const AttemptKey key{sweep.id, trial.number, attempt.number};
  const auto agent = state.agents.find(attempt.agent);
  std::string text = fmt::format("{} is {} on {} slot {}",
                                 to_string(key),
                                 to_text(trial.state),
                                 agent_name(state, attempt.agent),
                                 fmt::join(attempt.slots, ","));
  if (!trial.reason.sentence.empty()) {
    text += fmt::format(": {}", trial.reason.sentence);
  }
  if (agent != state.agents.end() && agent->second.state == AgentState::kSuspect) {
    text +=
        "\nthe agent has not been heard of for a while; the trial keeps its slot until the lease "
        "ends";
  }
  return text;
}

std::string explain_ended(const Sweep& sweep, const Trial& trial) {
  std::string text =
      fmt::format("{} is {}", to_string(TrialKey{sweep.id, trial.number}), to_text(trial.state));
  if (!trial.reason.sentence.empty()) {
    text += fmt::format(": {}", trial.reason.sentence);
  }
  if (trial.state == TrialState::kFailed && sweep.spec.retry.attempts > 1) {
    text += fmt::format("\n{} of {} attempts that may fail were used",
                        trial.failures + 1,
                        sweep.spec.retry.attempts);
  }
  return text;
}

}  // namespace

std::string why_waiting(const State& state, const Sweep& sweep) {
  if (sweep.queued.empty() || is_terminal(sweep.state)) {
    return {};
  }
  if (sweep.state == SweepState::kPaused) {
    return fmt::format("the sweep is paused; `sweepctl resume {}` lets it go on", sweep.id.value);
  }
  if (state.storage != StorageLevel::kPlenty) {
    return state.storage_reason.sentence;
  }
  const auto concurrent = sweep.spec.limits.concurrent;
  if (concurrent && sweep.active() >= *concurrent) {
    return fmt::format(
        "limits.concurrent = {}: {} trials of the sweep are active", *concurrent, sweep.active());
  }
  return why_no_slot(state, sweep.spec.resources.gpus);
}

std::string explain(const State& state, const Sweep& sweep, const Trial& trial) {
  if (trial.state == TrialState::kQueued) {
    return explain_queued(state, sweep, trial);
  }
  return is_terminal(trial.state) ? explain_ended(sweep, trial) : explain_held(state, sweep, trial);
}

}  // namespace sweepd::core
