// One decision under way: what the handlers of the core write into. Internal to daemon/core.
#pragma once

#include "daemon/core/selector.h"
#include "daemon/core/step.h"

#include <set>
#include <utility>

namespace sweepd::core {

// Handlers read `state` and change it only through decide(), which journals the record as it
// applies it.
class Decider {
 public:
  Decider(State& state, const Stamp& at) : state_(state), at_(at) {}

  const State& state() const { return state_; }

  const Stamp& at() const { return at_; }

  void decide(Record record);

  void ask(Effect effect) { outcome_.effects.push_back(std::move(effect)); }

  // Sweeps that the decision touched, and whether it changed what can be scheduled.
  const std::set<SweepId>& touched() const { return touched_; }

  void touch(SweepId sweep) { touched_.insert(sweep); }

  bool schedulable() const { return schedulable_; }

  void set_schedulable() { schedulable_ = true; }

  Outcome take() && { return std::move(outcome_); }

 private:
  State& state_;
  Stamp at_;
  Outcome outcome_;
  std::set<SweepId> touched_;
  bool schedulable_ = false;
};

// ---- handlers, one file each room: on_sweep.cc, on_agent.cc, on_trial.cc, on_storage.cc,
// agent_control.cc, removal.cc

void on(Decider& decider, const SweepSubmitted& event);
void on(Decider& decider, const ControlRequested& event);
void on(Decider& decider, const AgentControlRequested& event);
void on(Decider& decider, const ModelRegistrationRequested& event);
void on(Decider& decider, const RemovalRequested& event);
void on(Decider& decider, const TrialsSuggested& event);
void on(Decider& decider, const TimePassed& event);
void on(Decider& decider, const AgentJoined& event);
void on(Decider& decider, const AttemptsHeld& event);
void on(Decider& decider, const AgentSuspected& event);
void on(Decider& decider, const AgentLost& event);
void on(Decider& decider, const DaemonStarted& event);
void on(Decider& decider, const StorageChanged& event);
void on(Decider& decider, const BackupRestored& event);
void on(Decider& decider, const ReportsArrived& event);
void on(Decider& decider, const AttemptEnded& event);

// ---- on_sweep.cc

// Whether the request was carried out before; if so it is answered again.
bool answered_before(Decider& decider, const RequestId& request);

// The sweep in memory that a selector names, and what of it.
struct Target {
  const Sweep* sweep = nullptr;
  Selection selection;
};

Result<Target> find_target(const State& state, const std::string& selector);

// ---- lifecycle.cc

// Orders the attempt to stop; its trial will end in `state`. Nothing happens when an order is in
// force.
void stop_attempt(Decider& decider, const AttemptKey& key, TrialState state, const Reason& reason);

// Stops every attempt of the sweep that runs, except `spared`.
void stop_all(Decider& decider, SweepId sweep, const Reason& reason, TrialNumber spared = {});

// Nothing new starts in the sweep; it ends in `state` when its last trial has ended.
void close_sweep(Decider& decider, SweepId sweep, SweepState state, const Reason& reason);

// The attempt's agent is gone or has forgotten it: the trial waits again and spends no retry.
void lose_attempt(Decider& decider, const AttemptKey& key, const Reason& reason);

// The agent could not begin the attempt, which is charged to it: the trial goes to another one, or
// waits when there is none. It spends nothing, however often.
void lose_unbegun(Decider& decider, const AttemptKey& key, const Reason& reason);

// The trial has failed: so may the sweep, or it pauses to be looked at.
void fail_trial(Decider& decider, const TrialKey& key, const Reason& reason);

// Ends what is due in the sweep (queued trials of a closing one, the sweep itself) and asks for
// proposals.
void settle_sweep(Decider& decider, SweepId sweep);

// ---- retention.cc

// After an attempt has ended that may have left files: lets go of those that run.keep does not
// keep, its own or those of the trial that it displaces. O(log n).
void drop_outputs(Decider& decider, const AttemptKey& key);

// ---- on_storage.cc

// After a restart of the machine: nothing is started until every agent that may run something is
// back, or lost.
void await_returns(Decider& decider);

// Declares that the store went back when an agent that says Hello knows more than is stored, so
// that what follows is decided with that in mind.
void look_for_loss(Decider& decider, AgentId agent, const AgentJoined& event);

// Whether an agent holds what was never given here, though it was given in a history that this
// state does not know. Until it is gone its slots may not be empty, and its numbers not free.
bool holds_unknown(const State& state, AgentId agent, const std::vector<HeldAttempt>& held);

// Gives the trial's next numbers to nobody, when they may have been given to somebody in a history
// that is lost: an agent never starts an attempt whose number it has seen.
void retire_numbers(Decider& decider, const TrialKey& key, AgentId agent);

// ---- charge.cc

// After an attempt failed: charges its agent instead of the trial, which then waits for another
// agent and spends no retry. Returns false when the failure is the trial's.
bool charge_agent(Decider& decider, const AttemptKey& key, const Reason& failure);

// The agent could not begin the attempt, which says nothing about the trial: it is charged with it,
// if another agent can tell.
void charge_unbegun(Decider& decider, const AttemptKey& key);

// The trial failed once more, or begins anew: the agents that were charged with it are not to
// blame, as far as anybody knows.
void withdraw_charges(Decider& decider, const TrialKey& key);

// The attempt reported its objective or completed: its agent can run programs, and those where the
// trial failed before could not.
void did_well(Decider& decider, const AttemptKey& key);

// ---- schedule.cc

// Gives idle slots to queued trials: higher priority first, then the sweep with fewer active
// trials.
void schedule(Decider& decider);

// ---- registry.cc

// Registers the trial's artifact as the next version of the model.
struct Registration {
  RequestId request;
  std::string model;
  std::string path;
  std::string user;
};

Result<ModelRegistered> model_version(const State& state,
                                      const Sweep& sweep,
                                      TrialNumber trial,
                                      const Registration& registration,
                                      WallTime wall);

}  // namespace sweepd::core
