// A box that runs the production session of the agent; the rest of the agent program, its shims and
// its ledger are modelled.
#pragma once

#include "agent/session.h"
#include "tests/sim/world.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sweepd::sim {

class RealBox {
 public:
  using Send = std::function<void(std::string bytes)>;

  RealBox(World& world, std::size_t index, Send send);

  void power_on();
  void kill_program();                 // its shims go on
  void start_program();                // finds ledger and shims again
  void freeze_program(Duration span);  // it stands still; its shims do not
  void reboot(Duration down);          // may take rows of the ledger that were not synced
  void fill_disk(Duration span);       // nothing can be written
  void free_disk();
  void arrive(const std::string& bytes);

  bool program_runs() const { return session_ != nullptr; }

  bool quiet() const { return !program_runs() || (ledger_.empty() && attempts_.empty()); }

  const std::string& uuid() const { return plan_.uuid; }

  std::string describe() const;

 private:
  // A row of the ledger: survives everything.
  struct Row {
    pb::StartAttempt order;
    std::optional<pb::AttemptEnded> end;
  };

  // A process set under its shim: survives nothing but a freeze of the program.
  struct Process {
    std::vector<std::uint32_t> slots;
    Program program;
    std::uint64_t emitted = 0;
    std::uint64_t read = 0;  // by the agent program
    std::vector<pb::Report> file;
    std::vector<pb::Report> waiting;  // in the memory of the shim: there is no room
    bool terminating = false;
    bool watched = false;  // a timer looks at the lease
    bool lapsed = false;
    bool timed_out = false;
    Instant lease;
    std::optional<ProcessEnd> end;

    // Whether its shim has done all it has to do.
    bool done() const { return end && waiting.empty(); }
  };

  // What the agent program knows of an attempt: gone with it.
  struct Attempt {
    pb::StartAttempt order;
    bool handed_over = false;  // to a shim
    bool over = false;
    bool collected = false;
    bool told = false;
    bool discarded = false;
    pb::AttemptEnded end;
  };

  void pump();
  void offer_slots();
  void carry_out_commands();
  void carry_out(const agent::Command& command);
  void launch(const agent::Launch& launch);
  void take_over(const pb::StartAttempt& order);
  void hand_over(const AttemptKey& key);
  void stop(const agent::Stop& stop);
  void forget(const AttemptKey& key);
  void reread(const AttemptKey& key);
  void recollect(const AttemptKey& key);
  void time_out(const AttemptKey& key);
  void read_reports(const AttemptKey& key);
  void over(const AttemptKey& key);
  void deliver(const AttemptKey& key);

  void emit(const AttemptKey& key, std::size_t index);
  void terminate(const AttemptKey& key, Duration grace);
  void process_over(const AttemptKey& key, const ProcessEnd& end);
  void watch_lease(const AttemptKey& key);
  bool slots_taken(const Attempt& attempt) const;

  Instant local() const { return {scaled({world_.now().us}, plan_.clock_rate).us}; }

  Instant global(Instant at) const { return {scaled({at.us}, 1 / plan_.clock_rate).us}; }

  void later_on_box(Duration delay, Heap::Action action);
  void later_in_program(Duration delay, Heap::Action action);

  World& world_;
  const std::size_t index_;
  const BoxPlan plan_;
  Send send_;

  std::uint64_t boots_ = 0;
  std::uint64_t incarnation_ = 0;
  std::uint64_t term_ = 0;
  std::map<AttemptKey, Row> ledger_;
  std::set<AttemptKey> done_;
  std::uint64_t stored_ = 0;
  std::map<AttemptKey, Process> processes_;
  std::map<AttemptKey, Attempt> attempts_;
  std::unique_ptr<agent::Session> session_;
  bool disk_full_ = false;
  std::uint64_t disk_fills_ = 0;
  Instant frozen_until_;
  std::vector<std::string> unread_;  // while frozen
  Instant wake_planned_;
};

}  // namespace sweepd::sim
