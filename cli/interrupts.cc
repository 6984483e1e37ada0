// A handler that sets a flag and writes to a pipe, the one safe way to wake a wait from a handler.
#include "cli/interrupts.h"

#include "base/check.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace sweepd::cli {

namespace {

// Handlers have no object, so this is the process's.
std::atomic<bool> signalled{false};
std::array<int, 2> wake_pipe{-1, -1};

void on_signal(int /*signal*/) {
  const int saved = errno;
  signalled = true;
  const char byte = 's';
  [[maybe_unused]] const ssize_t written = ::write(wake_pipe[1], &byte, 1);
  errno = saved;
}

}  // namespace

Interrupts::Interrupts() {
  SWEEPD_CHECK(wake_pipe[0] == -1);  // one at a time
  SWEEPD_CHECK(::pipe2(wake_pipe.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  signalled = false;

  struct sigaction action {};

  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &old_int_);
  ::sigaction(SIGTERM, &action, &old_term_);
}

Interrupts::~Interrupts() {
  ::sigaction(SIGINT, &old_int_, nullptr);
  ::sigaction(SIGTERM, &old_term_, nullptr);
  ::close(wake_pipe[0]);
  ::close(wake_pipe[1]);
  wake_pipe = {-1, -1};
}

bool Interrupts::arrived() const {
  return signalled;
}

bool Interrupts::wait(std::chrono::milliseconds span) {
  return wait_for_key(-1, span).interrupted;
}

Interrupts::Woken Interrupts::wait_for_key(int fd, std::chrono::milliseconds span) {
  // A negative descriptor is skipped by poll.
  std::array<pollfd, 2> items{{{wake_pipe[0], POLLIN, 0}, {fd, POLLIN, 0}}};
  Woken woken;
  if (!arrived()) {
    ::poll(items.data(), items.size(), static_cast<int>(span.count()));
  }
  woken.interrupted = arrived();
  char byte = 0;
  if ((items[1].revents & POLLIN) != 0 && ::read(fd, &byte, 1) == 1) {
    woken.key = byte;
  }
  return woken;
}

}  // namespace sweepd::cli
