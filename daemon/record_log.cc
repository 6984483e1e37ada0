// What was decided, as lines of the daemon's log.
#include "daemon/record_log.h"

#include "base/counted.h"
#include "base/log.h"
#include "daemon/core/view.h"
#include "sweeps/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

namespace sweepd::daemon {

namespace {

std::string_view text_of(core::AgentState state) {
  switch (state) {
    case core::AgentState::kConnected:
      return "connected";
    case core::AgentState::kSuspect:
      return "suspect: it has not been heard of for a while";
    case core::AgentState::kLost:
      return "lost";
    case core::AgentState::kForgotten:
      return "forgotten";
  }
  return "";
}

struct Line {
  const core::State& state;

  std::string agent(AgentId id) const {
    return fmt::format("agent={} name={}", id.value, core::agent_name(state, id));
  }

  std::string operator()(const core::SweepAccepted& record) const {
    return fmt::format(
        "sweep={} accepted name={} user={}", record.sweep.value, record.spec.name, record.user);
  }

  std::string operator()(const core::SweepStateChanged& record) const {
    return fmt::format(
        "sweep={} {}: {}", record.sweep.value, core::to_text(record.state), record.reason.sentence);
  }

  std::string operator()(const core::SweepClosing& record) const {
    return fmt::format("sweep={} ending: {}", record.sweep.value, record.reason.sentence);
  }

  std::string operator()(const core::SweepEnded& record) const {
    return fmt::format(
        "sweep={} {}: {}", record.sweep.value, core::to_text(record.state), record.reason.sentence);
  }

  std::string operator()(const core::SweepReopened& record) const {
    return fmt::format("sweep={} running again: {}", record.sweep.value, record.reason.sentence);
  }

  std::string operator()(const core::TrialClosed& record) const {
    return record.state == core::TrialState::kFailed
               ? fmt::format("trial={} failed: {}", to_string(record.trial), record.reason.sentence)
               : std::string();
  }

  std::string operator()(const core::AgentRegistered& record) const {
    return fmt::format("{} registered slots={} version={}",
                       agent(record.agent),
                       record.slots.size(),
                       record.version);
  }

  std::string operator()(const core::AgentStateChanged& record) const {
    return fmt::format("{} {}", agent(record.agent), text_of(record.state));
  }

  std::string operator()(const core::AgentDrained& record) const {
    return fmt::format("{} drained: {}", agent(record.agent), record.reason.sentence);
  }

  std::string operator()(const core::AgentResumed& record) const {
    return fmt::format("{} resumed", agent(record.agent));
  }

  std::string operator()(const core::ModelRegistered& record) const {
    return fmt::format(
        "model={}:{} registered from={}", record.model, record.version, to_string(record.attempt));
  }

  std::string operator()(const core::SweepRemoved& record) const {
    return fmt::format("sweep={} removed by={}", record.sweep.value, record.user);
  }

  // Too many, or told by another line already.
  std::string operator()(const core::TrialsProposed&) const { return {}; }

  std::string operator()(const core::TrialRequeued&) const { return {}; }

  std::string operator()(const core::AttemptAssigned&) const { return {}; }

  std::string operator()(const core::AttemptAdvanced&) const { return {}; }

  std::string operator()(const core::ReportRecorded&) const { return {}; }

  std::string operator()(const core::VerdictReached&) const { return {}; }

  std::string operator()(const core::StopRequested&) const { return {}; }

  std::string operator()(const core::AttemptClosed&) const { return {}; }

  std::string operator()(const core::OutputsDropped&) const { return {}; }

  std::string operator()(const core::ControlApplied&) const { return {}; }

  std::string operator()(const core::AgentCharged&) const { return {}; }

  std::string operator()(const core::AgentProven&) const { return {}; }

  std::string operator()(const core::StorageLevelChanged& record) const {
    return fmt::format("storage={} {}", core::to_text(record.level), record.reason.sentence);
  }

  std::string operator()(const core::StoreWentBack& record) const {
    return fmt::format(
        "the store went back: {} knows of {} more than it holds, and what was acknowledged in them "
        "is lost; nothing is started until no lease of before holds any more, and the next sweep "
        "is "
        "{}",
        agent(record.agent),
        counted(record.records_lost, "record"),
        record.sweeps_last + 1);
  }

  std::string operator()(const core::LeaseChanged& record) const {
    return fmt::format("lease={}", sweeps::to_text(record.lease));
  }

  std::string operator()(const core::StartsDeferred&) const {
    return "the store was restored, or went back: nothing is started until no lease of before "
           "holds any more";
  }

  std::string operator()(const core::ReturnsAwaited& record) const {
    return fmt::format(
        "this machine was restarted: nothing is started until {} of before {} back, or lost",
        counted(record.agents.size(), "agent"),
        record.agents.size() == 1 ? "is" : "are");
  }

  std::string operator()(const core::StoreRestored& record) const {
    return fmt::format("restored: the next sweep is {}", record.sweeps_last + 1);
  }
};

}  // namespace

std::string log_text(const core::State& state, const core::Record& record) {
  std::string text = std::visit(Line{state}, record);
  // Names and what scripts print may hold anything, and a line of the log is one line.
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

void log_records(const core::State& state, const std::vector<core::Record>& records) {
  for (const core::Record& record : records) {
    const std::string text = log_text(state, record);
    if (std::holds_alternative<core::StoreWentBack>(record)) {
      log_error("{}", text);
    } else if (!text.empty()) {
      log_info("{}", text);
    }
  }
}

}  // namespace sweepd::daemon
