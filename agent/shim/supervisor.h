// The life of a shim: one attempt at a time, its whole process tree, and nothing left behind.
#pragma once

#include "agent/shim/agent_line.h"
#include "agent/shim/cage.h"
#include "agent/shim/launch.h"
#include "agent/shim/output_watch.h"
#include "agent/shim/spool.h"
#include "base/time.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace sweepd::agent::shim {

// Serves the orders of whatever agent is connected, and goes on without one: until the lease of the
// attempt ends, and as long as a process of it is left. One thread, one loop.
class Supervisor {
 public:
  // Makes the calling process the reaper of everything below it, and takes SIGCHLD and SIGTERM
  // through a descriptor.
  Supervisor(int listening, Cage cage);

  // Returns the exit code of the program.
  int run();

 private:
  enum class State {
    kIdle,
    kRunning,   // the program runs, or it ended and what it left behind has not been looked at
    kStopping,  // TERM is sent; KILL comes at `deadline_`
    kKilling,   // STOP and KILL again and again until nothing is left
    kDraining,  // no process is left; the last of what was written is read
  };

  bool wait();  // true: an agent knocks
  void take_orders();
  void take_signals();
  void obey(const shimpb::Order& order, int attached_fd);
  void start(int attached_fd);
  void begin_limits();
  void refuse(const Launched& failed);
  void say_empty();
  void end();
  void stop(const shimpb::Stop& order);
  void stop(Duration grace);
  void reap();
  void drain(const Clocks& clocks);
  void on_time(const Clocks& clocks);
  void check_limits(Instant now);
  void kill_round(Instant now);
  std::optional<Instant> next_wake() const;

  bool finished(Instant now) const;

  AgentLine line_;
  Cage cage_;
  OutputWatch watch_;
  int signals_ = -1;
  State state_ = State::kIdle;
  pid_t program_ = 0;  // 0: it has ended
  std::optional<Spool> spool_;
  shimpb::Run run_;              // the attempt; its command line is not kept
  Instant connect_by_;           // for the first agent
  Instant lease_;                // {}: none
  std::optional<Instant> over_;  // limits.trial_time
  Instant heard_;                // the last output
  Instant deadline_;             // of stopping, or of the next round of killing
  Duration pause_;               // between rounds of killing
  Instant stuck_at_;             // when processes that outlive KILL are worth telling
  bool must_end_ = false;        // the agent wants no more of this shim
};

}  // namespace sweepd::agent::shim
