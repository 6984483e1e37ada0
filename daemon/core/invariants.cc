// What must hold in every state that can be reached.
#include "daemon/core/charge.h"
#include "daemon/core/step.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <array>
#include <limits>

namespace sweepd::core {

namespace {

using Violation = std::optional<std::string>;

Violation check_attempts(const Sweep& sweep, const Trial& trial) {
  const TrialKey key{sweep.id, trial.number};
  for (std::size_t i = 0; i < trial.attempts.size(); ++i) {
    const Attempt& attempt = trial.attempts[i];
    if (attempt.number.value != i + 1) {
      return fmt::format(
          "{}: attempt {} is numbered {}", to_string(key), i + 1, attempt.number.value);
    }
    if (i + 1 < trial.attempts.size() && !is_terminal(attempt.state)) {
      return fmt::format(
          "{}: attempt {} is not over though there is a newer one", to_string(key), i + 1);
    }
  }
  const bool held = !trial.attempts.empty() && !is_terminal(trial.attempts.back().state);
  const bool active = !is_terminal(trial.state) && trial.state != TrialState::kQueued;
  if (held != active) {
    return fmt::format("{} is {} and {} an attempt",
                       to_string(key),
                       to_text(trial.state),
                       held ? "holds" : "does not hold");
  }
  if (trial.failures >= sweep.spec.retry.attempts && trial.state == TrialState::kQueued) {
    return fmt::format("{} is queued after {} failures", to_string(key), trial.failures);
  }
  if (trial.crashes > kCrashesMax ||
      (trial.crashes == kCrashesMax && trial.state == TrialState::kQueued)) {
    return fmt::format("{} took its agent down {} times and is {}",
                       to_string(key),
                       trial.crashes,
                       to_text(trial.state));
  }
  return std::nullopt;
}

Violation check_indexes(const Sweep& sweep) {
  std::array<std::uint32_t, kTrialStates + 1> counts{};
  std::size_t valued = 0;
  for (const Trial& trial : sweep.trials) {
    ++counts[static_cast<std::size_t>(trial.state)];
    valued += trial.tally.value() ? 1U : 0U;
    const bool listed = sweep.queued.contains(trial.number);
    if (listed != (trial.state == TrialState::kQueued)) {
      return fmt::format("{} is {} and {} in the queue",
                         to_string(TrialKey{sweep.id, trial.number}),
                         to_text(trial.state),
                         listed ? "stands" : "does not stand");
    }
    if (sweep.choosy.contains(trial.number) != (listed && is_choosy(trial))) {
      return fmt::format("{}: its place among the choosy ones is wrong",
                         to_string(TrialKey{sweep.id, trial.number}));
    }
  }
  if (counts != sweep.counts) {
    return fmt::format("sweep {}: the counts of trial states are off", sweep.id.value);
  }
  if (sweep.ranked.size() + sweep.unranked.size() != valued) {
    return fmt::format("sweep {}: {} trials have a value, the leaderboard lists {}",
                       sweep.id.value,
                       valued,
                       sweep.ranked.size() + sweep.unranked.size());
  }
  return std::nullopt;
}

// The best trial once more, the slow way.
Violation check_best(const Sweep& sweep) {
  std::optional<sweeps::Rank> best;
  for (const Trial& trial : sweep.trials) {
    const bool eligible = trial.state == TrialState::kCompleted ||
                          (trial.state == TrialState::kPruned && sweep.spec.stop.allow_pruned);
    const auto value = trial.tally.value();
    if (!eligible || !value || *value == std::numeric_limits<double>::infinity()) {
      continue;
    }
    const sweeps::Rank rank{*value, trial.number};
    if (!best || rank < *best) {
      best = rank;
    }
  }
  const auto indexed = best_trial(sweep);
  if (best.has_value() != indexed.has_value() || (best && best->trial != *indexed)) {
    return fmt::format("sweep {}: the leaderboard's first row is not the best trial",
                       sweep.id.value);
  }
  return std::nullopt;
}

// Whether the trial is listed as one of those that keep their files.
bool keeps_files(const Sweep& sweep, const Trial& trial) {
  const auto value = trial.tally.value();
  return value && sweep.with_files.contains({*value, trial.number});
}

// Whether the last attempt of the trial had to let its files go: to better ones, or because it
// cannot be the best.
bool is_displaced(const Sweep& sweep, const Trial& trial) {
  const sweeps::Rank rank{trial.tally.value().value_or(0), trial.number};
  return !sweep.ranked.contains(rank) ||
         (sweep.with_files.size() == *sweep.spec.run.keep && *sweep.with_files.rbegin() < rank);
}

Violation check_attempt_files(const Sweep& sweep, const Trial& trial, const Attempt& attempt) {
  const AttemptKey key{sweep.id, trial.number, attempt.number};
  const bool has = is_terminal(attempt.state) && !attempt.outcome.tree_digest.empty();
  const bool last = attempt.number == trial.attempts.back().number;
  if (has && (attempt.outputs_dropped || !last || !keeps_files(sweep, trial))) {
    return fmt::format("{} has files that run.keep does not keep", to_string(key));
  }
  if (attempt.outputs_dropped && last && !is_displaced(sweep, trial)) {
    return fmt::format("{} let files go that run.keep keeps", to_string(key));
  }
  return std::nullopt;
}

// With run.keep = N at most N ended trials have files, and none of them is worse than one that had
// to let its files go.
Violation check_files(const Sweep& sweep) {
  if (!sweep.spec.run.keep) {
    return std::nullopt;
  }
  std::size_t with_files = 0;
  for (const Trial& trial : sweep.trials) {
    for (const Attempt& attempt : trial.attempts) {
      if (auto violation = check_attempt_files(sweep, trial, attempt)) {
        return violation;
      }
      with_files += attempt.outcome.tree_digest.empty() ? 0U : 1U;
    }
  }
  if (with_files != sweep.with_files.size() || with_files > *sweep.spec.run.keep) {
    return fmt::format("sweep {}: {} trials have files, {} are listed, run.keep is {}",
                       sweep.id.value,
                       with_files,
                       sweep.with_files.size(),
                       *sweep.spec.run.keep);
  }
  return std::nullopt;
}

Violation check_limits(const Sweep& sweep) {
  if (sweep.trials.size() > sweep.trials_total) {
    return fmt::format(
        "sweep {}: {} trials of {}", sweep.id.value, sweep.trials.size(), sweep.trials_total);
  }
  if (sweep.spec.limits.concurrent && sweep.active() > *sweep.spec.limits.concurrent) {
    return fmt::format("sweep {}: {} trials active, limits.concurrent is {}",
                       sweep.id.value,
                       sweep.active(),
                       *sweep.spec.limits.concurrent);
  }
  if (is_terminal(sweep.state) && (sweep.active() > 0 || !sweep.queued.empty())) {
    return fmt::format(
        "sweep {} is {} and has trials that are not over", sweep.id.value, to_text(sweep.state));
  }
  return std::nullopt;
}

Violation check_sweep(const Sweep& sweep) {
  for (const Trial& trial : sweep.trials) {
    if (auto violation = check_attempts(sweep, trial)) {
      return violation;
    }
  }
  for (const auto check : {check_indexes, check_best, check_files, check_limits}) {
    if (auto violation = check(sweep)) {
      return violation;
    }
  }
  return std::nullopt;
}

// Each slot that an attempt needs is busy with it, and nothing else is.
Violation check_slots(const State& state) {
  std::map<SlotKey, AttemptKey> expected;
  for (const auto& [agent, keys] : state.held) {
    for (const AttemptKey& key : keys) {
      const Attempt* attempt = current_attempt(state, key, agent);
      if (attempt == nullptr) {
        return fmt::format("{} is listed as held and is over", to_string(key));
      }
      if (attempt->state == AttemptState::kFinishing) {
        continue;
      }
      for (const std::uint32_t index : attempt->slots) {
        if (!expected.emplace(SlotKey{agent, index}, key).second) {
          return fmt::format("slot {} of agent {} is booked twice", index, agent.value);
        }
      }
    }
  }
  if (expected != state.busy) {
    return "the busy slots are not those of the attempts that run";
  }
  for (const std::set<SlotKey>* idle : {&state.free_cpu, &state.free_gpu}) {
    for (const SlotKey& slot : *idle) {
      const auto agent = state.agents.find(slot.agent);
      if (state.busy.contains(slot) || agent == state.agents.end() ||
          agent->second.state != AgentState::kConnected || agent->second.drained) {
        return fmt::format(
            "slot {} of agent {} is offered and may not be", slot.index, slot.agent.value);
      }
    }
  }
  return std::nullopt;
}

Violation check_removed(const State& state) {
  for (const SweepId id : state.removed) {
    if (state.sweeps.contains(id) || state.live.contains(id) || id.value > state.sweeps_last) {
      return fmt::format("sweep {} was removed, and is there or may be given again", id.value);
    }
  }
  return std::nullopt;
}

Violation check_awaited(const State& state) {
  for (const AgentId id : state.awaited) {
    const auto agent = state.agents.find(id);
    if (agent == state.agents.end() || agent->second.state != AgentState::kSuspect) {
      return fmt::format("agent {} is awaited, and is not silent", id.value);
    }
  }
  return std::nullopt;
}

Violation check_live(const State& state) {
  std::size_t live = 0;
  std::size_t active = 0;
  for (const auto& [id, sweep] : state.sweeps) {
    live += is_terminal(sweep.state) ? 0U : 1U;
    active += sweep.active();
    if (state.live.contains(id) == is_terminal(sweep.state)) {
      return fmt::format("sweep {} is {} and its place among the live ones is wrong",
                         id.value,
                         to_text(sweep.state));
    }
  }
  std::size_t held = 0;
  for (const auto& [agent, keys] : state.held) {
    held += keys.size();
  }
  if (live != state.live.size() || active != held) {
    return fmt::format("{} trials are active, agents hold {}", active, held);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> check_invariants(const State& state) {
  for (const auto& [id, sweep] : state.sweeps) {
    if (auto violation = check_sweep(sweep)) {
      return violation;
    }
  }
  if (auto violation = check_slots(state)) {
    return violation;
  }
  if (auto violation = check_removed(state)) {
    return violation;
  }
  if (auto violation = check_awaited(state)) {
    return violation;
  }
  return check_live(state);
}

}  // namespace sweepd::core
