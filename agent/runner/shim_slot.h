// The shim of a slot as the agent sees it: started ahead of time or found from before, waiting,
// running an attempt, gone.
#pragma once

#include "agent/runner/containment.h"
#include "agent/runner/shim_socket.h"
#include "agent/shim/protocol.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::agent {

// Call everything from the thread that lives as long as the program: children may be tied to it.
class ShimSlot {
 public:
  enum class State {
    kLocked,    // somebody has the slot's lock and does not answer: something is not over
    kGreeting,  // a shim from before answers, and has not yet said what it holds
    kIdle,      // a shim waits
    kBusy,      // it has an attempt, and not yet said that nothing of it is left
    kBroken,    // there is none: it died, was closed, or could not be started
  };

  struct Options {
    std::uint32_t index = 0;
    std::string path;     // what the names of its lock and its socket begin with
    std::string program;  // sweep-shim
    Containment containment;
  };

  explicit ShimSlot(Options options) : options_(std::move(options)) {}

  ~ShimSlot() = default;
  ShimSlot(ShimSlot&& other) noexcept = default;
  ShimSlot& operator=(ShimSlot&&) = delete;

  // Finds the shim of an earlier run of the agent, or takes the lock and starts one, unless it
  // `may_start` none. Cheap to call again and again.
  void ensure(bool may_start);

  // Hands the attempt to the waiting shim. An error leaves the attempt with nobody: it can be
  // handed over again.
  Result<void> run(const AttemptKey& attempt, const shimpb::Run& run);

  // Repeated until the shim has room for it: one that stands still takes no orders.
  void stop(Duration grace, const std::optional<pb::Reason>& failure);
  void repeat_stop();
  void set_lease(Instant end);

  struct Heard {
    std::vector<shimpb::Notice> notices;  // of the attempt, in order
    std::optional<AttemptKey> found;  // a shim from before runs it, or did; what it said follows
    // It died, with everything that it answered for in doubt: the caller must make sure that
    // nothing of the attempt is left before `ensure` is called.
    bool gone = false;
  };

  Heard read();

  // Lets go of the shim: what it runs goes on, and the next run of the agent finds it.
  void let_go();

  // The shim ends what it runs, and itself.
  void close();

  std::uint32_t index() const { return options_.index; }

  State state() const { return state_; }

  // Whether it can be said what the slot holds.
  bool known() const { return state_ == State::kIdle || state_ == State::kBusy; }

  const std::optional<AttemptKey>& attempt() const { return attempt_; }

  pid_t pid() const { return pid_; }

  int fd() const { return socket_.get(); }

 private:
  Result<void> spawn(Fd lock);
  void take_greeting(const shimpb::Greeting& greeting, Heard& heard);

  Options options_;
  State state_ = State::kLocked;
  Fd socket_;
  pid_t pid_ = 0;
  std::optional<AttemptKey> attempt_;
  std::optional<shimpb::Order> stop_;  // that the shim had no room for
  bool adopted_ = false;               // of an earlier run, and maybe of an older version
  bool told_ = false;                  // that the slot cannot be used, and why
};

}  // namespace sweepd::agent
