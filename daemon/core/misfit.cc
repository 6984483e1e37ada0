// Whether a record of an unknown past fits the state that it is about to be applied to.
#include "daemon/core/step.h"

#include <fmt/format.h>

namespace sweepd::core {

namespace {

using Words = std::optional<std::string>;

struct Misfit {
  const State& state;

  Words sweep(SweepId id) const {
    return state.sweeps.contains(id) ? Words()
                                     : fmt::format("there is no sweep {} before it", id.value);
  }

  Words trial(const TrialKey& key) const {
    const auto found = state.sweeps.find(key.sweep);
    const bool known = found != state.sweeps.end() && key.trial.value > 0 &&
                       key.trial.value <= found->second.trials.size();
    return known ? Words() : fmt::format("there is no trial {} before it", to_string(key));
  }

  Words attempt(const AttemptKey& key) const {
    return find_attempt(state, key) != nullptr
               ? Words()
               : fmt::format("there is no attempt {} before it", to_string(key));
  }

  Words operator()(const SweepAccepted& record) const {
    if (state.removed.contains(record.sweep)) {
      return fmt::format("sweep {} was removed before", record.sweep.value);
    }
    return state.sweeps.contains(record.sweep)
               ? fmt::format("sweep {} was accepted before", record.sweep.value)
               : Words();
  }

  Words operator()(const SweepStateChanged& record) const { return sweep(record.sweep); }

  Words operator()(const SweepClosing& record) const { return sweep(record.sweep); }

  Words operator()(const SweepEnded& record) const { return sweep(record.sweep); }

  Words operator()(const SweepReopened& record) const { return sweep(record.sweep); }

  Words operator()(const TrialsProposed& record) const {
    if (const Words none = sweep(record.sweep)) {
      return none;
    }
    const std::size_t trials = state.sweeps.at(record.sweep).trials.size();
    const bool next = record.assignments.empty() || record.first.value == trials + 1;
    return next ? Words()
                : fmt::format("trial {} is proposed after trial {}", record.first.value, trials);
  }

  Words operator()(const TrialRequeued& record) const { return trial(record.trial); }

  Words operator()(const TrialClosed& record) const { return trial(record.trial); }

  Words operator()(const AttemptAssigned& record) const {
    if (const Words none = trial(record.attempt.trial_key())) {
      return none;
    }
    const Trial& of = state.sweeps.at(record.attempt.sweep).trial(record.attempt.trial);
    return record.attempt.attempt.value == of.attempts.size() + 1
               ? Words()
               : fmt::format("attempt {} is assigned after {} others",
                             to_string(record.attempt),
                             of.attempts.size());
  }

  Words operator()(const AttemptAdvanced& record) const { return attempt(record.attempt); }

  Words operator()(const ReportRecorded& record) const {
    const Attempt* of = find_attempt(state, record.attempt);
    if (of == nullptr) {
      return attempt(record.attempt);
    }
    return record.seq == of->reports_last + 1 ? Words()
                                              : fmt::format("report {} of {} comes after report {}",
                                                            record.seq,
                                                            to_string(record.attempt),
                                                            of->reports_last);
  }

  Words operator()(const VerdictReached& record) const { return attempt(record.attempt); }

  Words operator()(const StopRequested& record) const { return attempt(record.attempt); }

  Words operator()(const AttemptClosed& record) const { return attempt(record.attempt); }

  Words operator()(const OutputsDropped& record) const {
    const Attempt* of = find_attempt(state, record.attempt);
    if (of == nullptr) {
      return attempt(record.attempt);
    }
    return of->outcome.tree_digest.empty()
               ? fmt::format("there are no files of {} before it", to_string(record.attempt))
               : Words();
  }

  Words agent(AgentId id) const {
    return state.agents.contains(id) ? Words()
                                     : fmt::format("there is no agent {} before it", id.value);
  }

  Words operator()(const AgentRegistered&) const { return {}; }

  Words operator()(const AgentStateChanged& record) const { return agent(record.agent); }

  Words operator()(const AgentCharged& record) const { return agent(record.agent); }

  Words operator()(const AgentProven& record) const { return agent(record.agent); }

  Words operator()(const AgentDrained& record) const { return agent(record.agent); }

  Words operator()(const AgentResumed& record) const { return agent(record.agent); }

  Words operator()(const ModelRegistered& record) const {
    const auto known = state.models.find(record.model);
    const std::size_t versions = known == state.models.end() ? 0 : known->second.size();
    return record.version == versions + 1 ? Words()
                                          : fmt::format("version {} of model {} comes after {}",
                                                        record.version,
                                                        record.model,
                                                        versions);
  }

  Words operator()(const ControlApplied&) const { return {}; }

  Words operator()(const StorageLevelChanged&) const { return {}; }

  Words operator()(const StoreRestored&) const { return {}; }

  Words operator()(const StoreWentBack& record) const { return agent(record.agent); }

  Words operator()(const LeaseChanged&) const { return {}; }

  Words operator()(const ReturnsAwaited& record) const {
    for (const AgentId awaited : record.agents) {
      if (Words words = agent(awaited)) {
        return words;
      }
      if (is_gone(state.agents.at(awaited).state)) {
        return fmt::format("agent {} is awaited and was lost before it", awaited.value);
      }
    }
    return {};
  }

  Words operator()(const StartsDeferred&) const {
    return state.just_restored || state.starts_from > Instant{}
               ? Words{}
               : "the store was not restored before it, and did not go back";
  }

  Words operator()(const SweepRemoved& record) const {
    if (state.removed.contains(record.sweep)) {
      return fmt::format("sweep {} was removed before", record.sweep.value);
    }
    return state.live.contains(record.sweep)
               ? fmt::format("sweep {} is removed and has not ended", record.sweep.value)
               : Words();
  }
};

}  // namespace

std::optional<std::string> misfit(const State& state, const Record& record) {
  return std::visit(Misfit{state}, record);
}

}  // namespace sweepd::core
