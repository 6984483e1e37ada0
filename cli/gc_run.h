// A run of gc on the daemon, from asking for it to its end.
#pragma once

#include "base/result.h"
#include "cli/session.h"
#include "wire/sweepd.pb.h"

namespace sweepd::cli {

// Asks for the run and waits for its end; an error says why it failed, or that nobody knows.
//   quiet: says nothing of its phases
Result<pb::GcDetail> run_gc(Session& session, const pb::StartGc& start, bool quiet);

}  // namespace sweepd::cli
