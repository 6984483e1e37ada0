// The states of sweeps, trials and attempts, and the reasons for them.
#include "daemon/core/reason.h"

namespace sweepd::core {

std::string_view to_text(SweepState state) {
  switch (state) {
    case SweepState::kRunning:
      return "running";
    case SweepState::kPaused:
      return "paused";
    case SweepState::kCompleted:
      return "completed";
    case SweepState::kFailed:
      return "failed";
    case SweepState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string_view to_text(TrialState state) {
  switch (state) {
    case TrialState::kQueued:
      return "queued";
    case TrialState::kPreparing:
      return "preparing";
    case TrialState::kRunning:
      return "running";
    case TrialState::kStopping:
      return "stopping";
    case TrialState::kFinishing:
      return "finishing";
    case TrialState::kCompleted:
      return "completed";
    case TrialState::kPruned:
      return "pruned";
    case TrialState::kFailed:
      return "failed";
    case TrialState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string_view to_text(AttemptState state) {
  switch (state) {
    case AttemptState::kAssigned:
      return "assigned";
    case AttemptState::kPreparing:
      return "preparing";
    case AttemptState::kRunning:
      return "running";
    case AttemptState::kStopping:
      return "stopping";
    case AttemptState::kFinishing:
      return "finishing";
    case AttemptState::kCompleted:
      return "completed";
    case AttemptState::kPruned:
      return "pruned";
    case AttemptState::kFailed:
      return "failed";
    case AttemptState::kCancelled:
      return "cancelled";
    case AttemptState::kLost:
      return "lost";
  }
  return "unknown";
}

std::string_view to_text(StorageLevel level) {
  switch (level) {
    case StorageLevel::kPlenty:
      return "plenty";
    case StorageLevel::kLow:
      return "low";
    case StorageLevel::kCritical:
      return "critical";
  }
  return "unknown";
}

std::string_view to_text(ReasonCode code) {
  switch (code) {
    case ReasonCode::kNone:
      return "NONE";
    case ReasonCode::kExitCode:
      return "EXIT_CODE";
    case ReasonCode::kSignal:
      return "SIGNAL";
    case ReasonCode::kTimeout:
      return "TIMEOUT";
    case ReasonCode::kNoMetric:
      return "NO_METRIC";
    case ReasonCode::kExecError:
      return "EXEC_ERROR";
    case ReasonCode::kPrepareError:
      return "PREPARE_ERROR";
    case ReasonCode::kPolicy:
      return "POLICY";
    case ReasonCode::kDiverged:
      return "DIVERGED";
    case ReasonCode::kUser:
      return "USER";
    case ReasonCode::kSweepTime:
      return "SWEEP_TIME";
    case ReasonCode::kFailedTrials:
      return "FAILED_TRIALS";
    case ReasonCode::kTargetReached:
      return "TARGET_REACHED";
    case ReasonCode::kAgentLost:
      return "AGENT_LOST";
    case ReasonCode::kAgentRestarted:
      return "AGENT_RESTARTED";
    case ReasonCode::kSpaceExhausted:
      return "SPACE_EXHAUSTED";
    case ReasonCode::kAllTrialsEnded:
      return "ALL_TRIALS_ENDED";
    case ReasonCode::kSuperseded:
      return "SUPERSEDED";
    case ReasonCode::kWaitingForSlot:
      return "WAITING_FOR_SLOT";
    case ReasonCode::kRetryBackoff:
      return "RETRY_BACKOFF";
    case ReasonCode::kOom:
      return "OOM";
    case ReasonCode::kSilent:
      return "SILENT";
    case ReasonCode::kAgentCrashed:
      return "AGENT_CRASHED";
    case ReasonCode::kAgentBroken:
      return "AGENT_BROKEN";
    case ReasonCode::kStoppedByAgent:
      return "STOPPED_BY_AGENT";
    case ReasonCode::kAgentError:
      return "AGENT_ERROR";
    case ReasonCode::kDiskLow:
      return "DISK_LOW";
    case ReasonCode::kRolledBack:
      return "ROLLED_BACK";
  }
  return "UNKNOWN";
}

}  // namespace sweepd::core
