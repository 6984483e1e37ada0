// The auditor: rebuilds the truth from what happens in the simulated world and compares it with
// what is on disk and what is said. Shares no code with the core that it audits.
#pragma once

#include "daemon/core/effect.h"
#include "daemon/core/record.h"
#include "daemon/core/state.h"
#include "tests/sim/heap.h"
#include "tests/sim/messages.h"
#include "tests/sim/naive_policy.h"
#include "tests/sim/scenario.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sweepd::sim {

// How the process set of an attempt came to its end.
struct ProcessEnd {
  bool by_itself = false;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
};

// What makes a request that one and no other, whatever it asks for.
constexpr RequestId identity(const RequestId& request) {
  return {request.high, request.low};
}

class Auditor {
 public:
  Auditor(const Scenario& scenario, const Heap& heap) : scenario_(scenario), heap_(heap) {}

  // The first violation in words.
  const std::optional<std::string>& violation() const { return violation_; }

  void fail(std::string what);

  // ---- the world: what programs really did

  void process_started(BoxIndex box,
                       const AttemptKey& key,
                       const std::vector<std::uint32_t>& slots);
  void report_emitted(const AttemptKey& key, const core::Report& report);
  void process_ended(const AttemptKey& key, const ProcessEnd& end);

  // ---- the disk: every record once it is durable, in order

  void committed(const core::Record& record);
  void batch_committed();

  // The daemon counts its time so far ahead of the world, which a restart of its machine may
  // change: over that it can only go by a wall clock.
  void time_line_is(Duration ahead) { line_ahead_ = ahead; }

  // ---- a disk that loses what it had: auditor_loss.cc

  void expect_losses() { loses_ = true; }

  // Its last so many batches are gone, which is nobody's fault; all else must be as before.
  void went_back(std::size_t batches);

  // ---- what leaves the daemon

  void sending(const core::Effect& effect);
  void answered(const core::Answer& answer);  // as the client reads it

  // ---- what is on disk, for those parts of the world that have to know

  AgentId agent_of(const std::string& uuid) const;         // 0: not registered
  RequestId as_committed(const RequestId& request) const;  // with the body that was carried out
  const sweeps::SweepSpec* spec_of(SweepId id) const;
  std::vector<std::string> drained_agents() const;
  std::vector<SweepId> open_sweeps() const;

  // ---- when everything is over: the state must tell the same story

  void finish(const core::State& state);

 private:
  struct Process {
    BoxIndex box = 0;
    std::vector<std::uint32_t> slots;
    std::vector<core::Report> emitted;
    std::optional<ProcessEnd> end;
    Instant started;
    Instant ended;
  };

  struct Attempt {
    AgentId agent;
    std::vector<std::uint32_t> slots;
    std::vector<core::Report> stored;
    std::optional<core::AttemptState> end;
    std::optional<core::TrialState> stop;
    Instant at;                                      // of its assignment
    bool objective = false;                          // it has reported it
    core::ReasonCode why = core::ReasonCode::kNone;  // it ended
    bool left_files = false;
    bool dropped = false;  // they were let go
  };

  struct Trial {
    std::vector<Attempt> attempts;
    std::optional<core::TrialState> end;
    bool queued = true;
    Instant not_before;  // when the back-off of its last failure is over
    // Since somebody asked for a retry:
    std::uint32_t failures = 0;  // of attempts
    std::uint32_t free = 0;      // those that an agent was charged with
    std::uint32_t crashes = 0;
  };

  // What is known about a trial that failed quickly on an agent.
  enum class Blame { kOpen, kAgent };

  struct AgentTruth {
    core::AgentRegistered registered;
    bool drained = false;
    bool proven = false;
    std::map<TrialKey, Blame> streak;
    std::set<TrialKey> failed;  // of the streak, those that it began
    std::size_t probes = 0;     // trials given to it though its streak was full
  };

  struct Sweep {
    core::SweepAccepted accepted;
    core::SweepState state = core::SweepState::kRunning;
    bool closing = false;
    bool retried = false;  // by a person, at least once
    bool guarded = false;  // it has paused itself
    bool removed = false;  // by a person: nothing may come of it any more
    Instant since;         // it was accepted
    std::vector<Trial> trials;
    NaivePolicy policy;

    explicit Sweep(const core::SweepAccepted& record);
  };

  void carry_out(const RequestId& request, const std::string& about);

  void take(const core::SweepAccepted& record);
  void take(const core::SweepStateChanged& record);
  void take(const core::SweepClosing& record);
  void take(const core::SweepEnded& record);
  void take(const core::SweepReopened& record);
  void take(const core::TrialsProposed& record);
  void take(const core::TrialRequeued& record);
  void take(const core::TrialClosed& record);
  void take(const core::AttemptAssigned& record);
  void take(const core::AttemptAdvanced& record);
  void take(const core::ReportRecorded& record);
  void take(const core::VerdictReached& record);
  void take(const core::StopRequested& record);
  void take(const core::AttemptClosed& record);
  void take(const core::AgentRegistered& record);
  void take(const core::AgentStateChanged& record);
  void take(const core::StorageLevelChanged& record);
  void take(const core::StoreRestored& record);
  void take(const core::StoreWentBack& record);
  void take(const core::StartsDeferred& record);
  void take(const core::ReturnsAwaited& record);
  void take(const core::LeaseChanged& record);
  void take(const core::SweepRemoved& record);
  void take(const core::OutputsDropped& record);
  void take(const core::ModelRegistered& record);
  void take(const core::ControlApplied& record);
  void take(const core::AgentCharged& record);
  void take(const core::AgentProven& record);
  void take(const core::AgentDrained& record);
  void take(const core::AgentResumed& record);

  void check_sent(const core::StartAttempt& effect);
  void check_sent(const core::StopAttempt& effect);
  void check_sent(const core::AckReports& effect);
  void check_sent(const core::AckEnded& effect);
  void check_sent(const core::Answer& effect);

  // When what is taken now happened.
  // On the daemon's time line.
  Instant now() const { return replayed_at_.value_or(heap_.now() + line_ahead_); }

  void forget_disk();
  void forgive(const std::vector<core::Record>& lost);

  // Fails when `holds` is false; returns it.
  bool require(bool holds, std::string_view rule, const std::string& about);

  Sweep* sweep(SweepId id);
  Trial* trial(const TrialKey& key);
  const BoxPlan* box_of(AgentId agent) const;  // none: the agent is not known
  Attempt* attempt(const AttemptKey& key);
  // The attempt if it is its trial's last one and not over.
  Attempt* open_attempt(const AttemptKey& key);
  void free_slots(const AttemptKey& key, const Attempt& attempt);
  std::uint32_t active(const Sweep& sweep) const;
  std::vector<TrialNumber> ranked(const Sweep& sweep) const;  // those that may be it, best first
  std::optional<TrialNumber> best(const Sweep& sweep) const;

  // ---- whom failures are charged to: auditor_charge.cc

  bool other_fits(const Sweep& sweep, AgentId but) const;
  bool verdict_due(const AgentTruth& agent);
  std::size_t on_probation(AgentId agent, Instant now) const;
  void check_given(const core::AttemptAssigned& record, const Trial& trial);
  void check_failed(const core::TrialClosed& record, const Sweep& sweep, const Trial& trial);
  void check_requeued(const core::TrialRequeued& record, const Sweep& sweep, Trial& trial);
  void check_paused(const core::SweepStateChanged& record, Sweep& sweep);
  void check_drained();
  void well_done(const AttemptKey& key, AgentId agent);
  void not_the_agents(const TrialKey& key);

  // ---- whose files are kept: auditor_files.cc

  void check_files(const Sweep& sweep);

  // ---- limits take as long as they say, whatever wall clocks show: auditor_time.cc

  void check_timeout(const core::AttemptClosed& record);
  void check_sweep_time(const core::SweepClosing& record, const Sweep& sweep);
  void begin_backoff(const core::TrialRequeued& record, const Sweep& sweep, Trial& trial);
  void check_backoff(const core::AttemptAssigned& record, const Trial& trial);

  void finish_sweep(const Sweep& truth, const core::Sweep& sweep);
  void finish_trial(const TrialKey& key, const Trial& truth, const core::Trial& trial);

  const Scenario& scenario_;
  const Heap& heap_;
  Duration line_ahead_;
  std::map<AgentId, AgentTruth> truths_;
  std::optional<std::string> violation_;
  std::map<AttemptKey, Process> processes_;
  std::set<AttemptKey> running_;
  std::map<SweepId, Sweep> sweeps_;
  std::map<RequestId, SweepId> accepted_;             // on disk
  std::map<RequestId, core::SubmitAnswer> promised_;  // answers that clients have read
  std::map<RequestId, core::ControlAnswer> told_;     // the same, of changes
  std::map<RequestId, RequestId> carried_out_;        // changes, by their identity
  std::map<core::SlotKey, AttemptKey> booked_;
  std::map<AgentId, core::AgentState> agents_;
  std::map<std::string, AgentId> agent_by_uuid_;
  std::map<std::string, std::uint32_t> versions_;                // of models
  std::set<SweepId> filed_;                                      // attempts of them have ended
  std::optional<std::pair<AttemptKey, NaiveVerdict>> expected_;  // by the report stored last

  // Where the disk may lose something: all that became durable, and what of it was lost.
  bool loses_ = false;
  std::vector<std::pair<Instant, std::vector<core::Record>>> history_;  // batch by batch
  std::vector<core::Record> batch_;
  std::optional<Instant> replayed_at_;  // while the history is taken once more
  std::uint64_t losses_ = 0;
  std::uint64_t losses_told_ = 0;   // by the daemon, on disk
  std::uint64_t records_lost_ = 0;  // in all
  std::set<AttemptKey> lost_attempts_;
  std::map<SweepId, sweeps::SweepSpec> lost_specs_;
};

}  // namespace sweepd::sim
