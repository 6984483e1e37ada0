// The shim of a slot as the agent sees it.
#include "agent/runner/shim_slot.h"

#include "base/log.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace sweepd::agent {

namespace {

Error failed(std::string_view what, int number) {
  return Error{Errc::kUnavailable, fmt::format("{}: {}", what, std::strerror(number))};
}

// Closes itself unless released.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}

  ~Fd() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  int get() const { return fd_; }

  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// The slot's lock, or -1 when somebody else has it. Whoever has the file open keeps it: the shim.
int take_lock(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

// A new session, so that no Ctrl-C of a terminal reaches it, and default signals.
Result<pid_t> spawn_shim(const std::string& program, int socket, int lock) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  // Both are above the numbers that the shim expects, so neither is overwritten by the other.
  ::posix_spawn_file_actions_adddup2(&files, socket, shim::kSocketFd);
  ::posix_spawn_file_actions_adddup2(&files, lock, shim::kLockFd);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::sigfillset(&signals);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char name[] = "sweep-shim";
  char* argv[] = {name, nullptr};
  char* env[] = {nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &files, &attributes, argv, env);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return failed(fmt::format("cannot start {}", program), error);
  }
  return pid;
}

// The same descriptor with a number that no fixed one of the shim can be.
int moved_up(int fd) {
  const int up = ::fcntl(fd, F_DUPFD_CLOEXEC, 16);
  ::close(fd);
  return up;
}

}  // namespace

ShimSlot::~ShimSlot() {
  close();
}

ShimSlot::ShimSlot(ShimSlot&& other) noexcept
    : options_(std::move(other.options_)),
      state_(other.state_),
      socket_(std::exchange(other.socket_, -1)),
      pid_(other.pid_),
      attempt_(other.attempt_),
      told_(other.told_) {}

void ShimSlot::close() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
    state_ = State::kBroken;
  }
}

void ShimSlot::ensure() {
  if (socket_ >= 0) {
    return;
  }
  const int lock = take_lock(options_.lock_path);
  if (lock < 0) {
    state_ = State::kLocked;
    if (!std::exchange(told_, true)) {
      log_warn("slot={} held by a shim of an earlier run: not offered until it is gone",
               options_.index);
    }
    return;
  }
  const Result<void> spawned = spawn(lock);
  if (!spawned.ok()) {
    state_ = State::kBroken;
    if (!std::exchange(told_, true)) {
      log_error("slot={} error=\"{}\"", options_.index, spawned.error().message);
    }
    return;
  }
  state_ = State::kIdle;
  told_ = false;
  attempt_.reset();
}

Result<void> ShimSlot::spawn(int lock) {
  const Fd held(moved_up(lock));
  int pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
    return failed("cannot make a socket pair", errno);
  }
  Fd mine(pair[0]);
  const Fd theirs(moved_up(pair[1]));
  SWEEPD_TRY(pid_, spawn_shim(options_.program, theirs.get(), held.get()));
  socket_ = mine.release();
  return {};
}

Result<void> ShimSlot::run(const AttemptKey& attempt, const shim::RunRequest& request) {
  const Fd memory(::memfd_create("sweepd-run", MFD_CLOEXEC));
  const std::string bytes = shim::encode(request);
  if (memory.get() < 0 ||
      ::write(memory.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return failed("cannot hand the command to the shim", errno);
  }
  if (!shim::send(socket_, shim::Order{shim::OrderKind::kRun, 0, 0}, memory.get())) {
    return failed("cannot reach the shim", errno);
  }
  state_ = State::kBusy;
  attempt_ = attempt;
  return {};
}

void ShimSlot::stop(Duration grace) {
  shim::send(socket_, shim::Order{shim::OrderKind::kStop, 0, grace.us / 1000});
}

void ShimSlot::set_lease(Instant end) {
  shim::send(socket_, shim::Order{shim::OrderKind::kLease, 0, end.us});
}

std::vector<shim::Notice> ShimSlot::read(bool& gone) {
  std::vector<shim::Notice> notices;
  gone = false;
  shim::Notice notice;
  while (socket_ >= 0) {
    switch (shim::receive(socket_, notice)) {
      case shim::Received::kNothing:
        return notices;
      case shim::Received::kGone:
        gone = true;
        close();
        return notices;
      case shim::Received::kMessage:
        break;
    }
    if (notice.kind == shim::NoticeKind::kEmpty) {
      state_ = State::kIdle;
      attempt_.reset();
    }
    notices.push_back(notice);
  }
  return notices;
}

}  // namespace sweepd::agent
