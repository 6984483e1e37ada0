// What shims say of attempts, and what becomes of those whose shim is gone.
#include "agent/reason.h"
#include "agent/runner/farewell.h"
#include "agent/runner/find_program.h"
#include "agent/runner/runner.h"
#include "base/log.h"
#include "wire/protocol.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sweepd::agent {

namespace {

double seconds_of(std::uint64_t ms) {
  return static_cast<double>(ms) / 1000;
}

}  // namespace

// Of one whose end is told no shim has anything to say any more.
Attempt* Runner::untold(const AttemptKey& key) {
  const auto found = attempts_.find(key);
  const bool open = found != attempts_.end() && found->second.stage() != Attempt::Stage::kEnded;
  return open ? &found->second : nullptr;
}

void Runner::listen() {
  const Slots::Heard heard = parts_.slots.listen();
  for (const AttemptKey& key : heard.found) {
    if (Attempt* attempt = untold(key)) {
      attempt->adopted();
    } else {
      parts_.slots.disown(key);
    }
  }
  for (const Slots::Said& said : heard.said) {
    if (Attempt* attempt = untold(said.attempt)) {
      hear(*attempt, said.notice);
    }
  }
  for (const AttemptKey& key : heard.orphaned) {
    Attempt* attempt = untold(key);
    // It may have left with an attempt that was over: then its last words are in a file.
    if (attempt != nullptr && !take_farewell(*attempt)) {
      attempt->failed(reason_of(pb::AGENT_RESTARTED, "the supervisor of the attempt was killed"));
      attempt->abandoned();
      orphaned_.insert(key);
    }
  }
}

void Runner::hear(Attempt& attempt, const shimpb::Notice& notice) {
  switch (notice.kind_case()) {
    case shimpb::Notice::kStarted:
      attempt.program_started(notice);
      parts_.session.phase_reached(attempt.key(), pb::RUNNING);
      log_debug("attempt={} started pid={}", to_string(attempt.key()), notice.started().pid());
      return;
    case shimpb::Notice::kExecError:
      // Of the box: a loss, which spends no retry of the trial.
      attempt.could_not_start(notice.exec_error().of_box() ? pb::AGENT_ERROR : pb::EXEC_ERROR,
                              exec_error(attempt, notice.exec_error()));
      return;
    case shimpb::Notice::kExited:
      attempt.program_exited(notice);
      log_info("attempt={} exited code={} signal={}",
               to_string(attempt.key()),
               notice.exited().code(),
               notice.exited().signal());
      return;
    case shimpb::Notice::kLapsed:
      attempt.lapsed();
      stopped_by_shim(attempt, pb::AGENT_LOST, "the lease ended without a word from the daemon");
      return;
    case shimpb::Notice::kTimedOut:
      stopped_by_shim(
          attempt,
          pb::TIMEOUT,
          fmt::format("trial_time of {} s is over", seconds_of(attempt.order().trial_time_ms())));
      return;
    case shimpb::Notice::kSilent:
      stopped_by_shim(attempt,
                      pb::SILENT,
                      fmt::format("neither a metric nor output for {} s",
                                  seconds_of(attempt.order().silence_ms())));
      return;
    case shimpb::Notice::kStopped:
      attempt.failed(notice.stopped().failure());
      return;
    case shimpb::Notice::kStuck:
      log_error("attempt={} quarantined: processes outlive KILL, pids {}",
                to_string(attempt.key()),
                fmt::join(notice.stuck().pids(), " "));
      return;
    case shimpb::Notice::kEmpty:
      over(attempt, WallTime{notice.wall_us()});
      return;
    case shimpb::Notice::kGreeting:
    case shimpb::Notice::KIND_NOT_SET:
      return;
  }
}

void Runner::stopped_by_shim(Attempt& attempt, pb::ReasonCode code, std::string sentence) {
  log_info("attempt={} stopping: {}", to_string(attempt.key()), sentence);
  attempt.failed(reason_of(code, std::move(sentence)));
  parts_.session.phase_reached(attempt.key(), pb::STOPPING);
}

// No process is left: the slots are free, whatever is still to be delivered. That is in the ledger
// before a slot is used again, because its shim then remembers the next attempt.
void Runner::over(Attempt& attempt, WallTime wall) {
  attempt.emptied(wall);
  parts_.ledger.over(attempt.so_far());
  if (const Result<void> written = parts_.ledger.write(); !written.ok()) {
    log_error("{}", written.error().message);
  }
  parts_.slots.release(attempt.key());
  parts_.session.phase_reached(attempt.key(), pb::FINISHING);
}

void Runner::lost(Attempt& attempt, WallTime wall, std::string sentence) {
  log_warn("attempt={} lost: {}", to_string(attempt.key()), sentence);
  attempt.failed(reason_of(pb::AGENT_RESTARTED, std::move(sentence)));
  attempt.abandoned();
  over(attempt, wall);
}

// What the shim of the attempt said when there was no agent to hear it.
bool Runner::take_farewell(Attempt& attempt) {
  const std::vector<shimpb::Notice> notices = read_farewell(attempt.paths().farewell);
  if (notices.empty()) {
    return false;
  }
  attempt.adopted();
  for (const shimpb::Notice& notice : notices) {
    hear(attempt, notice);
  }
  return true;
}

std::string Runner::exec_error(const Attempt& attempt, const shimpb::ExecError& refusal) const {
  const int error = refusal.error();
  std::string sentence =
      fmt::format("cannot execute '{}': {}", refusal.what(), std::strerror(error));
  if (error == ENOEXEC) {
    sentence += "; a script must begin with #! and the program that runs it";
  }
  if (error == ENOENT) {
    const auto path = environment_.find("PATH");
    const std::optional<std::string> meant =
        path == environment_.end() ? std::nullopt : nearest_program(refusal.what(), path->second);
    sentence += meant ? fmt::format("; did you mean '{}'", *meant) : "";
  }
  log_info("attempt={} {}", to_string(attempt.key()), sentence);
  return sentence;
}

}  // namespace sweepd::agent
