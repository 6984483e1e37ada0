// Why an attempt failed, in a code and a sentence, and whether the sweep retries that.
#pragma once

#include "daemon/core/event.h"
#include "daemon/core/state.h"

namespace sweepd::core {

// Why the attempt that ended like this failed; code kNone when it did not.
//   trial: with the reports of that attempt
Reason failure_of(const Sweep& sweep, const Trial& trial, const AttemptOutcome& outcome);

// Whether a failure for this reason is worth one of retry.attempts. Without `retry.on` everything
// is but running out of memory, which the same program on the same box does again.
bool is_retried(const sweeps::RetrySpec& retry,
                const Reason& reason,
                const AttemptOutcome& outcome);

// That the policy waits for a field which the trial does not report, with those that it does; empty
// when that is not so.
std::string unseen_time(const Sweep& sweep, const Trial& trial);

// The same of all trials that have reported.
std::string unseen_time(const Sweep& sweep);

}  // namespace sweepd::core
