// Everything that can happen to the decision core. Events are facts of the past; the edge stamps
// the time.
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "daemon/core/reason.h"
#include "sweeps/sweep_spec.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::core {

// The time of an event: `now` decides, `wall` only labels.
struct Stamp {
  Instant now;
  WallTime wall;

  bool operator==(const Stamp&) const = default;
};

// ---- from clients; `request` identifies the asker's change, and the answer is addressed to it

struct SweepSubmitted {
  RequestId request;
  sweeps::SweepSpec spec;
  std::string toml;             // the text it came from, kept beside the specification
  std::string snapshot_digest;  // of the code; checked by the edge to be stored
  std::string user;
  bool paused = false;
};

enum class ControlVerb : int { kPause = 1, kResume = 2, kStop = 3, kKill = 4, kRetry = 5 };

struct ControlRequested {
  RequestId request;
  ControlVerb verb = ControlVerb::kPause;
  std::string selector;
  std::string user;
  std::string reason;
};

enum class AgentVerb : int { kDrain = 1, kResume = 2, kForget = 3 };

struct AgentControlRequested {
  RequestId request;
  AgentVerb verb = AgentVerb::kDrain;
  std::string selector;  // a number, or a unique name
  std::string user;
  std::string reason;
};

// An ended sweep is to go, with everything that only it needs.
struct RemovalRequested {
  RequestId request;
  std::string selector;  // of a sweep
  std::string user;
};

struct ModelRegistrationRequested {
  RequestId request;
  std::string selector;  // of one trial
  std::string model;
  std::string path;  // below the artifact
  std::string user;
};

// ---- from agents

struct SlotOffer {
  std::uint32_t index = 0;
  bool gpu = false;
  std::string uuid;
  std::string name;
  std::uint64_t memory_bytes = 0;

  bool operator==(const SlotOffer&) const = default;
};

// How far an attempt is, as its agent sees it. Same order as on the wire.
enum class Phase : int { kPreparing = 1, kRunning = 2, kStopping = 3, kFinishing = 4, kEnded = 5 };

struct HeldAttempt {
  AttemptKey attempt;
  Phase phase = Phase::kPreparing;

  bool operator==(const HeldAttempt&) const = default;
};

// An agent said Hello. What it does not hold any more is lost; what it may not hold it is told to
// kill.
struct AgentJoined {
  std::string uuid;
  std::string name;
  std::string boot_id;
  std::string version;
  std::vector<SlotOffer> slots;
  std::map<std::string, std::string> labels;
  std::vector<HeldAttempt> held;
  bool knows_store = false;        // it has worked for this very store before
  std::uint64_t records_lost = 0;  // it was told of so many more than the store had at the start
  Instant leases_over = {};        // from then on nothing runs under a lease of before the start
};

// A heartbeat whose list of attempts says something new.
struct AttemptsHeld {
  AgentId agent;
  std::vector<HeldAttempt> held;
};

// Heartbeats are missing: no new work for the agent, everything it holds stays its own.
struct AgentSuspected {
  AgentId agent;
};

// The lease of an agent ended without a word from it, or it said goodbye.
struct AgentLost {
  AgentId agent;
  bool goodbye = false;
};

struct MetricValue {
  std::string name;
  double value = 0;

  bool operator==(const MetricValue&) const = default;
};

struct Report {
  std::uint64_t seq = 0;
  WallTime wall;
  std::vector<MetricValue> metrics;  // NaN and infinities are values

  bool operator==(const Report&) const = default;
};

struct ReportsArrived {
  AgentId agent;
  AttemptKey attempt;
  std::vector<Report> reports;
};

// What an agent found when an attempt was over.
struct AttemptOutcome {
  bool started = true;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  bool stopped = false;
  Reason failure;  // code kNone unless the agent itself says why
  std::string stderr_tail;
  std::string tree_digest;
  std::uint32_t tree_files = 0;
  std::uint64_t tree_bytes = 0;
  std::string uncollected;     // what of outputs and logs is not in the tree, and why
  bool model_missing = false;  // the tree does not hold what the sweep would register
  WallTime started_wall;
  WallTime ended_wall;
  std::vector<std::string> metric_names;
  std::uint64_t thinned = 0;  // reports that came too fast and were merged into later ones

  bool operator==(const AttemptOutcome&) const = default;
};

struct AttemptEnded {
  AgentId agent;
  AttemptKey attempt;
  std::uint64_t reports_last = 0;
  AttemptOutcome outcome;
};

// ---- from inside the daemon

// Answer to the effect Suggest.
struct TrialsSuggested {
  SweepId sweep;
  TrialNumber first;                            // of the trials below; a stale answer is dropped
  std::vector<sweeps::Assignment> assignments;  // of consecutive trial numbers
  bool exhausted = false;                       // nothing will ever follow
};

// The daemon has recovered: agents have their full lease to come back.
struct DaemonStarted {
  Instant leases_over = {};  // from then on nothing runs under a lease of before the start
  Duration lease = {};       // that agents are promised from here on
  // The machine was restarted since the last commit, which was at this moment of the time line. A
  // disk that lies has lost what came shortly before the restart.
  std::optional<Instant> rebooted_after = {};
};

// The room on the daemon's disk has changed.
//   reason: in words, and what to do; empty when there is plenty
struct StorageChanged {
  StorageLevel level = StorageLevel::kPlenty;
  Reason reason;
};

// As many sweeps may have been submitted in a history that is lost; their numbers are not given
// again, because agents and people may still hold them.
constexpr std::uint64_t kSweepsSkipped = 10'000;

// The state is that of a backup: what was decided since is unknown, and goes on elsewhere.
//   sweeps_last: numbers up to here may have been given away since
struct BackupRestored {
  std::uint64_t sweeps_last = 0;
};

// Time has passed: limits, back-offs.
struct TimePassed {};

using EventBody = std::variant<SweepSubmitted,
                               ControlRequested,
                               AgentControlRequested,
                               ModelRegistrationRequested,
                               RemovalRequested,
                               AgentJoined,
                               AttemptsHeld,
                               AgentSuspected,
                               AgentLost,
                               ReportsArrived,
                               AttemptEnded,
                               TrialsSuggested,
                               DaemonStarted,
                               StorageChanged,
                               BackupRestored,
                               TimePassed>;

struct Event {
  Stamp at;
  EventBody body;
};

}  // namespace sweepd::core
