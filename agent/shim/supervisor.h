// The life of a shim: one attempt at a time, its whole process tree, and nothing left behind.
#pragma once

#include "agent/shim/protocol.h"

#include <sys/types.h>

#include <cstdint>
#include <deque>

namespace sweepd::agent::shim {

// Serves orders until the agent is gone and no process is left. One thread, one loop.
class Supervisor {
 public:
  // Makes the calling process the reaper of everything below it, and takes SIGCHLD and SIGTERM
  // through a descriptor.
  explicit Supervisor(int socket);

  // Returns the exit code of the program.
  int run();

 private:
  enum class State {
    kIdle,
    kRunning,   // the program runs, or it ended and what it left behind has not been looked at
    kStopping,  // TERM is sent; KILL comes at `deadline_us_`
    kKilling,   // STOP and KILL again and again until nothing is left
  };

  // In order, and none is lost: an agent that does not listen for a while hears them later.
  void say(const Notice& notice);
  void say_on();

  void take_orders();
  void take_signals();
  void start(int attached_fd);
  void stop(std::int64_t grace_ms);
  void reap();
  void set_empty();
  void on_time(std::int64_t now_us);
  void kill_round(std::int64_t now_us);
  int poll_timeout_ms() const;

  bool finished() const { return agent_gone_ && state_ == State::kIdle; }

  int socket_;
  int signals_ = -1;
  State state_ = State::kIdle;
  pid_t program_ = 0;  // 0: it has ended
  std::uint32_t leftover_grace_ms_ = 0;
  std::int64_t lease_us_ = 0;     // 0: none
  std::int64_t deadline_us_ = 0;  // of stopping, or of the next round of killing
  std::int64_t pause_ms_ = 0;     // between rounds of killing
  std::int64_t stuck_us_ = 0;     // when processes that outlive KILL are worth telling
  bool agent_gone_ = false;
  std::deque<Notice> unsaid_;  // for which the socket had no room
};

}  // namespace sweepd::agent::shim
