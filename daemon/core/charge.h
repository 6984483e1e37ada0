// Whom a failure is charged to: questions about agents and trials that decide who may run what.
//
// A program that fails at once may be wrong, or the box that runs it. One agent alone cannot tell;
// two can: a trial that failed quickly is tried once on another agent, and spends no retry on the
// first. If it does well there it was the agent, if it fails there it was the trial.
#pragma once

#include "base/time.h"
#include "daemon/core/state.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace sweepd::core {

// Long enough for a framework to load and a broken device, disk or interpreter to show; what has
// run longer has used its box, and repeating it elsewhere would cost too much.
constexpr Duration kQuick = seconds(30);

// Different trials that may fail quickly in a row on one agent before it has to wait for a verdict.
constexpr std::size_t kStreakMax = 5;

// A trial whose agent went down under it so often takes its agent down.
constexpr std::uint32_t kCrashesMax = 3;

constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();

// One crash away from failing. Two such trials do not share an agent, so that the next crash says
// which of them it was.
inline bool is_suspect(const Trial& trial) {
  return trial.crashes + 1 >= kCrashesMax;
}

// Whether the trial may not go to just any agent when it waits.
inline bool is_choosy(const Trial& trial) {
  return !trial.failed_on.empty() || is_suspect(trial);
}

// Whether the last attempt, which failed for `code` at `now`, may have failed because of its agent.
// One that has reported the objective did not: its box could run it.
bool failed_quickly(const Sweep& sweep, const Trial& trial, ReasonCode code, Instant now);

bool failed_on(const Trial& trial, AgentId agent);

// Whether the agent has the slots for a trial that needs so many GPUs (none: any one slot), busy or
// not, and is neither lost nor drained.
bool could_run(const Agent& agent, std::optional<std::uint32_t> gpus);

// Whether an agent where the trial has not failed could run it, other than `agent`.
bool other_agent(const State& state, const Sweep& sweep, const Trial& trial, AgentId agent);

// The agent's streak is full: new trials wait for a verdict on those that failed on it.
inline bool is_suspended(const Agent& agent) {
  return agent.streak.size() >= kStreakMax;
}

// Whether a trial of the agent's streak is bound to bring a verdict: it runs, or will.
bool verdict_due(const State& state, const Agent& agent);

// How many attempts of new trials the agent may be given now, so that a box that fails them all
// costs kStreakMax attempts, however many slots it has. A suspended agent that no verdict is due
// for (its trials were cancelled, or their sweep is paused) gets one at a time, or it would wait
// for ever.
std::size_t room_for_new(const State& state, const Agent& agent, Instant now);

// Whether the agent holds an attempt of a suspect, other than `key`'s.
bool holds_suspect(const State& state, AgentId agent, const TrialKey& key);

}  // namespace sweepd::core
