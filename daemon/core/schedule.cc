// Which queued trial gets which idle slot.
#include "daemon/core/charge.h"
#include "daemon/core/decider.h"
#include "daemon/core/view.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace sweepd::core {

namespace {

bool may_start(const Sweep& sweep) {
  return sweep.state == SweepState::kRunning && !sweep.closing && !sweep.queued.empty() &&
         (!sweep.spec.limits.concurrent || sweep.active() < *sweep.spec.limits.concurrent);
}

// `count` GPUs of one agent that may have the trial; the one with the fewest idle GPUs that
// suffice, so that large trials still find a box. Ties to the lower agent number.
template <typename May>
std::vector<SlotKey> fit_gpus(const State& state, std::uint32_t count, const May& may) {
  std::vector<SlotKey> best;
  std::size_t best_idle = 0;
  auto slot = state.free_gpu.begin();
  while (slot != state.free_gpu.end()) {
    const auto end = state.free_gpu.lower_bound({AgentId{slot->agent.value + 1}, 0});
    std::vector<SlotKey> idle(slot, end);
    if (idle.size() >= count && (best.empty() || idle.size() < best_idle) && may(slot->agent)) {
      best_idle = idle.size();
      idle.resize(count);
      best = std::move(idle);
    }
    slot = end;
  }
  return best;
}

// The first idle slot of the first agent that may have the trial.
template <typename May>
std::vector<SlotKey> fit_one(const std::set<SlotKey>& idle, const May& may) {
  auto slot = idle.begin();
  while (slot != idle.end()) {
    if (may(slot->agent)) {
      return {*slot};
    }
    slot = idle.lower_bound({AgentId{slot->agent.value + 1}, 0});
  }
  return {};
}

// Idle slots for a trial of the sweep on an agent that `may` have it.
template <typename May>
std::vector<SlotKey> fit(const State& state, const Sweep& sweep, const May& may) {
  const std::optional<std::uint32_t> gpus = sweep.spec.resources.gpus;
  if (gpus && *gpus > 0) {
    return fit_gpus(state, *gpus, may);
  }
  std::vector<SlotKey> slots = gpus ? std::vector<SlotKey>{} : fit_one(state.free_gpu, may);
  return slots.empty() ? fit_one(state.free_cpu, may) : slots;
}

// A job has no second agent to be tried on: it only keeps off those that are under suspicion.
bool takes_new(const State& state, const Sweep& sweep, const Agent& agent, Instant now) {
  return sweep.spec.job ? !is_suspended(agent) || !verdict_due(state, agent)
                        : room_for_new(state, agent, now) > 0;
}

std::vector<SlotKey> fit_new(const State& state, const Sweep& sweep, Instant now) {
  return fit(
      state, sweep, [&](AgentId id) { return takes_new(state, sweep, state.agents.at(id), now); });
}

// Whether its last agent could not begin the trial: it goes to another one if there is any.
bool shuns_last(const Trial& trial) {
  return trial.reason.code == ReasonCode::kAgentError && !trial.attempts.empty();
}

// A trial that failed somewhere goes where it has not, rather to an agent that is not suspended.
// It waits for such an agent, and takes any when there is none: nothing may starve. One that has
// only not been begun is a new one for an agent that is not suspended.
std::vector<SlotKey> fit_elsewhere(const State& state,
                                   const Sweep& sweep,
                                   const Trial& trial,
                                   Instant now) {
  const auto other = [&](const Agent& agent) {
    return !failed_on(trial, agent.id) &&
           !(shuns_last(trial) && trial.attempts.back().agent == agent.id);
  };
  const auto good = [&](const Agent& agent) {
    return other(agent) && !is_suspended(agent);
  };
  const auto exists = [&](const auto& wanted) {
    return std::any_of(state.agents.begin(), state.agents.end(), [&](const auto& entry) {
      return wanted(entry.second) && could_run(entry.second, sweep.spec.resources.gpus);
    });
  };
  const bool any_good = exists(good);
  const bool any_other = any_good || exists(other);
  const auto has_room = [&](const Agent& agent) {
    return !trial.failed_on.empty() || is_suspended(agent) || takes_new(state, sweep, agent, now);
  };
  return fit(state, sweep, [&](AgentId id) {
    const Agent& agent = state.agents.at(id);
    return (any_good ? good(agent) : !any_other || other(agent)) && has_room(agent) &&
           !(is_suspect(trial) && holds_suspect(state, id, {sweep.id, trial.number}));
  });
}

std::vector<SlotKey> fit_choosy(const State& state,
                                const Sweep& sweep,
                                const Trial& trial,
                                Instant now) {
  if (!trial.failed_on.empty()) {
    return fit_elsewhere(state, sweep, trial, now);
  }
  return fit(state, sweep, [&](AgentId id) {
    return takes_new(state, sweep, state.agents.at(id), now) &&
           !holds_suspect(state, id, {sweep.id, trial.number});
  });
}

struct Placement {
  TrialKey trial;
  std::vector<SlotKey> slots;
};

// The lowest-numbered trial of the sweep that can start: first of those that were tried before and
// not every agent may have, then of the others, which are all alike.
std::optional<Placement> placement_in(const State& state, const Sweep& sweep, Instant now) {
  for (const TrialNumber number : sweep.choosy) {
    const Trial& trial = sweep.trial(number);
    std::vector<SlotKey> slots =
        trial.not_before <= now ? fit_choosy(state, sweep, trial, now) : std::vector<SlotKey>{};
    if (!slots.empty()) {
      return Placement{{sweep.id, number}, std::move(slots)};
    }
  }
  bool any_new = true;  // whether a slot for one of the others may be found
  for (const TrialNumber number : sweep.queued) {
    const Trial& trial = sweep.trial(number);
    const bool away = shuns_last(trial);
    if (trial.not_before > now || sweep.choosy.contains(number) || !(away || any_new)) {
      continue;
    }
    std::vector<SlotKey> slots =
        away ? fit_elsewhere(state, sweep, trial, now) : fit_new(state, sweep, now);
    if (!slots.empty()) {
      return Placement{{sweep.id, number}, std::move(slots)};
    }
    any_new = any_new && away;
  }
  return std::nullopt;
}

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
    if (auto placement = placement_in(state, sweep, now)) {
      best = std::move(placement);
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
  if (may_run_twice(state, decider.at().now)) {
    return;
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
    assigned.at = decider.at().now;
    for (const SlotKey& slot : placement->slots) {
      assigned.slots.push_back(slot.index);
    }
    decider.decide(assigned);
    decider.ask(StartAttempt{assigned.agent, assigned.attempt});
  }
}

}  // namespace sweepd::core
