// The decision core as a function: an event in, records and effects out.
#pragma once

#include "daemon/core/effect.h"
#include "daemon/core/event.h"
#include "daemon/core/record.h"
#include "daemon/core/state.h"

#include <optional>
#include <string>
#include <vector>

namespace sweepd::core {

struct Outcome {
  std::vector<Record> records;  // committed together, in order
  std::vector<Effect> effects;  // performed after the commit, in order
};

// Decides on one event and applies its own records to `state`. Never fails: a refused request is an
// effect that says so.
Outcome step(State& state, const Event& event);

// Orders that the world has not confirmed yet; performed after recovery, when an agent joins and
// periodically. Safe to perform any number of times. Starts are among them only where nothing may
// run twice: what was ordered may have been lost and given to another in a history that is gone.
std::vector<Effect> owed(const State& state, Instant now);

// The first violated invariant in words, or nothing. O(everything): for tests and the simulator.
std::optional<std::string> check_invariants(const State& state);

// Why a record cannot have been decided in this state, in words; nothing when it can be applied.
// Recovery trusts the journal and does not ask; whoever checks one does.
std::optional<std::string> misfit(const State& state, const Record& record);

}  // namespace sweepd::core
