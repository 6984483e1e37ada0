// How the mutants of the daemon side work.
#include "tests/sim/saboteur.h"

#include <algorithm>

namespace sweepd::sim {

namespace {

// The attempt that the trial has now, and its agent.
const core::Attempt* latest(const core::State& state, const AttemptKey& key) {
  const auto sweep = state.sweeps.find(key.sweep);
  if (sweep == state.sweeps.end() || key.trial.value == 0 ||
      key.trial.value > sweep->second.trials.size()) {
    return nullptr;
  }
  const core::Trial& trial = sweep->second.trial(key.trial);
  return trial.attempts.empty() ? nullptr : &trial.attempts.back();
}

void forget_submission(core::State& state, const core::EventBody& body) {
  if (const auto* submitted = std::get_if<core::SweepSubmitted>(&body)) {
    state.requests.erase(submitted->request);
  }
}

void forget_control(core::State& state, const core::EventBody& body) {
  if (const auto* control = std::get_if<core::ControlRequested>(&body)) {
    state.requests.erase(control->request);
  }
}

// Turns a fact about an old attempt into one about the current attempt.
template <typename Fact>
void lift_fence(const core::State& state, Fact& fact) {
  const core::Attempt* current = latest(state, fact.attempt);
  if (current != nullptr && core::current_attempt(state, fact.attempt, fact.agent) == nullptr) {
    fact.attempt.attempt = current->number;
    fact.agent = current->agent;
  }
}

// A report enters under a second name as well.
void enter_twice(core::State& state, const core::Record& record) {
  const auto* report = std::get_if<core::ReportRecorded>(&record);
  if (report == nullptr || !report->objective) {
    return;
  }
  core::Sweep& sweep = state.sweeps.at(report->attempt.sweep);
  sweep.policy.observe({TrialNumber{report->attempt.trial.value + 1000},
                        sweep.trial(report->attempt.trial).tally.count(),
                        report->resource,
                        *report->objective});
}

}  // namespace

namespace {

// What was done is counted once more when somebody asks again, and nothing is left to do then.
void answer_anew(const core::EventBody& body, core::Outcome& outcome) {
  if (!std::holds_alternative<core::ControlRequested>(body) || !outcome.records.empty()) {
    return;
  }
  for (core::Effect& effect : outcome.effects) {
    auto* answer = std::get_if<core::Answer>(&effect);
    auto* changed = answer == nullptr ? nullptr : std::get_if<core::ControlAnswer>(&answer->body);
    if (changed != nullptr) {
      changed->trials.clear();
    }
  }
}

// The best trial's files go instead of those of one that has to make room.
void drop_best(core::State& state, core::OutputsDropped& record) {
  core::Sweep& sweep = state.sweeps.at(record.attempt.sweep);
  core::Trial& spared = sweep.trial(record.attempt.trial);
  const auto value = spared.tally.value();
  if (!value || !sweep.ranked.contains({*value, spared.number})) {
    return;
  }
  spared.attempts.back().outcome.tree_digest = "tree of " + to_string(record.attempt);
  spared.attempts.back().outputs_dropped = false;
  sweep.with_files.insert({*value, spared.number});
  const TrialNumber best = sweep.with_files.begin()->trial;
  record.attempt = {sweep.id, best, sweep.trial(best).attempts.back().number};
  core::apply_record(state, record);
}

}  // namespace

bool Saboteur::before(core::State& state, core::EventBody& body) {
  if (mutant_ == Mutant::kNoSubmitDedup) {
    forget_submission(state, body);
  }
  if (mutant_ == Mutant::kNoControlDedup) {
    forget_control(state, body);
  }
  if (mutant_ == Mutant::kLostNotRequeued && std::holds_alternative<core::AgentLost>(body)) {
    return false;
  }
  if (mutant_ == Mutant::kPolicyNotForgotten) {
    policies_.clear();
    for (const auto& [id, sweep] : state.sweeps) {
      policies_.emplace(id, sweep.policy);
    }
  }
  if (auto* reports = std::get_if<core::ReportsArrived>(&body)) {
    bend_report(state, *reports);
  }
  if (auto* ended = std::get_if<core::AttemptEnded>(&body)) {
    if (mutant_ == Mutant::kNoEndFence) {
      lift_fence(state, *ended);
    }
    if (mutant_ == Mutant::kEndBeforeReports) {
      ended->reports_last = 0;
    }
  }
  return true;
}

void Saboteur::bend_report(core::State& state, core::ReportsArrived& event) const {
  if (mutant_ == Mutant::kNoReportFence) {
    lift_fence(state, event);
  }
  const core::Attempt* current = core::current_attempt(state, event.attempt, event.agent);
  if (mutant_ == Mutant::kNoReportDedup && current != nullptr) {
    std::uint64_t next = current->reports_last;
    for (core::Report& report : event.reports) {
      report.seq = report.seq <= next ? ++next : report.seq;
    }
  }
}

void Saboteur::after(core::State& state, const core::EventBody& body, core::Outcome& outcome) {
  if (mutant_ == Mutant::kAnsweredAnew) {
    answer_anew(body, outcome);
  }
  for (core::Record& record : outcome.records) {
    bend_record(state, record);
  }
  if (mutant_ == Mutant::kSlotFreedOnStop) {
    std::vector<core::Record> freed;
    for (const core::Record& record : outcome.records) {
      const auto* stop = std::get_if<core::StopRequested>(&record);
      const core::Attempt* attempt = stop == nullptr ? nullptr : latest(state, stop->attempt);
      if (attempt != nullptr && attempt->state == core::AttemptState::kStopping) {
        freed.emplace_back(core::AttemptAdvanced{stop->attempt, core::AttemptState::kFinishing});
      }
    }
    for (core::Record& record : freed) {
      core::apply_record(state, record);
      outcome.records.push_back(std::move(record));
    }
  }
  if (const auto* reports = std::get_if<core::ReportsArrived>(&body);
      mutant_ == Mutant::kAckHighest && reports != nullptr) {
    for (core::Effect& effect : outcome.effects) {
      if (auto* ack = std::get_if<core::AckReports>(&effect)) {
        ack->seq = ack->fenced ? 0 : std::max(ack->seq, reports->reports.back().seq);
      }
    }
  }
  if (const auto* ended = std::get_if<core::AttemptEnded>(&body);
      mutant_ == Mutant::kEndAckedUnseen && ended != nullptr) {
    outcome.effects.emplace_back(core::AckEnded{ended->agent, ended->attempt});
  }
}

void Saboteur::bend_record(core::State& state, core::Record& record) const {
  if (mutant_ == Mutant::kDoubleRungEntry) {
    enter_twice(state, record);
  }
  bend_charge(state, record);
  if (auto* requeued = std::get_if<core::TrialRequeued>(&record)) {
    core::Sweep& sweep = state.sweeps.at(requeued->trial.sweep);
    core::Trial& trial = sweep.trial(requeued->trial.trial);
    if (mutant_ == Mutant::kRetryNotCounted && requeued->spends_retry) {
      requeued->spends_retry = false;
      --trial.failures;
    }
    if (mutant_ == Mutant::kLossSpendsRetry && !requeued->spends_retry && !requeued->forgives) {
      requeued->spends_retry = true;
      ++trial.failures;
    }
    if (mutant_ == Mutant::kGivenBackAtOnce && !requeued->spends_retry) {
      requeued->not_before = {};
      trial.not_before = {};
    }
    if (mutant_ == Mutant::kPolicyNotForgotten) {
      sweep.policy = policies_.at(sweep.id);
    }
  }
  if (const auto* changed = std::get_if<core::SweepStateChanged>(&record);
      mutant_ == Mutant::kPauseIgnored && changed != nullptr) {
    state.sweeps.at(changed->sweep).state = core::SweepState::kRunning;
  }
  if (const auto* accepted = std::get_if<core::SweepAccepted>(&record);
      mutant_ == Mutant::kConcurrencyIgnored && accepted != nullptr) {
    state.sweeps.at(accepted->sweep).spec.limits.concurrent.reset();
  }
  if (const auto* accepted = std::get_if<core::SweepAccepted>(&record);
      mutant_ == Mutant::kKeptOneMore && accepted != nullptr && accepted->spec.run.keep) {
    ++*state.sweeps.at(accepted->sweep).spec.run.keep;
  }
  if (auto* dropped = std::get_if<core::OutputsDropped>(&record);
      mutant_ == Mutant::kBestDropped && dropped != nullptr) {
    drop_best(state, *dropped);
  }
}

void Saboteur::apply(core::State& state, const core::Record& record) const {
  std::optional<sweeps::Policy> policy;
  const auto* requeued = std::get_if<core::TrialRequeued>(&record);
  if (mutant_ == Mutant::kPolicyNotForgotten && requeued != nullptr) {
    policy = state.sweeps.at(requeued->trial.sweep).policy;
  }
  core::apply_record(state, record);
  if (policy) {
    state.sweeps.at(requeued->trial.sweep).policy = *policy;
  }
  if (mutant_ == Mutant::kDoubleRungEntry || mutant_ == Mutant::kPauseIgnored ||
      mutant_ == Mutant::kConcurrencyIgnored || mutant_ == Mutant::kKeptOneMore) {
    core::Record copy = record;
    bend_record(state, copy);
  } else {
    bend_charge(state, record);
  }
  const auto* closed = std::get_if<core::AttemptClosed>(&record);
  if (mutant_ == Mutant::kCrashNotDurable && closed != nullptr) {
    state.sweeps.at(closed->attempt.sweep).trial(closed->attempt.trial).crashes = 0;
  }
}

// The mutants of those who are charged with failures. The same in a recovery.
void Saboteur::bend_charge(core::State& state, const core::Record& record) const {
  if (mutant_ == Mutant::kStreakIgnored) {
    for (auto& [id, agent] : state.agents) {
      agent.streak.clear();
      agent.proven = true;
    }
  }
  if (const auto* requeued = std::get_if<core::TrialRequeued>(&record);
      mutant_ == Mutant::kFailedOnIgnored && requeued != nullptr) {
    core::Sweep& sweep = state.sweeps.at(requeued->trial.sweep);
    sweep.trial(requeued->trial.trial).failed_on.clear();
    sweep.choosy.erase(requeued->trial.trial);
  }
  if (const auto* drained = std::get_if<core::AgentDrained>(&record);
      mutant_ == Mutant::kDrainedScheduled && drained != nullptr) {
    core::Agent& agent = state.agents.at(drained->agent);
    agent.drained.reset();
    core::apply_record(state, core::AgentStateChanged{agent.id, agent.state, agent.changed_wall});
  }
  if (const auto* charged = std::get_if<core::AgentCharged>(&record);
      mutant_ == Mutant::kChargeNotWithdrawn && charged != nullptr &&
      charged->charge == core::Charge::kWithdrawn) {
    state.agents.at(charged->agent).streak[charged->trial] = core::Charge::kMade;
  }
  if (const auto* closed = std::get_if<core::AttemptClosed>(&record);
      mutant_ == Mutant::kCrashNotCounted && closed != nullptr) {
    state.sweeps.at(closed->attempt.sweep).trial(closed->attempt.trial).crashes = 0;
  }
}

AttemptKey Saboteur::outside(AttemptKey key) const {
  if (mutant_ == Mutant::kAttemptNumberReused) {
    key.attempt = AttemptNumber{1};
  }
  return key;
}

AttemptKey Saboteur::inside(const core::State& state, AttemptKey key) const {
  const core::Attempt* current = latest(state, key);
  if (mutant_ == Mutant::kAttemptNumberReused && current != nullptr) {
    key.attempt = current->number;
  }
  return key;
}

}  // namespace sweepd::sim
