// Deliberately broken variants of the system: the simulator must catch every one of them.
#pragma once

#include "tests/sim/mode.h"

#include <optional>
#include <span>
#include <string_view>

namespace sweepd::sim {

enum class Mutant : int {
  kNone = 0,
  kActBeforeCommit,
  kAnswerBeforeCommit,
  kTornCommit,
  kNoSubmitDedup,
  kDedupNotDurable,
  kNoReportFence,
  kNoEndFence,
  kNoReportDedup,
  kAckHighest,
  kEndBeforeReports,
  kEndAckedUnseen,
  kOwedNotRepeated,
  kSlotFreedOnStop,
  kLostNotRequeued,
  kAttemptNumberReused,
  kDoubleRungEntry,
  kPolicyNotForgotten,
  kRetryNotCounted,
  kLossSpendsRetry,
  kPauseIgnored,
  kConcurrencyIgnored,
  kRestartWithoutGrace,
  kDaemonLeaseShort,
  kStaleHello,
  kStaleHeartbeat,
  kStartNotIdempotent,
  kLedgerNotDurable,
  kNoTombstone,
  kStaleSessionObeyed,
  kLeaseFromAck,
  kLeaseInProgramOnly,
  kReportsForgottenUnacked,
  kStreakIgnored,
  kFailedOnIgnored,
  kDrainedScheduled,
  kChargeNotWithdrawn,
  kCrashNotDurable,
  kCrashNotCounted,
  kLeaseByWall,
  kLimitsByWall,
  kTrialTimeByWall,
  kStartUnwritten,
  kUnwrittenDropped,
  kOverTrusted,
  kGivenBackAtOnce,
  kOldWelcome,
  kNoControlDedup,
  kAnsweredAnew,
  kKeptOneMore,
  kBestDropped,
  kFilesBelieved,
  kReturnsNotAwaited,
};

struct MutantInfo {
  Mutant mutant;
  std::string_view name;
  std::string_view what;
  Mode mode = Mode::kCore;  // it is looked for there
};

// All of them, without kNone.
std::span<const MutantInfo> mutants();

std::optional<Mutant> find_mutant(std::string_view name);

}  // namespace sweepd::sim
