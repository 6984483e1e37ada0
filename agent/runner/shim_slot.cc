// The shim of a slot as the agent sees it.
#include "agent/runner/shim_slot.h"

#include "base/log.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

namespace sweepd::agent {

namespace {

Error failed(std::string_view what, int number) {
  return Error{Errc::kUnavailable, fmt::format("{}: {}", what, std::strerror(number))};
}

// A new session, so that no Ctrl-C of a terminal reaches it, and default signals.
Result<pid_t> spawn_shim(std::vector<std::string> words, int listening, int lock) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  // Both are above the numbers that the shim expects, so neither is overwritten by the other.
  ::posix_spawn_file_actions_adddup2(&files, listening, shim::kListenFd);
  ::posix_spawn_file_actions_adddup2(&files, lock, shim::kLockFd);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::sigfillset(&signals);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  char* env[] = {nullptr};
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, words.front().c_str(), &files, &attributes, argv.data(), env);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return failed(fmt::format("cannot start {}", words.front()), error);
  }
  return pid;
}

// The same descriptor with a number that no fixed one of the shim can be.
Fd moved_up(const Fd& fd) {
  return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 16));
}

}  // namespace

void ShimSlot::ensure(bool may_start) {
  if (socket_) {
    return;
  }
  attempt_.reset();
  stop_.reset();
  // One from before listens as long as it lives.
  socket_ = connect_to(options_.path + ".sock");
  if (socket_) {
    state_ = State::kGreeting;
    return;
  }
  if (!may_start) {
    state_ = State::kLocked;
    return;
  }
  Fd lock = take_lock(options_.path + ".lock");
  if (!lock) {
    state_ = State::kLocked;
    if (!std::exchange(told_, true)) {
      log_warn("slot={} held by a shim of an earlier run: not offered until it is gone",
               options_.index);
    }
    return;
  }
  // Nobody holds the lock any more; what escaped from it is still in the group.
  options_.containment.kill_slot(options_.index);
  const Result<void> spawned = spawn(std::move(lock));
  if (!spawned.ok()) {
    state_ = State::kBroken;
    if (!std::exchange(told_, true)) {
      log_error("slot={} error=\"{}\"", options_.index, spawned.error().message);
    }
    return;
  }
  state_ = State::kIdle;
  adopted_ = false;
  told_ = false;
}

Result<void> ShimSlot::spawn(Fd lock) {
  SWEEPD_TRY(const Fd listening, listen_at(options_.path + ".sock"));
  std::vector<std::string> words = {options_.program};
  const std::vector<std::string> cage = options_.containment.shim_words(options_.index);
  words.insert(words.end(), cage.begin(), cage.end());
  const ForNewChildren children(options_.containment);
  SWEEPD_TRY(pid_, spawn_shim(std::move(words), moved_up(listening).get(), moved_up(lock).get()));
  socket_ = connect_to(options_.path + ".sock");
  return socket_ ? Result<void>() : Result<void>(failed("cannot reach the shim", errno));
}

Result<void> ShimSlot::run(const AttemptKey& attempt, const shimpb::Run& run) {
  const Fd memory(::memfd_create("sweepd-run", MFD_CLOEXEC));
  const std::string bytes = wire::encode(run);
  if (!memory ||
      ::write(memory.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return failed("cannot hand the command to the shim", errno);
  }
  shimpb::Order order;
  order.mutable_start();
  if (!shim::send(socket_.get(), order, memory.get())) {
    return failed("cannot reach the shim", errno);
  }
  state_ = State::kBusy;
  attempt_ = attempt;
  return {};
}

void ShimSlot::stop(Duration grace, const std::optional<pb::Reason>& failure) {
  shimpb::Order order;
  order.mutable_stop()->set_grace_ms(static_cast<std::uint64_t>(grace.us / 1000));
  if (failure) {
    *order.mutable_stop()->mutable_failure() = *failure;
  }
  stop_ = std::move(order);
  repeat_stop();
}

void ShimSlot::repeat_stop() {
  if (stop_ && shim::send(socket_.get(), *stop_)) {
    stop_.reset();
  }
}

void ShimSlot::set_lease(Instant end) {
  if (stop_) {
    return;  // the room that there may be is for the stop
  }
  shimpb::Order order;
  order.mutable_lease()->set_end_us(end.us);
  shim::send(socket_.get(), order);
}

ShimSlot::Heard ShimSlot::read() {
  Heard heard;
  shimpb::Notice notice;
  while (socket_) {
    switch (shim::receive(socket_.get(), notice)) {
      case shim::Received::kNothing:
        return heard;
      case shim::Received::kGone:
        heard.gone = true;
        let_go();
        return heard;
      case shim::Received::kMessage:
        break;
    }
    if (notice.has_greeting()) {
      take_greeting(notice.greeting(), heard);
      continue;
    }
    const bool over = notice.has_empty();
    heard.notices.push_back(std::move(notice));
    if (over) {
      attempt_.reset();
      stop_.reset();
      state_ = State::kIdle;
    }
    if (over && adopted_) {
      close();  // a shim of this version takes its place
    }
  }
  return heard;
}

// One that was started a moment ago says nothing new; one from before says what it holds.
void ShimSlot::take_greeting(const shimpb::Greeting& greeting, Heard& heard) {
  if (greeting.containment() != options_.containment.name()) {
    log_warn("slot={} containment={} instead of {}",
             options_.index,
             greeting.containment(),
             options_.containment.name());
  }
  if (state_ != State::kGreeting) {
    return;
  }
  pid_ = peer_of(socket_);
  adopted_ = true;
  const AttemptKey attempt = wire::from_proto(greeting.attempt());
  if (!attempt.attempt) {
    close();  // its agent has just gone, and it is about to follow
    return;
  }
  attempt_ = attempt;
  heard.found = attempt;
  state_ = State::kBusy;
}

void ShimSlot::let_go() {
  socket_.reset();
  state_ = State::kBroken;
}

void ShimSlot::close() {
  if (socket_) {
    shimpb::Order order;
    order.mutable_close();
    shim::send(socket_.get(), order);
    let_go();
  }
}

}  // namespace sweepd::agent
