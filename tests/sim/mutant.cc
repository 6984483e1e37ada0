// The list of the deliberately broken variants.
#include "tests/sim/mutant.h"

#include <algorithm>

namespace sweepd::sim {

std::span<const MutantInfo> mutants() {
  static constexpr MutantInfo kMutants[] = {
      {Mutant::kActBeforeCommit, "act-before-commit", "orders leave before the batch is on disk"},
      {Mutant::kAnswerBeforeCommit, "answer-before-commit", "clients are answered before the sync"},
      {Mutant::kTornCommit, "torn-commit", "a crash may leave half a batch on disk"},
      {Mutant::kNoSubmitDedup, "no-submit-dedup", "a repeated submission is a new one"},
      {Mutant::kDedupNotDurable, "dedup-not-durable", "requests are forgotten at a restart"},
      {Mutant::kNoReportFence, "no-report-fence", "reports of old attempts count for the new one"},
      {Mutant::kNoEndFence, "no-end-fence", "the end of an old attempt ends the new one"},
      {Mutant::kNoReportDedup, "no-report-dedup", "repeated reports are stored again"},
      {Mutant::kAckHighest, "ack-highest", "the highest report that came is acknowledged"},
      {Mutant::kEndBeforeReports, "end-before-reports", "an end is taken before its last report"},
      {Mutant::kEndAckedUnseen, "end-acked-unseen", "a refused end is acknowledged"},
      {Mutant::kOwedNotRepeated, "owed-not-repeated", "orders are sent once"},
      {Mutant::kSlotFreedOnStop, "slot-freed-on-stop", "a slot is free when Stop is sent"},
      {Mutant::kLostNotRequeued, "lost-not-requeued", "nobody takes attempts from a lost agent"},
      {Mutant::kAttemptNumberReused, "attempt-number-reused", "every attempt has number 1"},
      {Mutant::kDoubleRungEntry, "double-rung-entry", "a report enters a rung twice"},
      {Mutant::kPolicyNotForgotten, "policy-not-forgotten", "a lost attempt's reports still count"},
      {Mutant::kRetryNotCounted, "retry-not-counted", "a retry is not paid"},
      {Mutant::kLossSpendsRetry, "loss-spends-retry", "a lost agent costs the trial a retry"},
      {Mutant::kPauseIgnored, "pause-ignored", "a paused sweep starts trials"},
      {Mutant::kConcurrencyIgnored, "concurrency-ignored", "limits.concurrent is not looked at"},
      {Mutant::kRestartWithoutGrace,
       "restart-without-grace",
       "a new daemon gives up silent agents"},
      {Mutant::kDaemonLeaseShort, "daemon-lease-short", "the daemon's lease ends first"},
      {Mutant::kStaleHello, "stale-hello", "an overtaken Hello is believed"},
      {Mutant::kStaleHeartbeat, "stale-heartbeat", "an overtaken heartbeat is believed"},
      {Mutant::kStartNotIdempotent, "start-not-idempotent", "a repeated Start starts again"},
      {Mutant::kLedgerNotDurable,
       "ledger-not-durable",
       "a new agent program forgets what it started"},
      {Mutant::kNoTombstone, "no-tombstone", "a Stop for an unknown attempt is not remembered"},
      {Mutant::kStaleSessionObeyed, "stale-session-obeyed", "orders of old sessions are obeyed"},
      {Mutant::kLeaseFromAck, "lease-from-ack", "the lease runs from the receipt of its renewal"},
      {Mutant::kLeaseInProgramOnly, "lease-in-program-only", "a dead agent program kills nothing"},
      {Mutant::kReportsForgottenUnacked, "reports-forgotten", "reports are sent once"},
      {Mutant::kStreakIgnored, "streak-ignored", "an agent is trusted, whatever fails on it"},
      {Mutant::kFailedOnIgnored, "failed-on-ignored", "nobody remembers where a trial failed"},
      {Mutant::kDrainedScheduled, "drained-scheduled", "a drained agent gets new trials"},
      {Mutant::kChargeNotWithdrawn,
       "charge-not-withdrawn",
       "an agent pays for trials that fail everywhere"},
      {Mutant::kCrashNotDurable, "crash-not-durable", "crashes are forgotten at a restart"},
      {Mutant::kCrashNotCounted, "crash-not-counted", "a trial may take its agent down for ever"},
      {Mutant::kLeaseByWall, "lease-by-wall", "the daemon counts leases by its wall clock"},
      {Mutant::kLimitsByWall, "limits-by-wall", "the core decides by the wall clock"},
      {Mutant::kTrialTimeByWall,
       "trial-time-by-wall",
       "a shim counts limits.trial_time by its wall clock"},
      {Mutant::kStartUnwritten,
       "start-unwritten",
       "an attempt starts though the ledger has no room for it"},
      {Mutant::kUnwrittenDropped, "unwritten-dropped", "a report that finds no room is dropped"},
      {Mutant::kOverTrusted,
       "over-trusted",
       "what ended just before a power cut is delivered with what is left of its spool"},
      {Mutant::kGivenBackAtOnce,
       "given-back-at-once",
       "what a full box gives back is tried again at once"},
      {Mutant::kOldWelcome,
       "old-welcome",
       "the newest Hello is answered with what an older one has to kill"},
      {Mutant::kNoControlDedup,
       "no-control-dedup",
       "a repeated pause or kill is carried out again"},
      {Mutant::kAnsweredAnew,
       "answered-anew",
       "a repeated change is answered with what is left to do"},
      {Mutant::kKeptOneMore, "kept-one-more", "run.keep keeps one trial's files too many"},
      {Mutant::kBestDropped,
       "best-dropped",
       "the best trial's files go where the worst one's should"},
      {Mutant::kFilesBelieved,
       "files-believed",
       "what an end says it left is not looked for",
       true},
  };
  return kMutants;
}

std::optional<Mutant> find_mutant(std::string_view name) {
  const auto found = std::find_if(mutants().begin(),
                                  mutants().end(),
                                  [name](const MutantInfo& info) { return info.name == name; });
  return found == mutants().end() ? std::nullopt : std::optional(found->mutant);
}

}  // namespace sweepd::sim
