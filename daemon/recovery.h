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

// Whether records are applied as they are, or asked first whether they can have been decided: a
// history that somebody damaged must not end the process that checks it.
enum class Trust { kTrusted, kChecked };

// The state at the last commit, without the ended sweeps.
//   headers: of all sweeps
Result<core::State> recover_state(Journal& journal,
                                  const std::vector<SweepHeader>& headers,
                                  Trust trust = Trust::kTrusted);

// A sweep by itself, from its own journal, with the answers to the requests that changed it.
struct RebuiltSweep {
  core::Sweep sweep;
  std::map<RequestId, core::RequestOutcome> requests;
};

Result<RebuiltSweep> rebuild_sweep(Journal& journal, SweepId id, Trust trust = Trust::kTrusted);

}  // namespace sweepd::daemon
