// Turns the core's wish for proposals into proposals.
#pragma once

#include "daemon/core/effect.h"
#include "daemon/core/event.h"
#include "daemon/core/state.h"

namespace sweepd::daemon {

// The proposals that were asked for, at once: samplers of today cost microseconds. A sampler that
// thinks will get a thread of its own behind the same event.
core::TrialsSuggested suggest(const core::State& state, const core::Suggest& wanted);

}  // namespace sweepd::daemon
