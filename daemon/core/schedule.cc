// Which queued trial gets which idle slot.
#include "daemon/core/decider.h"

#include <optional>
#include <tuple>
#include <vector>

namespace sweepd::core {

namespace {

// The lowest-numbered queued trial that need not wait for its back-off.
std::optional<TrialNumber> next_trial(const Sweep& sweep, Instant now) {
  for (const TrialNumber number : sweep.queued) {
    if (sweep.trial(number).not_before <= now) {
      return number;
    }
  }
  return std::nullopt;
}

bool may_start(const Sweep& sweep) {
  return sweep.state == SweepState::kRunning && !sweep.closing && !sweep.queued.empty() &&
         (!sweep.spec.limits.concurrent || sweep.active() < *sweep.spec.limits.concurrent);
}

// `count` GPUs of one agent; the agent with the fewest idle ones that suffice, so that large trials
// still find a box. Ties to the lower agent number.
std::vector<SlotKey> fit_gpus(const State& state, std::uint32_t count) {
  std::vector<SlotKey> best;
  std::size_t best_idle = 0;
  auto slot = state.free_gpu.begin();
  while (slot != state.free_gpu.end()) {
    const auto end = state.free_gpu.lower_bound({AgentId{slot->agent.value + 1}, 0});
    std::vector<SlotKey> idle(slot, end);
    if (idle.size() >= count && (best.empty() || idle.size() < best_idle)) {
      best_idle = idle.size();
      idle.resize(count);
      best = std::move(idle);
    }
    slot = end;
  }
  return best;
}

std::vector<SlotKey> fit(const State& state, const Sweep& sweep) {
  const std::optional<std::uint32_t> gpus = sweep.spec.resources.gpus;
  if (gpus && *gpus > 0) {
    return fit_gpus(state, *gpus);
  }
  if (!gpus && !state.free_gpu.empty()) {
    return {*state.free_gpu.begin()};
  }
  return state.free_cpu.empty() ? std::vector<SlotKey>{}
                                : std::vector<SlotKey>{*state.free_cpu.begin()};
}

struct Placement {
  TrialKey trial;
  std::vector<SlotKey> slots;
};

// The next placement: highest priority, then fewest active trials, then the older sweep.
std::optional<Placement> next_placement(const State& state, Instant now) {
  std::optional<Placement> best;
  std::tuple<std::int64_t, std::uint32_t, SweepId> best_order;
  for (const SweepId id : state.live) {
    const Sweep& sweep = state.sweeps.at(id);
    const std::tuple order{-static_cast<std::int64_t>(sweep.spec.priority), sweep.active(), id};
    if (!may_start(sweep) || (best && best_order <= order)) {
      continue;
    }
    const auto trial = next_trial(sweep, now);
    std::vector<SlotKey> slots = trial ? fit(state, sweep) : std::vector<SlotKey>{};
    if (!slots.empty()) {
      best = Placement{{id, *trial}, std::move(slots)};
      best_order = order;
    }
  }
  return best;
}

}  // namespace

void schedule(Decider& decider) {
  const State& state = decider.state();
  if (state.storage != StorageLevel::kPlenty) {
    return;  // what runs goes on; what would start could not end well
  }
  while (!state.free_cpu.empty() || !state.free_gpu.empty()) {
    const auto placement = next_placement(state, decider.at().now);
    if (!placement) {
      return;
    }
    retire_numbers(decider, placement->trial, placement->slots.front().agent);
    const Trial& trial = state.sweeps.at(placement->trial.sweep).trial(placement->trial.trial);
    const AttemptNumber number{static_cast<std::uint32_t>(trial.attempts.size() + 1)};
    AttemptAssigned assigned;
    assigned.attempt = {placement->trial.sweep, placement->trial.trial, number};
    assigned.agent = placement->slots.front().agent;
    assigned.wall = decider.at().wall;
    for (const SlotKey& slot : placement->slots) {
      assigned.slots.push_back(slot.index);
    }
    decider.decide(assigned);
    decider.ask(StartAttempt{assigned.agent, assigned.attempt});
  }
}

}  // namespace sweepd::core
