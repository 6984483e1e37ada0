// The only place where the state changes: each record is applied as the fact it is.
#include "base/check.h"
#include "daemon/core/charge.h"
#include "daemon/core/reindexed.h"
#include "daemon/core/state.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace sweepd::core {

namespace {

// Verdicts kept in memory per trial; the journal keeps all of them.
constexpr std::size_t kVerdictsKept = 16;

Sweep& sweep_of(State& state, SweepId id) {
  const auto found = state.sweeps.find(id);
  SWEEPD_CHECK(found != state.sweeps.end());
  return found->second;
}

Trial& trial_of(State& state, const TrialKey& key) {
  Sweep& sweep = sweep_of(state, key.sweep);
  SWEEPD_CHECK(key.trial.value > 0 && key.trial.value <= sweep.trials.size());
  return sweep.trial(key.trial);
}

Attempt& attempt_of(State& state, const AttemptKey& key) {
  Trial& trial = trial_of(state, key.trial_key());
  SWEEPD_CHECK(key.attempt.value > 0 && key.attempt.value <= trial.attempts.size());
  return trial.attempts[key.attempt.value - 1];
}

Agent& agent_of(State& state, AgentId id) {
  const auto found = state.agents.find(id);
  SWEEPD_CHECK(found != state.agents.end());
  return found->second;
}

// Only what its agent came back without: losing a lease, or being stopped, is no trial's fault.
bool is_crash(const AttemptClosed& record) {
  return record.state == AttemptState::kLost && record.reason.code == ReasonCode::kAgentRestarted;
}

void set_state(Sweep& sweep, Trial& trial, TrialState state) {
  --sweep.counts[static_cast<std::size_t>(trial.state)];
  if (trial.state == TrialState::kQueued) {
    sweep.queued.erase(trial.number);
    sweep.choosy.erase(trial.number);
  }
  trial.state = state;
  ++sweep.counts[static_cast<std::size_t>(state)];
  if (state == TrialState::kQueued) {
    sweep.queued.insert(trial.number);
    if (is_choosy(trial)) {
      sweep.choosy.insert(trial.number);
    }
  }
}

const SlotOffer* offered(const Agent& agent, std::uint32_t index) {
  const auto found = std::find_if(agent.slots.begin(),
                                  agent.slots.end(),
                                  [index](const SlotOffer& slot) { return slot.index == index; });
  return found == agent.slots.end() ? nullptr : &*found;
}

void offer_if_idle(State& state, const SlotKey& key) {
  const auto agent = state.agents.find(key.agent);
  if (agent == state.agents.end() || agent->second.state != AgentState::kConnected ||
      agent->second.drained || state.busy.contains(key)) {
    return;
  }
  if (const SlotOffer* slot = offered(agent->second, key.index)) {
    (slot->gpu ? state.free_gpu : state.free_cpu).insert(key);
  }
}

void erase_slots(std::set<SlotKey>& slots, AgentId agent) {
  slots.erase(slots.lower_bound({agent, 0}), slots.lower_bound({AgentId{agent.value + 1}, 0}));
}

void refresh_slots(State& state, const Agent& agent) {
  erase_slots(state.free_cpu, agent.id);
  erase_slots(state.free_gpu, agent.id);
  for (const SlotOffer& slot : agent.slots) {
    offer_if_idle(state, {agent.id, slot.index});
  }
}

void release_slots(State& state, const AttemptKey& key, const Attempt& attempt) {
  for (const std::uint32_t index : attempt.slots) {
    const SlotKey slot{attempt.agent, index};
    const auto holder = state.busy.find(slot);
    if (holder != state.busy.end() && holder->second == key) {
      state.busy.erase(holder);
      offer_if_idle(state, slot);
    }
  }
}

struct Apply {
  State& state;

  void operator()(const SweepAccepted& record) const {
    state.sweeps_last = std::max(state.sweeps_last, record.sweep.value);
    state.sweeps.emplace(record.sweep, Sweep(record));
    state.live.insert(record.sweep);
    state.requests[record.request] = SubmitAnswer{record.sweep, true};
  }

  void operator()(const SweepStateChanged& record) const {
    Sweep& sweep = sweep_of(state, record.sweep);
    sweep.state = record.state;
    sweep.reason = record.reason;
    sweep.guard_spent = sweep.guard_spent || record.reason.code == ReasonCode::kFailedTrials;
  }

  void operator()(const SweepClosing& record) const {
    sweep_of(state, record.sweep).closing = Closing{record.state, record.reason};
  }

  void operator()(const SweepEnded& record) const {
    Sweep& sweep = sweep_of(state, record.sweep);
    sweep.state = record.state;
    sweep.reason = record.reason;
    sweep.ended = record.wall;
    sweep.closing.reset();
    state.live.erase(record.sweep);
  }

  void operator()(const SweepReopened& record) const {
    Sweep& sweep = sweep_of(state, record.sweep);
    sweep.state = SweepState::kRunning;
    sweep.reason = record.reason;
    sweep.ended.reset();
    sweep.closing.reset();
    // Only what was asked for runs again: no new proposals, and the time that has passed is
    // forgiven.
    sweep.exhausted = true;
    sweep.reopened = true;
    state.live.insert(record.sweep);
  }

  void operator()(const TrialsProposed& record) const {
    Sweep& sweep = sweep_of(state, record.sweep);
    SWEEPD_CHECK(record.assignments.empty() || record.first.value == sweep.trials.size() + 1);
    for (const sweeps::Assignment& assignment : record.assignments) {
      Trial trial;
      trial.number = TrialNumber{static_cast<std::uint32_t>(sweep.trials.size() + 1)};
      trial.assignment = assignment;
      trial.tally = sweeps::Tally(sweep.spec.objective.reduce);
      sweep.queued.insert(trial.number);
      ++sweep.counts[static_cast<std::size_t>(TrialState::kQueued)];
      sweep.trials.push_back(std::move(trial));
    }
    sweep.exhausted = sweep.exhausted || record.exhausted;
  }

  void operator()(const TrialRequeued& record) const {
    Sweep& sweep = sweep_of(state, record.trial.sweep);
    Trial& trial = trial_of(state, record.trial);
    const Reindexed reindexed(sweep, trial);
    trial.reason = record.reason;
    trial.not_before = record.not_before;
    trial.failures = record.forgives ? 0 : trial.failures + (record.spends_retry ? 1 : 0);
    if (record.forgives) {
      trial.crashes = 0;
      trial.failed_on.clear();
    }
    if (record.failed_on) {
      trial.failed_on.push_back(record.failed_on);
    }
    set_state(sweep, trial, TrialState::kQueued);
    trial.tally = sweeps::Tally(sweep.spec.objective.reduce);
    trial.resource = 0;
    trial.diverged = false;
    sweep.policy.forget(trial.number);
  }

  void operator()(const TrialClosed& record) const {
    Sweep& sweep = sweep_of(state, record.trial.sweep);
    Trial& trial = trial_of(state, record.trial);
    const Reindexed reindexed(sweep, trial);
    set_state(sweep, trial, record.state);
    trial.reason = record.reason;
    sweep.policy.end(trial.number, record.state == TrialState::kFailed);
  }

  void operator()(const AttemptAssigned& record) const {
    Sweep& sweep = sweep_of(state, record.attempt.sweep);
    Trial& trial = trial_of(state, record.attempt.trial_key());
    SWEEPD_CHECK(record.attempt.attempt.value == trial.attempts.size() + 1);
    Attempt attempt;
    attempt.number = record.attempt.attempt;
    attempt.agent = record.agent;
    attempt.slots = record.slots;
    attempt.assigned_wall = record.wall;
    attempt.assigned = record.at;
    trial.attempts.push_back(std::move(attempt));
    set_state(sweep, trial, TrialState::kPreparing);
    trial.reason = {};
    state.held[record.agent].insert(record.attempt);
    for (const std::uint32_t index : record.slots) {
      const SlotKey slot{record.agent, index};
      state.busy[slot] = record.attempt;
      state.free_cpu.erase(slot);
      state.free_gpu.erase(slot);
    }
  }

  void operator()(const AttemptAdvanced& record) const {
    Sweep& sweep = sweep_of(state, record.attempt.sweep);
    Trial& trial = trial_of(state, record.attempt.trial_key());
    Attempt& attempt = attempt_of(state, record.attempt);
    attempt.state = record.state;
    if (record.state == AttemptState::kFinishing) {
      set_state(sweep, trial, TrialState::kFinishing);
      release_slots(state, record.attempt, attempt);
    } else if (attempt.stop || record.state == AttemptState::kStopping) {
      set_state(sweep, trial, TrialState::kStopping);
    } else if (record.state == AttemptState::kRunning) {
      set_state(sweep, trial, TrialState::kRunning);
    }
  }

  void operator()(const ReportRecorded& record) const {
    Sweep& sweep = sweep_of(state, record.attempt.sweep);
    Trial& trial = trial_of(state, record.attempt.trial_key());
    attempt_of(state, record.attempt).reports_last = record.seq;
    trial.resource = record.resource;
    if (!record.objective) {
      return;
    }
    const Reindexed reindexed(sweep, trial);
    trial.tally.add(*record.objective);
    trial.diverged = trial.diverged || !std::isfinite(*record.objective);
    ++sweep.reports;
    sweep.policy.observe({trial.number, trial.tally.count(), record.resource, *record.objective});
  }

  void operator()(const VerdictReached& record) const {
    Trial& trial = trial_of(state, record.attempt.trial_key());
    if (trial.verdicts.size() == kVerdictsKept) {
      trial.verdicts.erase(trial.verdicts.begin());
    }
    trial.verdicts.push_back({record.attempt.attempt, record.verdict, record.wall});
  }

  void operator()(const StopRequested& record) const {
    Sweep& sweep = sweep_of(state, record.attempt.sweep);
    Trial& trial = trial_of(state, record.attempt.trial_key());
    Attempt& attempt = attempt_of(state, record.attempt);
    attempt.stop = record;
    trial.reason = record.reason;
    if (attempt.state != AttemptState::kFinishing) {
      attempt.state = AttemptState::kStopping;
      set_state(sweep, trial, TrialState::kStopping);
    }
  }

  void operator()(const AttemptClosed& record) const {
    Attempt& attempt = attempt_of(state, record.attempt);
    attempt.state = record.state;
    attempt.reason = record.reason;
    attempt.outcome = record.outcome;
    if (is_crash(record)) {
      ++trial_of(state, record.attempt.trial_key()).crashes;
    }
    const auto held = state.held.find(attempt.agent);
    if (held != state.held.end()) {
      held->second.erase(record.attempt);
    }
    release_slots(state, record.attempt, attempt);
  }

  void operator()(const OutputsDropped& record) const {
    Trial& trial = trial_of(state, record.attempt.trial_key());
    Attempt& attempt = attempt_of(state, record.attempt);
    const Reindexed reindexed(sweep_of(state, record.attempt.sweep), trial);
    attempt.outcome.tree_digest.clear();
    attempt.outcome.tree_files = 0;
    attempt.outcome.tree_bytes = 0;
    attempt.outputs_dropped = true;
  }

  void operator()(const AgentRegistered& record) const {
    state.agents_last = std::max(state.agents_last, record.agent.value);
    state.agent_by_uuid[record.uuid] = record.agent;
    Agent& agent = state.agents[record.agent];
    agent.id = record.agent;
    agent.uuid = record.uuid;
    agent.name = record.name;
    agent.boot_id = record.boot_id;
    agent.version = record.version;
    agent.slots = record.slots;
    agent.labels = record.labels;
    agent.state = AgentState::kConnected;
    agent.changed_wall = record.wall;
    state.awaited.erase(record.agent);
    // A new start does not heal a broken box: streak and drain stay until it does well, or somebody
    // says so.
    refresh_slots(state, agent);
  }

  void operator()(const AgentStateChanged& record) const {
    Agent& agent = agent_of(state, record.agent);
    agent.state = record.state;
    agent.changed_wall = record.wall;
    if (record.state != AgentState::kSuspect) {
      state.awaited.erase(record.agent);
    }
    remember(record.request, record.agent);
    refresh_slots(state, agent);
  }

  void operator()(const AgentCharged& record) const {
    Agent& agent = agent_of(state, record.agent);
    if (record.charge == Charge::kWithdrawn) {
      agent.streak.erase(record.trial);
    } else {
      agent.streak[record.trial] = record.charge;
    }
  }

  void operator()(const AgentProven& record) const {
    Agent& agent = agent_of(state, record.agent);
    agent.proven = true;
    agent.streak.clear();
  }

  void operator()(const AgentDrained& record) const {
    Agent& agent = agent_of(state, record.agent);
    agent.drained = record.reason;
    remember(record.request, record.agent);
    refresh_slots(state, agent);
  }

  void operator()(const AgentResumed& record) const {
    Agent& agent = agent_of(state, record.agent);
    agent.drained.reset();
    agent.streak.clear();
    agent.proven = false;
    remember(record.request, record.agent);
    refresh_slots(state, agent);
  }

  void remember(const RequestId& request, AgentId agent) const {
    if (request != RequestId{}) {
      state.requests[request] = AgentAnswer{agent};
    }
  }

  void operator()(const ModelRegistered& record) const {
    std::vector<ModelRegistered>& versions = state.models[record.model];
    SWEEPD_CHECK(record.version == versions.size() + 1);
    versions.push_back(record);
    if (record.request != RequestId{}) {
      state.requests[record.request] = ModelAnswer{record.model, record.version};
    }
  }

  void operator()(const ControlApplied& record) const {
    state.requests[record.request] = ControlAnswer{record.sweep, record.trials};
  }

  void operator()(const SweepRemoved& record) const {
    state.sweeps_last = std::max(state.sweeps_last, record.sweep.value);
    state.sweeps.erase(record.sweep);
    state.removed.insert(record.sweep);
    state.requests[record.submission] = SubmitAnswer{record.sweep, true};
    state.requests[record.request] = RemovalAnswer{record.sweep, record.trials};
  }

  void operator()(const StorageLevelChanged& record) const {
    state.storage = record.level;
    state.storage_reason = record.reason;
  }

  void operator()(const StoreRestored& record) const {
    go_on_from_less(record.sweeps_last);
    state.just_restored = true;
  }

  void operator()(const LeaseChanged& record) const {
    state.lease = record.lease;
    state.leases_over = record.leases_over;
  }

  void operator()(const StartsDeferred& record) const {
    state.starts_from = record.starts_from;
    state.just_restored = false;
  }

  void operator()(const ReturnsAwaited& record) const {
    state.awaited = {record.agents.begin(), record.agents.end()};
  }

  void operator()(const StoreWentBack& record) const {
    go_on_from_less(record.sweeps_last);
    state.records_lost += record.records_lost;
    state.starts_from = record.starts_from;
  }

  void go_on_from_less(std::uint64_t sweeps_last) const {
    state.sweeps_last = std::max(state.sweeps_last, sweeps_last);
    state.sweeps_restored = sweeps_last;
    ++state.restores;
  }
};

}  // namespace

void apply_record(State& state, const Record& record) {
  std::visit(Apply{state}, record);
}

}  // namespace sweepd::core
