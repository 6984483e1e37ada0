// Read-only answers about the state: the best trial, the leaderboard, counts, explanations.
#pragma once

#include "daemon/core/event.h"
#include "daemon/core/state.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::core {

// The best trial by the objective among those that may be it; one function for `12/best`, the
// leaderboard's first row and the registered model. O(1).
std::optional<TrialNumber> best_trial(const Sweep& sweep);

// The first `limit` trials, best first: those that may be the best one, then the others that have a
// value. O(limit).
std::vector<TrialNumber> leaderboard(const Sweep& sweep, std::size_t limit);

// The trial's reduced objective as the script reports it; empty before the first report.
std::optional<double> raw_value(const Sweep& sweep, const Trial& trial);

// The name that an agent registered under; its number when none did, and nothing for no agent.
std::string agent_name(const State& state, AgentId id);

// How many times in a row agents have given the trial back: they were stopped, or could not start
// it, and that says nothing about the trial.
std::uint32_t given_back(const Trial& trial);

// From that time on there is a pause before the next try: what keeps it from being started does not
// pass in milliseconds.
constexpr std::uint32_t kGivenBackOften = 3;

// How far an attempt is that its agent says to be in the phase.
AttemptState state_for(Phase phase);

// Whether what is started now may run already, in a history that the store has lost or never had.
bool may_run_twice(const State& state, Instant now);

// Why no trial of any sweep is started, in a sentence, while it may run twice; else empty, and
// between a restore and the first start after it, when nobody asks.
std::string why_nothing_starts(const State& state, Instant now);

// Why the sweep's queued trials are not running, in a sentence. When none is queued: why those are
// not that an agent was given and has not begun; empty when that is only a matter of moments.
std::string why_waiting(const State& state, const Sweep& sweep, Instant now);

// Why the files of an attempt are not here, of which that is known.
std::string why_dropped(const Sweep& sweep, const AttemptKey& key);

// Whether the sweep may be removed; kWrongState says what has to be done first.
Result<void> may_remove(const Sweep& sweep);

// Why the trial is in its state, in one or more lines, and what would change it.
std::string explain(const State& state, const Sweep& sweep, const Trial& trial, Instant now);

}  // namespace sweepd::core
