// The heart of sweepd: what comes in is decided, what was decided is stored, and only then does it
// go out.
#pragma once

#include "base/limits.h"
#include "base/result.h"
#include "daemon/agent_gateway.h"
#include "daemon/client_gateway.h"
#include "daemon/core/state.h"
#include "daemon/core/step.h"
#include "daemon/disk_watch.h"
#include "daemon/housekeeping.h"
#include "daemon/journal.h"
#include "daemon/liveness.h"
#include "daemon/ports.h"
#include "daemon/queries.h"
#include "daemon/suggester.h"
#include "daemon/sweep_shelf.h"
#include "daemon/time_line.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::daemon {

class Loop {
 public:
  struct Ports {
    Journal& journal;
    LogStore& logs;
    Clock& clock;
    Doors& doors;
    TreeIndex& trees;
    Disk& disk;
    Backups& backups;
    Gc& gc;
  };

  struct Options {
    LivenessRules rules;
    ServerFacts facts;
    std::size_t batch_messages_max =
        limits::kBatchMessagesMax;  // 1: no group commit, for measurements
    DiskLimits disk_limits = {};
    std::uint32_t session = 0;  // numbers of sessions go on from here: a draw, but in tests
    std::uint16_t store = 0;    // tells the store from others
    ClockMark before = {};      // of the last commit before the start; a new store: none
  };

  Loop(const Ports& ports, const Options& options);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Recovers the state and makes the first decisions of this term.
  Result<void> start();

  // One turn: waits, receives, decides, commits, sends. An error means that the store cannot be
  // trusted any more and the process must end; a full disk is no error here.
  Result<void> turn();

  // Turns until somebody wants the daemon to stop.
  Result<void> run();

  const core::State& state() const { return state_; }

  bool degraded() const { return trouble_.has_value(); }

 private:
  Duration patience() const;
  void receive(const ClockMark& now);
  void hear_agent(const wire::Incoming& message, const ClockMark& now);
  void hear_client(const wire::Incoming& message, const ClockMark& now);
  void tick(const ClockMark& now);
  Result<void> watch_disk(const ClockMark& now);
  Result<void> flush_now_and_then(Instant now);
  Result<void> keep_house(Instant now);
  void say_health(Instant now);
  std::uint64_t place() const;
  void decide(const core::EventBody& event, const ClockMark& now);
  void add_owed(Instant now, const std::optional<AgentId>& only);
  Result<void> finish(const ClockMark& now);
  Result<void> give_up_batch(const Error& error, const ClockMark& now);
  Result<void> try_to_heal(const ClockMark& now);
  Result<void> not_healed(const Error& error, Instant now);
  void refuse_changes(const Error& error, Instant now);
  void forget_proposals();
  void perform(const core::Effect& effect);
  void send(std::optional<Outgoing> message);
  void flush();

  Ports ports_;
  Options options_;
  core::State state_;
  SweepShelf shelf_;
  Liveness liveness_;
  Housekeeping housekeeping_;
  Queries queries_;
  AgentGateway agents_;
  ClientGateway clients_;
  Suggester suggester_;
  DiskWatch disk_;

  // Of the turn under way.
  std::vector<core::Record> records_;
  std::vector<core::Effect> effects_;
  std::vector<Outgoing> outbox_;

  std::vector<core::EventBody> left_over_;       // events that came of performing effects
  std::map<SweepId, core::Suggest> unanswered_;  // more than one turn can propose
  Instant leases_over_;                          // of the daemons before this one
  std::optional<Instant> rebooted_after_;        // that commit; none: no restart of the machine
  bool started_ = false;                         // what the start decided is on the disk
  Instant next_tick_;
  Instant next_owed_;
  std::uint64_t records_lost_before_ = 0;  // of losses that earlier starts found
  std::optional<Error> trouble_;           // why changes cannot be stored now
  Instant next_heal_;
  Instant next_flush_;
};

}  // namespace sweepd::daemon
