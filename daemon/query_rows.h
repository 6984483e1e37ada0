// The state in the words of the wire: rows of the answers to clients.
#pragma once

#include "daemon/core/state.h"
#include "daemon/journal.h"
#include "wire/sweepd.pb.h"

namespace sweepd::daemon {

void put(pb::SweepSummary& row, const SweepHeader& header);
void put(pb::TrialRow& row,
         const core::State& state,
         const core::Sweep& sweep,
         const core::Trial& trial);
void put(pb::AttemptRow& row,
         const core::State& state,
         const core::Sweep& sweep,
         const core::Trial& trial,
         const core::Attempt& attempt);
void put(pb::VerdictRow& row, const core::Sweep& sweep, const core::StoredVerdict& verdict);
void put(pb::AgentRow& row, const core::State& state, const core::Agent& agent);
void put(pb::ModelVersion& row, const core::ModelRegistered& model);
void put(pb::Report& row, const core::Report& report);

}  // namespace sweepd::daemon
