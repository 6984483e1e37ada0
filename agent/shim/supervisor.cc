// The life of a shim.
#include "agent/shim/supervisor.h"

#include "agent/shim/launch.h"
#include "agent/shim/process_tree.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

namespace sweepd::agent::shim {

namespace {

constexpr std::int64_t kOrphanGraceMs = 1000;  // when the agent is gone: it is the end either way
constexpr std::int64_t kPauseMaxMs = 100;
constexpr std::int64_t kStuckAfterUs = 5'000'000;

// Counts suspended time: a lease does not stop while the box sleeps.
std::int64_t boottime_us() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

std::string content_of(int fd) {
  struct stat status {};

  if (fd < 0 || ::fstat(fd, &status) != 0) {
    return {};
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

std::string listed(const std::vector<pid_t>& pids) {
  std::string text;
  for (const pid_t pid : pids) {
    text.append(text.empty() ? 0 : 1, ' ').append(std::to_string(pid));
  }
  return text;
}

}  // namespace

Supervisor::Supervisor(int socket) : socket_(socket) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t taken;
  ::sigemptyset(&taken);
  ::sigaddset(&taken, SIGCHLD);
  ::sigaddset(&taken, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &taken, nullptr);
  signals_ = ::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

int Supervisor::run() {
  while (!finished()) {
    const auto events = static_cast<short>(unsaid_.empty() ? POLLIN : POLLIN | POLLOUT);
    pollfd items[2] = {{signals_, POLLIN, 0}, {agent_gone_ ? -1 : socket_, events, 0}};
    ::poll(items, 2, poll_timeout_ms());
    if (items[0].revents != 0) {
      take_signals();
    }
    if (items[1].revents != 0) {
      say_on();
      take_orders();
    }
    reap();
    on_time(boottime_us());
  }
  return 0;
}

int Supervisor::poll_timeout_ms() const {
  std::int64_t at = state_ == State::kRunning ? lease_us_ : 0;
  if (state_ == State::kStopping || state_ == State::kKilling) {
    at = deadline_us_;
  }
  if (at == 0) {
    return -1;
  }
  const std::int64_t left_ms = (at - boottime_us() + 999) / 1000;
  // A sleep may not count suspended time, so no sleep is long while a lease runs.
  return static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, 1000));
}

void Supervisor::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGTERM) {
      agent_gone_ = true;
      stop(kOrphanGraceMs);
    }
  }
}

void Supervisor::take_orders() {
  ReceivedOrder received;
  for (;;) {
    switch (receive(socket_, received)) {
      case Received::kNothing:
        return;
      case Received::kGone:
        agent_gone_ = true;
        stop(kOrphanGraceMs);
        return;
      case Received::kMessage:
        break;
    }
    switch (received.order.kind) {
      case OrderKind::kRun:
        start(received.attached_fd);
        break;
      case OrderKind::kStop:
        stop(received.order.number);
        break;
      case OrderKind::kLease:
        lease_us_ = received.order.number;
        break;
    }
    if (received.attached_fd >= 0) {
      ::close(received.attached_fd);
    }
  }
}

void Supervisor::say(const Notice& notice) {
  unsaid_.push_back(notice);
  say_on();
}

void Supervisor::say_on() {
  while (!unsaid_.empty() && send(socket_, unsaid_.front())) {
    unsaid_.pop_front();
  }
}

void Supervisor::start(int attached_fd) {
  const std::optional<RunRequest> request = decode(content_of(attached_fd));
  if (state_ != State::kIdle || !request) {
    say(notice(NoticeKind::kExecError, EINVAL, 0, "the order of the agent"));
    if (state_ == State::kIdle) {
      say(notice(NoticeKind::kEmpty));
    }
    return;
  }
  leftover_grace_ms_ = request->leftover_grace_ms;
  const Launched launched = launch(*request);
  program_ = launched.pid;
  if (launched.pid == 0) {
    say(notice(NoticeKind::kExecError, launched.error, 0, launched.what));
    say(notice(NoticeKind::kEmpty));
    return;
  }
  state_ = State::kRunning;
  say(notice(NoticeKind::kStarted, launched.pid));
}

void Supervisor::stop(std::int64_t grace_ms) {
  if (state_ == State::kIdle || state_ == State::kKilling) {
    return;
  }
  const std::int64_t deadline = boottime_us() + grace_ms * 1000;
  if (state_ == State::kStopping) {
    deadline_us_ = std::min(deadline_us_, deadline);
    return;
  }
  state_ = State::kStopping;
  deadline_us_ = deadline;
  if (grace_ms > 0) {
    signal_all(descendants(::getpid()), SIGTERM);
  }
}

void Supervisor::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == program_) {
      program_ = 0;
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
      const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      say(notice(NoticeKind::kExited, code, signal));
    }
  }
  if (state_ == State::kIdle) {
    return;
  }
  // As the reaper of orphans we are the parent of the root of everything that still lives.
  if (pid < 0 && errno == ECHILD) {
    set_empty();
  } else if (program_ == 0 && state_ == State::kRunning) {
    stop(leftover_grace_ms_);
  }
}

void Supervisor::set_empty() {
  state_ = State::kIdle;
  lease_us_ = 0;
  say(notice(NoticeKind::kEmpty));
}

void Supervisor::on_time(std::int64_t now_us) {
  if (state_ == State::kRunning && lease_us_ != 0 && now_us >= lease_us_) {
    say(notice(NoticeKind::kLapsed));
    stop(0);
  }
  if (state_ == State::kStopping && now_us >= deadline_us_) {
    state_ = State::kKilling;
    pause_ms_ = 1;
    stuck_us_ = now_us + kStuckAfterUs;
    deadline_us_ = now_us;
  }
  if (state_ == State::kKilling && now_us >= deadline_us_) {
    kill_round(now_us);
  }
}

void Supervisor::kill_round(std::int64_t now_us) {
  // Stopped first, all of them: what is stopped cannot fork away from the walk that follows.
  std::vector<pid_t> pids = descendants(::getpid());
  for (std::size_t seen = 0; seen < pids.size();) {
    seen = pids.size();
    signal_all(pids, SIGSTOP);
    pids = descendants(::getpid());
  }
  signal_all(pids, SIGKILL);
  if (!pids.empty() && now_us >= stuck_us_) {
    say(notice(NoticeKind::kStuck, static_cast<std::int32_t>(pids.size()), 0, listed(pids)));
    stuck_us_ = now_us + 2 * kStuckAfterUs;
  }
  deadline_us_ = boottime_us() + pause_ms_ * 1000;
  pause_ms_ = std::min(pause_ms_ * 2, kPauseMaxMs);
}

}  // namespace sweepd::agent::shim
