// Every decision of the core, as it is journaled. Records are facts: applying them decides nothing.
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "daemon/core/event.h"
#include "daemon/core/reason.h"
#include "sweeps/policy.h"
#include "sweeps/sweep_spec.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sweepd::core {

struct SweepAccepted {
  SweepId sweep;
  RequestId request;
  Stamp at;
  sweeps::SweepSpec spec;
  std::string toml;
  std::string snapshot_digest;
  std::string user;
  bool paused = false;

  bool operator==(const SweepAccepted&) const = default;
};

// Running <-> paused.
struct SweepStateChanged {
  SweepId sweep;
  SweepState state = SweepState::kRunning;
  Reason reason;

  bool operator==(const SweepStateChanged&) const = default;
};

// Nothing new is started any more; when the last trial has ended the sweep ends in `state`.
struct SweepClosing {
  SweepId sweep;
  SweepState state = SweepState::kCompleted;
  Reason reason;

  bool operator==(const SweepClosing&) const = default;
};

struct SweepEnded {
  SweepId sweep;
  SweepState state = SweepState::kCompleted;
  Reason reason;
  WallTime wall;

  bool operator==(const SweepEnded&) const = default;
};

// An ended sweep runs again because some of its trials are retried.
struct SweepReopened {
  SweepId sweep;
  Reason reason;

  bool operator==(const SweepReopened&) const = default;
};

struct TrialsProposed {
  SweepId sweep;
  TrialNumber first;
  std::vector<sweeps::Assignment> assignments;
  bool exhausted = false;

  bool operator==(const TrialsProposed&) const = default;
};

// A trial waits (again). Its reports so far no longer count.
struct TrialRequeued {
  TrialKey trial;
  Reason reason;
  Instant not_before;
  bool spends_retry = false;  // a failure that counts against retry.attempts
  bool forgives = false;      // a user's retry: failures are counted from zero again
  AgentId failed_on;          // where it failed quickly: others are tried first; 0: nowhere

  bool operator==(const TrialRequeued&) const = default;
};

struct TrialClosed {
  TrialKey trial;
  TrialState state = TrialState::kCompleted;
  Reason reason;

  bool operator==(const TrialClosed&) const = default;
};

// The attempt exists and owns its slots from here on; nobody else may ever run under its number.
struct AttemptAssigned {
  AttemptKey attempt;
  AgentId agent;
  std::vector<std::uint32_t> slots;
  WallTime wall;
  Instant at;  // tells a quick failure from a late one

  bool operator==(const AttemptAssigned&) const = default;
};

struct AttemptAdvanced {
  AttemptKey attempt;
  AttemptState state = AttemptState::kPreparing;

  bool operator==(const AttemptAdvanced&) const = default;
};

// One report. `metrics` is carried to storage and not kept in the state.
struct ReportRecorded {
  AttemptKey attempt;
  std::uint64_t seq = 0;
  WallTime wall;
  std::optional<double> objective;  // oriented; empty when the report does not hold the objective
  double resource = 0;
  std::vector<MetricValue> metrics;

  bool operator==(const ReportRecorded&) const = default;
};

struct VerdictReached {
  AttemptKey attempt;
  sweeps::Verdict verdict;
  WallTime wall;

  bool operator==(const VerdictReached&) const = default;
};

// The attempt is to be stopped, and its trial then ends in `state`.
struct StopRequested {
  AttemptKey attempt;
  TrialState state = TrialState::kCancelled;
  Reason reason;

  bool operator==(const StopRequested&) const = default;
};

// The attempt is over: its slots are free.
struct AttemptClosed {
  AttemptKey attempt;
  AttemptState state = AttemptState::kCompleted;
  Reason reason;
  AttemptOutcome outcome;

  bool operator==(const AttemptClosed&) const = default;
};

// By run.keep nobody wants the files of the attempt: nothing here refers to them any more.
struct OutputsDropped {
  AttemptKey attempt;

  bool operator==(const OutputsDropped&) const = default;
};

struct AgentRegistered {
  AgentId agent;
  std::string uuid;
  std::string name;
  std::string boot_id;
  std::string version;
  std::vector<SlotOffer> slots;
  std::map<std::string, std::string> labels;
  WallTime wall;

  bool operator==(const AgentRegistered&) const = default;
};

enum class AgentState : int {  // stored; append-only
  kConnected = 1,
  kSuspect = 2,
  kLost = 3,
  kForgotten = 4  // lost, and nobody wants to see it any more; a word of it brings it back
};

// Whether nothing of the agent is believed to run any more.
constexpr bool is_gone(AgentState state) {
  return state == AgentState::kLost || state == AgentState::kForgotten;
}

struct AgentStateChanged {
  AgentId agent;
  AgentState state = AgentState::kConnected;
  WallTime wall;
  RequestId request = {};  // of who forgets it; zero otherwise

  bool operator==(const AgentStateChanged&) const = default;
};

// What is known about a quick failure that an agent is charged with.
enum class Charge : int {  // stored; append-only
  kMade = 1,               // nobody knows yet whether the agent or the trial is to blame
  kConfirmed = 2,          // the trial did well elsewhere: it was the agent
  kWithdrawn = 3           // the trial failed elsewhere too: it was not the agent
};

// The streak of an agent changes: the different trials that failed quickly on it in a row.
struct AgentCharged {
  AgentId agent;
  TrialKey trial;
  Charge charge = Charge::kMade;

  bool operator==(const AgentCharged&) const = default;
};

// A trial of a sweep did well on the agent: it can run programs, and its streak is over.
struct AgentProven {
  AgentId agent;

  bool operator==(const AgentProven&) const = default;
};

// The agent gets nothing new until somebody resumes it; what it runs goes on.
struct AgentDrained {
  RequestId request;  // zero when its streak drained it
  AgentId agent;
  Reason reason;
  WallTime wall;

  bool operator==(const AgentDrained&) const = default;
};

// Somebody trusts the agent again: its streak is forgotten, and it has to prove itself anew.
struct AgentResumed {
  RequestId request;
  AgentId agent;
  WallTime wall;

  bool operator==(const AgentResumed&) const = default;
};

struct ModelRegistered {
  RequestId request;  // zero when the sweep registered it by itself
  std::string model;
  std::uint32_t version = 0;
  AttemptKey attempt;
  std::string tree_digest;
  std::string path;
  std::string metric;
  std::optional<double> value;  // as the script reported it
  sweeps::Assignment params;
  std::string snapshot_digest;
  std::string user;
  WallTime wall;

  bool operator==(const ModelRegistered&) const = default;
};

// A request that changed something was carried out; a repeat gets the same answer.
struct ControlApplied {
  RequestId request;
  SweepId sweep;
  std::vector<TrialNumber> trials;
  WallTime wall;

  bool operator==(const ControlApplied&) const = default;
};

// An ended sweep is gone, with its trials, reports and logs. What rows there are of it is deleted
// afterwards; its number is not given again. In journal 0, because its own is what is deleted.
struct SweepRemoved {
  RequestId request;
  SweepId sweep;
  RequestId submission;  // that made the sweep: a repeat of it makes no other
  std::uint32_t trials = 0;
  std::string user;
  WallTime wall;

  bool operator==(const SweepRemoved&) const = default;
};

struct StorageLevelChanged {
  StorageLevel level = StorageLevel::kPlenty;
  Reason reason;
  WallTime wall;

  bool operator==(const StorageLevelChanged&) const = default;
};

// The state goes on from a backup: numbers of sweeps up to `sweeps_last` are not given again.
struct StoreRestored {
  std::uint64_t sweeps_last = 0;
  WallTime wall;

  bool operator==(const StoreRestored&) const = default;
};

// The disk has lost records that others were told of: `agent` knew of so many more, at least.
// Numbers of sweeps up to `sweeps_last` are not given again, and nothing starts before
// `starts_from`, when no lease of the lost history holds any more.
struct StoreWentBack {
  AgentId agent;
  std::uint64_t records_lost = 0;
  WallTime wall;
  std::uint64_t sweeps_last = 0;
  Instant starts_from;

  bool operator==(const StoreWentBack&) const = default;
};

// The first start after a restore: what was begun since the backup may still run until
// `starts_from`, when no lease of before holds any more. Nothing starts earlier. A start after a
// restart of the machine in the midst of that wait, or of the one after a loss, begins it anew.
struct StartsDeferred {
  Instant starts_from;
  WallTime wall;

  bool operator==(const StartsDeferred&) const = default;
};

// The daemon's machine was restarted, and a disk that lies loses what it was given last: these
// agents may run what the store does not know of. Nothing starts before each is back, or lost.
struct ReturnsAwaited {
  std::vector<AgentId> agents;
  WallTime wall;

  bool operator==(const ReturnsAwaited&) const = default;
};

// From here on agents are promised this lease. What was promised before holds nowhere any more from
// `leases_over` on.
struct LeaseChanged {
  Duration lease;
  Instant leases_over;
  WallTime wall;

  bool operator==(const LeaseChanged&) const = default;
};

using Record = std::variant<SweepAccepted,
                            SweepStateChanged,
                            SweepClosing,
                            SweepEnded,
                            SweepReopened,
                            TrialsProposed,
                            TrialRequeued,
                            TrialClosed,
                            AttemptAssigned,
                            AttemptAdvanced,
                            ReportRecorded,
                            VerdictReached,
                            StopRequested,
                            AttemptClosed,
                            AgentRegistered,
                            AgentStateChanged,
                            ModelRegistered,
                            ControlApplied,
                            AgentCharged,
                            AgentProven,
                            AgentDrained,
                            AgentResumed,
                            StorageLevelChanged,
                            StoreRestored,
                            SweepRemoved,
                            OutputsDropped,
                            StoreWentBack,
                            StartsDeferred,
                            ReturnsAwaited,
                            LeaseChanged>;

// The sweep whose journal holds the record; 0 for agents, models, removals and the store, which
// belong to no sweep that is there.
SweepId journal_of(const Record& record);

}  // namespace sweepd::core
