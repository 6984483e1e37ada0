// Ctrl-C and TERM as something to wait for, so that a follower can end in order.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

namespace sweepd::cli {

// While one lives, SIGINT and SIGTERM do not end the process but are found here.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  bool arrived() const;

  // Waits; returns early, and true, when a signal has arrived or arrives.
  bool wait(std::chrono::milliseconds span);

  // The same, and ends early with a byte when one can be read from `fd`.
  struct Woken {
    bool interrupted = false;
    std::optional<char> key;
  };

  Woken wait_for_key(int fd, std::chrono::milliseconds span);

 private:
  struct sigaction old_int_ {};

  struct sigaction old_term_ {};
};

}  // namespace sweepd::cli
