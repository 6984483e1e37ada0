// The daemon around the production core: a loop with group commit, a journal, recovery, sessions
// and leases.
#pragma once

#include "daemon/core/step.h"
#include "tests/sim/messages.h"
#include "tests/sim/network.h"
#include "tests/sim/saboteur.h"
#include "tests/sim/world.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sweepd::sim {

class Daemon {
 public:
  Daemon(World& world, Network& network);

  void start();  // recovers from the journal
  void stop();   // in good order: everything that was read is answered
  void crash();
  void stall(Duration span);  // the process stands still; its sockets fill up

  bool runs() const { return runs_; }

  // Everything decided is on disk.
  bool idle() const { return runs_ && memory_.batch.empty() && memory_.inbox.empty(); }

  void receive(const ToDaemon& message);
  void receive(const FromClient& message);

  const core::State& state() const { return memory_.state; }

  // Compares what a recovery would find with what is in memory.
  void check_recovery();

 private:
  struct Tick {};

  using Input = std::variant<ToDaemon, FromClient, core::TrialsSuggested, Tick>;

  struct Session {
    std::uint64_t id = 0;
    BoxIndex box = 0;
    std::uint64_t beat_last = 0;
    std::vector<core::HeldAttempt> held;  // as the core was told last
  };

  struct Greeting {
    BoxIndex box = 0;
    HelloNumber number;
    std::uint32_t unanswered = 0;  // it, and those before it that were taken with it
  };

  // What a decided batch is until it is on disk.
  struct Batch {
    std::vector<core::Record> records;
    std::vector<core::Effect> effects;
    std::vector<AgentId> owed;  // agents that are sent everything they are owed
    bool owed_to_all = false;

    bool empty() const {
      return records.empty() && effects.empty() && owed.empty() && !owed_to_all;
    }
  };

  // Everything that a crash takes away.
  struct Memory {
    core::State state;
    Batch batch;
    bool committing = false;
    std::deque<Input> inbox;
    std::map<AgentId, Session> sessions;
    std::map<std::string, Greeting> hellos;  // by uuid, the last one
    std::map<AgentId, Instant> heard;
    std::map<AgentId, Instant> expires;
    std::map<RequestId, ClientIndex> askers;
    std::map<SweepId, TrialNumber> suggesting;  // proposals under way
    Instant owed_sent;
  };

  void accept(Input input);
  void turn();
  void take(const ToDaemon& message);
  void take(const FromClient& message);
  void take(const core::TrialsSuggested& event);
  void take(const Tick& tick);
  void take_hello(const ToDaemon& message, const Hello& hello);
  void take_beat(AgentId agent, const Heartbeat& beat);
  void check_leases();
  void decide(core::EventBody body);
  void tick();
  void commit();
  void make_durable(std::size_t records);

  void perform(const core::Effect& effect);
  void perform(const core::StartAttempt& effect);
  void perform(const core::StopAttempt& effect);
  void perform(const core::AckReports& effect);
  void perform(const core::AckEnded& effect);
  void perform(const core::WelcomeAgent& effect);
  void perform(const core::Suggest& effect);
  void perform(const core::Answer& effect);
  void send(AgentId agent, decltype(ToAgent::body) body);

  core::State replayed() const;
  Duration lease() const;
  Instant lease_clock() const;
  // Performs the action if the daemon still lives the same life then.
  void later(Duration delay, Heap::Action action);

  World& world_;
  Network& network_;
  Saboteur saboteur_;
  std::vector<core::Record> journal_;  // the disk
  std::uint64_t term_ = 0;
  std::uint64_t sessions_given_ = 0;
  bool runs_ = false;
  Instant stalled_until_;
  Memory memory_;
};

}  // namespace sweepd::sim
