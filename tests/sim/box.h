// A box: the agent program on it, the shims that hold its attempts, and the disk with the ledger.
#pragma once

#include "tests/sim/messages.h"
#include "tests/sim/network.h"
#include "tests/sim/world.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::sim {

class Box {
 public:
  Box(World& world, Network& network, BoxIndex index);

  void power_on();
  void say_goodbye();             // only when quiet
  void kill_program();            // its trials live on under their shims
  void start_program();           // finds ledger and shims again
  void reboot(Duration down);     // may take what was not synced
  void fill_disk(Duration span);  // nothing can be written
  void free_disk();
  void receive(const ToAgent& message);

  bool program_runs() const { return program_runs_; }

  // Nothing is left to do or to say.
  bool quiet() const;

  std::string describe() const;

 private:
  // One attempt: what the agent program knows of it, and what is on disk. Its start is in the
  // ledger before anything starts.
  struct Row {
    std::vector<std::uint32_t> slots;
    core::Phase phase = core::Phase::kPreparing;
    Program program;
    Duration trial_time;
    bool alive = false;  // its process set is not empty
    bool over = false;   // it is empty for good
    bool terminating = false;
    bool fenced = false;
    bool forgotten = false;  // the end is acknowledged
    bool ran = false;
    bool draining = false;              // its processes are gone, its last reports are not written
    std::vector<core::Report> waiting;  // in the memory of the shim: there is no room
    std::vector<core::Report> spool;    // written, and so seen by the agent
    std::size_t spool_synced = 0;       // so many of them
    std::uint64_t acked = 0;
    // The numbers of the writes to the ledger that say so; 0: none does.
    std::uint64_t start_write = 0;
    std::uint64_t ended_write = 0;
    std::uint64_t reports_last = 0;  // as the row of its end says
    std::uint64_t forgotten_write = 0;
    core::AttemptOutcome outcome;
  };

  void obey(const HelloOk& order, std::uint64_t session);
  void obey(const WhoAreYou& order);
  void obey(const HeartbeatAck& order);
  void obey(const Start& order);
  void obey(const Stop& order);
  void obey(const ReportsAck& order);
  void obey(const EndedAck& order);

  void prepare(const AttemptKey& key);
  void run(const AttemptKey& key);
  void emit(const AttemptKey& key, std::size_t report);
  void watch_time(const AttemptKey& key);  // ends it with limits.trial_time
  void write_spool(const AttemptKey& key);
  void exit(const AttemptKey& key);
  // TERM now, KILL within the grace period; `why` becomes the failure in the outcome.
  void terminate(const AttemptKey& key, const core::Reason& why, bool stopped);
  void process_over(const AttemptKey& key, const ProcessEnd& end);
  // The process set is empty, or never was filled: deliver, then say so.
  void finish(const AttemptKey& key);
  void never_ran(const AttemptKey& key, const core::Reason& why, bool stopped);

  // ---- the disk: box_disk.cc

  std::uint64_t write_ledger();  // the number of the write; 0 when there is no room

  void sync_ledger() { writes_synced_ = writes_; }

  void register_anew();
  void lose_unsynced();
  // Another boot proves that no process is left; what ended and is not in the ledger is doubtful.
  void give_up_unfinished();
  void remember_ledger();

  void set_lease(Instant until);
  void lease_ended();
  void say_hello();
  void beat();
  // Reports from `first` on, a batch of them.
  void report(const AttemptKey& key, Row& row, std::size_t first);
  void say_ended(const AttemptKey& key, Row& row);
  void send(decltype(ToDaemon::body) body);

  std::vector<core::HeldAttempt> held() const;
  bool slots_taken(const std::vector<std::uint32_t>& slots) const;

  Duration real(Duration local) const { return scaled(local, 1 / plan_.clock_rate); }

  // Performs the action after a while if the box, respectively its program, still lives then.
  void later_on_box(Duration delay, Heap::Action action);
  void later_in_program(Duration delay, Heap::Action action);

  World& world_;
  Network& network_;
  const BoxIndex index_;
  const BoxPlan plan_;

  // On disk.
  std::uint64_t boots_ = 0;
  int version_ = 0;  // of the program that runs
  std::uint64_t incarnation_ = 0;
  std::map<AttemptKey, Row> ledger_;
  bool slots_withheld_ = false;
  bool disk_full_ = false;
  std::uint64_t disk_fills_ = 0;
  std::uint64_t writes_ = 0;  // to the ledger
  std::uint64_t writes_synced_ = 0;

  // Of the shims: gone with a reboot.
  Instant lease_until_;
  bool lease_timer_set_ = false;

  // Of the agent program.
  bool program_runs_ = false;
  std::uint64_t session_ = 0;
  std::uint64_t hellos_ = 0;
  Instant hello_sent_;
  std::uint64_t beats_ = 0;
  std::map<std::uint64_t, Instant> beats_sent_;
  Instant heard_;
};

}  // namespace sweepd::sim
