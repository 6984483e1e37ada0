// The state of the decision core, and the only function that changes it.
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "daemon/core/effect.h"
#include "daemon/core/record.h"
#include "sweeps/objective.h"
#include "sweeps/policy.h"
#include "sweeps/sweep_spec.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace sweepd::core {

struct Attempt {
  AttemptNumber number;
  AgentId agent;
  std::vector<std::uint32_t> slots;
  AttemptState state = AttemptState::kAssigned;
  Reason reason;
  std::optional<StopRequested> stop;  // the order in force
  std::uint64_t reports_last = 0;     // reports 1..reports_last are recorded
  WallTime assigned_wall;
  Instant assigned;
  AttemptOutcome outcome;        // meaningful once the attempt is terminal
  bool outputs_dropped = false;  // by run.keep: the outcome names no tree any more

  bool operator==(const Attempt&) const = default;
};

struct StoredVerdict {
  AttemptNumber attempt;
  sweeps::Verdict verdict;
  WallTime wall;

  bool operator==(const StoredVerdict&) const = default;
};

struct Trial {
  TrialNumber number;
  sweeps::Assignment assignment;
  TrialState state = TrialState::kQueued;
  Reason reason;
  std::vector<Attempt> attempts;  // the last one is the current one
  sweeps::Tally tally;            // of the current attempt's reports
  double resource = 0;            // at the last report
  bool diverged = false;
  std::uint32_t failures = 0;      // that spent a retry
  std::uint32_t crashes = 0;       // attempts whose agent went down under them
  std::vector<AgentId> failed_on;  // where it failed quickly; others are tried first
  Instant not_before;              // of a queued trial
  std::vector<StoredVerdict> verdicts;

  bool operator==(const Trial&) const = default;
};

struct Closing {
  SweepState state = SweepState::kCompleted;
  Reason reason;

  bool operator==(const Closing&) const = default;
};

struct Sweep {
  explicit Sweep(const SweepAccepted& accepted);

  SweepId id;
  RequestId request;
  Stamp submitted;
  sweeps::SweepSpec spec;
  std::string toml;
  std::string snapshot_digest;
  std::string user;
  SweepState state = SweepState::kRunning;
  Reason reason;
  std::optional<Closing> closing;
  std::optional<WallTime> ended;
  std::uint32_t trials_total = 0;  // that will be proposed at most
  bool exhausted = false;          // the sampler has nothing more
  bool reopened = false;           // by a retry after its end: limits.sweep_time no longer binds it
  bool guard_spent = false;        // it paused itself once because its first trials failed
  std::vector<Trial> trials;       // [number − 1]
  sweeps::Policy policy;

  // Indexes, kept up to date by apply_record.
  std::set<TrialNumber> queued;
  std::set<TrialNumber> choosy;  // those of them that may not go to just any agent
  std::array<std::uint32_t, kTrialStates + 1> counts{};  // by TrialState
  std::set<sweeps::Rank> ranked;    // trials that may be the best one, best first
  std::set<sweeps::Rank> unranked;  // other trials with a value
  // Those of `ranked` whose files are here. Of a sweep with run.keep only, which bounds it.
  std::set<sweeps::Rank> with_files;
  std::uint64_t reports = 0;  // of the objective

  bool operator==(const Sweep&) const = default;

  const Trial& trial(TrialNumber number) const { return trials[number.value - 1]; }

  Trial& trial(TrialNumber number) { return trials[number.value - 1]; }

  std::uint32_t count(TrialState trial_state) const {
    return counts[static_cast<std::size_t>(trial_state)];
  }

  // Trials that hold an attempt: preparing, running, stopping or finishing.
  std::uint32_t active() const;
};

struct Agent {
  AgentId id;
  std::string uuid;
  std::string name;
  std::string boot_id;
  std::string version;
  std::vector<SlotOffer> slots;
  std::map<std::string, std::string> labels;
  AgentState state = AgentState::kConnected;
  WallTime changed_wall;
  bool proven = false;                // a trial of a sweep did well on it
  std::map<TrialKey, Charge> streak;  // different trials that failed quickly on it in a row
  std::optional<Reason> drained;      // why it gets nothing new

  bool operator==(const Agent&) const = default;
};

struct SlotKey {
  AgentId agent;
  std::uint32_t index = 0;

  auto operator<=>(const SlotKey&) const = default;
};

// What a request that changed something brought about; a repeat is answered with it.
using RequestOutcome =
    std::variant<SubmitAnswer, ControlAnswer, ModelAnswer, AgentAnswer, RemovalAnswer>;

struct State {
  std::uint64_t sweeps_last = 0;  // numbers already given away
  std::uint32_t agents_last = 0;
  std::map<SweepId, Sweep> sweeps;  // live ones, and ended ones that somebody asked for
  std::set<SweepId> removed;        // there were such, and there never will be again
  std::map<AgentId, Agent> agents;
  std::map<std::string, std::vector<ModelRegistered>> models;  // [version − 1]
  std::map<RequestId, RequestOutcome> requests;
  StorageLevel storage = StorageLevel::kPlenty;
  Reason storage_reason;  // why it is not plenty, and what to do
  // From backups, and losses of the disk: others may know more than this state does.
  std::uint32_t restores = 0;
  std::uint64_t sweeps_restored = 0;  // sweeps up to this number were there then, or are skipped
  std::uint64_t records_lost = 0;     // by the disk, as far as agents know
  Instant starts_from;                // nothing starts before
  bool just_restored = false;         // no daemon has been started since
  std::set<AgentId> awaited;          // nothing starts before all of these are back, or lost
  Duration lease;                     // that agents are promised; zero: not known
  Instant leases_over;                // from then on nobody holds a longer one

  // Indexes.
  std::set<SweepId> live;  // not terminal
  std::map<std::string, AgentId> agent_by_uuid;
  std::map<AgentId, std::set<AttemptKey>> held;  // attempts that are not terminal, by agent
  std::map<SlotKey, AttemptKey> busy;            // slots whose process set may not be empty
  std::set<SlotKey> free_cpu;  // idle slots of agents that are connected and not drained
  std::set<SlotKey> free_gpu;

  bool operator==(const State&) const = default;
};

// The only mutator. Total and silent, because a record was already decided.
void apply_record(State& state, const Record& record);

// Takes in an ended sweep that was rebuilt apart, to answer questions about it. Its history must
// not be applied to the live state: its old assignments would claim slots that others hold now.
void adopt_sweep(State& state, Sweep sweep);

// The attempt if it exists, else null.
const Attempt* find_attempt(const State& state, const AttemptKey& key);

// The attempt if it may still act: it exists, is its trial's last one, is not terminal and belongs
// to `agent`.
const Attempt* current_attempt(const State& state, const AttemptKey& key, AgentId agent);

}  // namespace sweepd::core
