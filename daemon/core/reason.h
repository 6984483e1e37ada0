// The states of sweeps, trials and attempts, and the reasons for them.
#pragma once

#include <string>
#include <string_view>

namespace sweepd::core {

// All enums here are stored and sent: explicit values, append-only, ReasonCode equal to the wire's.
enum class ReasonCode : int {
  kNone = 0,
  kExitCode = 1,
  kSignal = 2,
  kTimeout = 3,
  kNoMetric = 4,
  kExecError = 5,
  kPrepareError = 6,
  kPolicy = 7,
  kDiverged = 8,
  kUser = 9,
  kSweepTime = 10,
  kFailedTrials = 11,
  kTargetReached = 12,
  kAgentLost = 13,
  kAgentRestarted = 14,
  kSpaceExhausted = 15,
  kAllTrialsEnded = 16,
  kSuperseded = 17,
  kWaitingForSlot = 18,
  kRetryBackoff = 19,
  kOom = 21,
  kSilent = 22,
  kAgentCrashed = 23,
  kAgentBroken = 24,
  kStoppedByAgent = 25,
  kAgentError = 26,
  kDiskLow = 30,     // the daemon's disk has little room
  kRolledBack = 31,  // the store is older than what became of the attempt
};
constexpr ReasonCode kReasonCodeLast = ReasonCode::kRolledBack;

struct Reason {
  ReasonCode code = ReasonCode::kNone;
  std::string sentence;  // for people, complete in itself

  bool operator==(const Reason&) const = default;
};

enum class SweepState : int {
  kRunning = 1,
  kPaused = 2,
  kCompleted = 3,
  kFailed = 4,
  kCancelled = 5
};

enum class TrialState : int {
  kQueued = 1,
  kPreparing = 2,
  kRunning = 3,
  kStopping = 4,   // told to stop; its process set is not known to be empty
  kFinishing = 5,  // process set empty, outputs on their way; the slot is free
  kCompleted = 6,
  kPruned = 7,
  kFailed = 8,
  kCancelled = 9,
};
constexpr int kTrialStates = 9;

enum class AttemptState : int {
  kAssigned = 1,  // offered to the agent, not yet seen among what it holds
  kPreparing = 2,
  kRunning = 3,
  kStopping = 4,
  kFinishing = 5,
  kCompleted = 6,
  kPruned = 7,
  kFailed = 8,
  kCancelled = 9,
  kLost = 10,
};

// How much room the daemon's disk has.
enum class StorageLevel : int {
  kPlenty = 1,
  kLow = 2,       // nothing new is taken or started
  kCritical = 3,  // logs and artifacts are not taken either
};

constexpr bool is_terminal(SweepState state) {
  return state == SweepState::kCompleted || state == SweepState::kFailed ||
         state == SweepState::kCancelled;
}

constexpr bool is_terminal(TrialState state) {
  return state == TrialState::kCompleted || state == TrialState::kPruned ||
         state == TrialState::kFailed || state == TrialState::kCancelled;
}

constexpr bool is_terminal(AttemptState state) {
  return state == AttemptState::kCompleted || state == AttemptState::kPruned ||
         state == AttemptState::kFailed || state == AttemptState::kCancelled ||
         state == AttemptState::kLost;
}

std::string_view to_text(SweepState state);    // "running"
std::string_view to_text(TrialState state);    // "queued"
std::string_view to_text(AttemptState state);  // "assigned"
std::string_view to_text(StorageLevel level);  // "low"
std::string_view to_text(ReasonCode code);     // "NO_METRIC"

}  // namespace sweepd::core
