// What the auditor demands of limits of time: they strike when that time has passed in the world,
// whatever wall clocks show.
#include "tests/sim/auditor.h"

namespace sweepd::sim {

namespace {

// A record is seen when it is durable, so long after it was decided at most.
constexpr Duration kCommit = milliseconds(50);
// A clock may be fast by one in a hundred.
constexpr std::int64_t kRatePercent = 98;

}  // namespace

void Auditor::check_timeout(const core::AttemptClosed& record) {
  const auto process = processes_.find(record.attempt);
  const auto limit = sweep(record.attempt.sweep)->accepted.spec.limits.trial_time;
  if (record.reason.code != core::ReasonCode::kTimeout || process == processes_.end() || !limit) {
    return;
  }
  const Duration ran = process->second.ended - process->second.started;
  require(ran.us * 100 >= limit->us * kRatePercent,
          "limits.trial_time has passed before it ends an attempt",
          to_string(record.attempt));
}

void Auditor::check_sweep_time(const core::SweepClosing& record, const Sweep& sweep) {
  const auto limit = sweep.accepted.spec.limits.sweep_time;
  require(record.reason.code != core::ReasonCode::kSweepTime || !limit ||
              sweep.since + *limit <= now() + kCommit,
          "limits.sweep_time has passed before it ends a sweep",
          to_string(record.sweep));
}

void Auditor::begin_backoff(const core::TrialRequeued& record, const Sweep& sweep, Trial& trial) {
  trial.not_before = now() + (record.spends_retry ? sweep.accepted.spec.retry.backoff : Duration{});
}

void Auditor::check_backoff(const core::AttemptAssigned& record, const Trial& trial) {
  require(trial.not_before <= now() + kCommit,
          "retry.backoff has passed before the next attempt",
          to_string(record.attempt));
}

}  // namespace sweepd::sim
