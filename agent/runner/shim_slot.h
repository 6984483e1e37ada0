// The shim of a slot as the agent sees it: started ahead of time, waiting, running an attempt,
// gone.
#pragma once

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
    kLocked,  // an older shim has the slot's lock: something of an earlier run is not over
    kIdle,    // a shim waits
    kBusy,    // it has an attempt, and not yet said that nothing of it is left
    kBroken,  // there is none: it died, was closed, or could not be started
  };

  struct Options {
    std::uint32_t index = 0;
    std::string lock_path;
    std::string program;  // sweep-shim
  };

  explicit ShimSlot(Options options) : options_(std::move(options)) {}

  ~ShimSlot();
  ShimSlot(ShimSlot&& other) noexcept;
  ShimSlot& operator=(ShimSlot&&) = delete;

  // Takes the lock and starts a shim unless there is one. Cheap to call again and again.
  void ensure();

  // Hands the attempt to the waiting shim. An error leaves the attempt with nobody: it can be
  // handed over again.
  Result<void> run(const AttemptKey& attempt, const shim::RunRequest& request);

  void stop(Duration grace);
  void set_lease(Instant end);

  // What the shim said. `gone` is set when it died, with everything that it answered for in doubt:
  // the caller must make sure that nothing of the attempt is left before `ensure` is called.
  std::vector<shim::Notice> read(bool& gone);

  // Closes the connection: the shim ends what it runs, and itself.
  void close();

  std::uint32_t index() const { return options_.index; }

  State state() const { return state_; }

  const std::optional<AttemptKey>& attempt() const { return attempt_; }

  pid_t pid() const { return pid_; }

  int fd() const { return socket_; }

 private:
  Result<void> spawn(int lock);

  Options options_;
  State state_ = State::kLocked;
  int socket_ = -1;
  pid_t pid_ = 0;
  std::optional<AttemptKey> attempt_;
  bool told_ = false;  // that the slot cannot be used, and why
};

}  // namespace sweepd::agent
