// From the journal back to the state: what is live is replayed, what has ended is rebuilt when
// asked for.
#pragma once

#include "base/result.h"
#include "daemon/core/state.h"
#include "daemon/journal.h"

#include <map>
#include <vector>

namespace sweepd::daemon {

// The row that stands for a sweep where its journal is not read.
SweepHeader header_of(const core::Sweep& sweep);

// The state at the last commit, without the ended sweeps.
//   headers: of all sweeps
Result<core::State> recover_state(Journal& journal, const std::vector<SweepHeader>& headers);

// A sweep by itself, from its own journal, with the answers to the requests that changed it.
struct RebuiltSweep {
  core::Sweep sweep;
  std::map<RequestId, core::RequestOutcome> requests;
};

Result<RebuiltSweep> rebuild_sweep(Journal& journal, SweepId id);

}  // namespace sweepd::daemon
