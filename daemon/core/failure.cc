// Why an attempt failed, and whether that is retried.
#include "daemon/core/failure.h"

#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace sweepd::core {

namespace {

constexpr std::int32_t kSigkill = 9;
constexpr std::int32_t kExitOfSigkill = 137;  // 128 + 9: what a shell makes of a killed child

// What programs say when memory is short: PyTorch, TensorFlow, JAX, CUDA, ROCm, Python, C++, Java,
// and the C library. Specific enough not to stand in a log for another reason.
constexpr std::array<std::string_view, 15> kMemorySentences = {
    "CUDA out of memory",
    "HIP out of memory",
    "OutOfMemoryError",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "cudaErrorMemoryAllocation",
    "RESOURCE_EXHAUSTED: Out of memory",
    "OOM when allocating tensor",
    "MemoryError",
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "std::bad_alloc",
    "Cannot allocate memory",
    "oom-kill",
    "Out of memory: Killed process"};

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) {
    return {};
  }
  const std::size_t begin = text.find_last_of('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

std::string no_metric_sentence(const std::string& metric, const std::vector<std::string>& names) {
  if (names.empty()) {
    return fmt::format("ended with exit code 0 and never reported '{}', nor anything else", metric);
  }
  std::vector<std::string> ordered = names;
  if (const auto close = nearest(metric, names)) {
    const auto at = std::find(ordered.begin(), ordered.end(), *close);
    std::rotate(ordered.begin(), at, at + 1);
  }
  return fmt::format("ended with exit code 0 and never reported '{}'; it reported: {}",
                     metric,
                     fmt::join(ordered, ", "));
}

// The last line of stderr that says that memory ran out.
std::optional<std::string> memory_line(const std::string& text) {
  std::size_t place = std::string::npos;
  for (const std::string_view sentence : kMemorySentences) {
    const std::size_t found = text.rfind(sentence);
    if (found != std::string::npos && (place == std::string::npos || found > place)) {
      place = found;
    }
  }
  if (place == std::string::npos) {
    return std::nullopt;
  }
  return last_line(text.substr(0, std::min(text.find('\n', place), text.size())));
}

// SIGKILL alone is not called out of memory: the code is a fact that retries and samplers act on,
// and a person, systemd or Slurm may have sent it as well. The sentence may guess.
Reason killed(ReasonCode code, std::string_view how) {
  return {code,
          fmt::format("{}, which neither sweepd nor you sent: most likely the kernel's "
                      "out-of-memory killer; see dmesg",
                      how)};
}

}  // namespace

Reason failure_of(const Sweep& sweep, const Trial& trial, const AttemptOutcome& outcome) {
  if (outcome.failure.code != ReasonCode::kNone) {
    return outcome.failure;
  }
  const bool ended_badly = outcome.signal != 0 || outcome.exit_code != 0;
  if (const auto line = ended_badly ? memory_line(outcome.stderr_tail) : std::nullopt) {
    return {ReasonCode::kOom, fmt::format("out of memory: {}", *line)};
  }
  if (outcome.signal == kSigkill) {
    return killed(ReasonCode::kSignal, "killed by signal 9");
  }
  if (outcome.signal != 0) {
    return {ReasonCode::kSignal, fmt::format("ended by signal {}", outcome.signal)};
  }
  if (outcome.exit_code == kExitOfSigkill) {
    return killed(ReasonCode::kExitCode, "exit code 137: a child was killed by signal 9");
  }
  if (outcome.exit_code != 0) {
    const std::string line = last_line(outcome.stderr_tail);
    return {ReasonCode::kExitCode,
            fmt::format("exit code {}{}{}", outcome.exit_code, line.empty() ? "" : ": ", line)};
  }
  if (!sweep.spec.objective.metric.empty() && trial.tally.count() == 0) {
    return {ReasonCode::kNoMetric,
            no_metric_sentence(sweep.spec.objective.metric, outcome.metric_names)};
  }
  return {};
}

bool is_retried(const sweeps::RetrySpec& retry,
                const Reason& reason,
                const AttemptOutcome& outcome) {
  if (retry.on.empty()) {
    return reason.code != ReasonCode::kOom;
  }
  const auto listed = [&retry](std::string_view what) {
    return std::find(retry.on.begin(), retry.on.end(), what) != retry.on.end();
  };
  switch (reason.code) {
    case ReasonCode::kExitCode:
      return listed("exit") || listed(fmt::format("exit:{}", outcome.exit_code));
    case ReasonCode::kSignal:
      return listed("signal");
    case ReasonCode::kTimeout:
      return listed("timeout");
    case ReasonCode::kNoMetric:
      return listed("no-metric");
    case ReasonCode::kOom:
      return listed("oom");
    case ReasonCode::kSilent:
      return listed("silent");
    case ReasonCode::kExecError:
    case ReasonCode::kPrepareError:
      return listed("exec");
    case ReasonCode::kNone:
    case ReasonCode::kPolicy:
    case ReasonCode::kDiverged:
    case ReasonCode::kUser:
    case ReasonCode::kSweepTime:
    case ReasonCode::kFailedTrials:
    case ReasonCode::kTargetReached:
    case ReasonCode::kAgentLost:
    case ReasonCode::kAgentRestarted:
    case ReasonCode::kSpaceExhausted:
    case ReasonCode::kAllTrialsEnded:
    case ReasonCode::kSuperseded:
    case ReasonCode::kWaitingForSlot:
    case ReasonCode::kRetryBackoff:
    case ReasonCode::kAgentCrashed:
    case ReasonCode::kAgentBroken:
    case ReasonCode::kStoppedByAgent:
    case ReasonCode::kAgentError:
    case ReasonCode::kDiskLow:
    case ReasonCode::kRolledBack:
      return false;
  }
  return false;
}

std::string unseen_time(const Sweep& sweep, const Trial& trial) {
  const sweeps::StopSpec& stop = sweep.spec.stop;
  if (stop.policy == sweeps::PolicyKind::kNone || stop.time.empty() || trial.attempts.empty()) {
    return {};
  }
  const std::vector<std::string>& names = trial.attempts.back().outcome.metric_names;
  if (names.empty() || std::find(names.begin(), names.end(), stop.time) != names.end()) {
    return {};
  }
  const auto close = nearest(stop.time, names);
  return fmt::format("early termination never saw '{}' (`time` of [stop]); {} reported: {}{}",
                     stop.time,
                     to_string(TrialKey{sweep.id, trial.number}),
                     fmt::join(names, ", "),
                     close ? fmt::format("; did you mean '{}'?", *close) : std::string());
}

std::string unseen_time(const Sweep& sweep) {
  std::string sentence;
  for (const Trial& trial : sweep.trials) {
    if (trial.tally.count() == 0) {
      continue;
    }
    sentence = unseen_time(sweep, trial);
    if (sentence.empty()) {
      return {};
    }
  }
  return sentence;
}

}  // namespace sweepd::core
