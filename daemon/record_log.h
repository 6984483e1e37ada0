// What was decided, as lines of the daemon's log.
#pragma once

#include "daemon/core/state.h"

#include <string>
#include <vector>

namespace sweepd::daemon {

// The line about a decision; empty where nobody wants to read one: of reports, attempts and trials
// only failures are told. `state` is that after the decision.
std::string log_text(const core::State& state, const core::Record& record);

// Logs what has been committed. A line reveals a decision, so it may not come before the commit.
void log_records(const core::State& state, const std::vector<core::Record>& records);

}  // namespace sweepd::daemon
