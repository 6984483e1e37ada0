// Messages of agents -> what the core knows them as, refusing what no agent of ours would send.
#pragma once

#include "base/result.h"
#include "daemon/core/event.h"
#include "daemon/core/state.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <vector>

namespace sweepd::daemon {

Result<core::AgentJoined> joined_from(const pb::Hello& hello);
Result<std::vector<core::HeldAttempt>> held_from(
    const google::protobuf::RepeatedPtrField<pb::HeldAttempt>& held);
Result<core::ReportsArrived> reports_from(const pb::ReportBatch& batch, AgentId agent);
Result<core::AttemptEnded> ended_from(const pb::AttemptEnded& ended, AgentId agent);

// The order to run an attempt, with everything an agent needs for it; the error says why it can
// never run.
struct StartOrder {
  const core::Sweep& sweep;
  const core::Trial& trial;
  const core::Attempt& attempt;
  Duration lease;
};

Result<pb::StartAttempt> start_message(const StartOrder& order);

// As the wire has spans: whole milliseconds, none below zero.
std::uint64_t whole_ms(Duration span);

pb::Reason to_proto(const core::Reason& reason);

}  // namespace sweepd::daemon
