// The life of a shim.
#include "agent/shim/supervisor.h"

#include "base/clocks.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::agent::shim {

namespace {

constexpr Duration kConnectPatience = seconds(10);
constexpr Duration kEndGrace = seconds(1);  // when nobody wants the attempt any more
constexpr Duration kPauseFirst = milliseconds(1);
constexpr Duration kPauseMax = milliseconds(100);
constexpr Duration kStuckAfter = seconds(5);
// A sleep may not count suspended time, so none is long while something is timed.
constexpr Duration kSleepMax = seconds(1);

Duration span_of(std::uint64_t ms) {
  return milliseconds(static_cast<std::int64_t>(ms));
}

}  // namespace

Supervisor::Supervisor(int listening, Cage cage)
    : line_(listening, cage.name()),
      cage_(std::move(cage)),
      connect_by_(read_clocks().now + kConnectPatience) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t taken;
  ::sigemptyset(&taken);
  ::sigaddset(&taken, SIGCHLD);
  ::sigaddset(&taken, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &taken, nullptr);
  signals_ = ::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

int Supervisor::run() {
  while (!finished(read_clocks().now)) {
    const bool knock = wait();
    take_signals();
    take_orders();
    if (knock) {
      // After the last orders of the agent before.
      line_.accept();
      connect_by_ = {};
    }
    reap();
    on_time(read_clocks());
  }
  line_.leave_farewell();
  return 0;
}

// Without an agent there is nothing to wait for once the attempt is over.
bool Supervisor::finished(Instant now) const {
  const bool waits = line_.connected() || (now < connect_by_ && !must_end_);
  return state_ == State::kIdle && (must_end_ || !waits);
}

bool Supervisor::wait() {
  pollfd items[4] = {{signals_, POLLIN, 0},
                     {line_.listening(), POLLIN, 0},
                     {line_.connection(), POLLIN, 0},
                     {watch_.fd(), POLLIN, 0}};
  if (line_.wants_to_write()) {
    items[2].events |= POLLOUT;
  }
  int timeout_ms = -1;
  if (const std::optional<Instant> wake = next_wake()) {
    const Duration left = std::min(*wake - read_clocks().now, kSleepMax);
    timeout_ms = static_cast<int>((std::max<std::int64_t>(left.us, 0) + 999) / 1000);
  }
  ::poll(items, 4, timeout_ms);
  if ((items[2].revents & POLLOUT) != 0) {
    line_.say_on();
  }
  return items[1].revents != 0;
}

std::optional<Instant> Supervisor::next_wake() const {
  std::optional<Instant> wake = spool_ ? spool_->next_wake() : std::nullopt;
  const auto at = [&wake](Instant time) {
    wake = std::min(wake.value_or(time), time);
  };
  if (state_ == State::kRunning) {
    at(lease_ == Instant{} ? Instant{INT64_MAX} : lease_);
    at(over_.value_or(Instant{INT64_MAX}));
    if (run_.silence_ms() > 0) {
      at(heard_ + span_of(run_.silence_ms()));
    }
  }
  if (state_ == State::kStopping || state_ == State::kKilling) {
    at(deadline_);
  }
  if (spool_ && !spool_->waits_for_room() && (spool_->more() || state_ == State::kDraining)) {
    at(Instant{});
  }
  if (watch_.poll_period() > Duration{}) {
    at(read_clocks().now + watch_.poll_period());
  }
  if (state_ == State::kIdle && !line_.connected()) {
    at(connect_by_);
  }
  return wake;
}

void Supervisor::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGTERM) {
      end();
    }
  }
}

void Supervisor::end() {
  must_end_ = true;
  stop(kEndGrace);
}

void Supervisor::take_orders() {
  ReceivedOrder received;
  while (line_.receive(received) == Received::kMessage) {
    obey(received.order, received.attached_fd);
    if (received.attached_fd >= 0) {
      ::close(received.attached_fd);
    }
  }
}

void Supervisor::obey(const shimpb::Order& order, int attached_fd) {
  switch (order.kind_case()) {
    case shimpb::Order::kStart:
      start(attached_fd);
      return;
    case shimpb::Order::kStop:
      stop(order.stop());
      return;
    case shimpb::Order::kLease:
      lease_ = {order.lease().end_us()};
      return;
    case shimpb::Order::kClose:
      end();
      return;
    case shimpb::Order::KIND_NOT_SET:
      return;  // of a newer agent
  }
}

void Supervisor::refuse(const Launched& failed) {
  shimpb::Notice notice = notice_now();
  notice.mutable_exec_error()->set_error(failed.error);
  notice.mutable_exec_error()->set_what(failed.what);
  notice.mutable_exec_error()->set_of_box(failed.of_box);
  line_.say(notice);
}

void Supervisor::start(int attached_fd) {
  if (state_ != State::kIdle) {
    return;  // the agent waits until the shim is free
  }
  std::optional<shimpb::Run> run = read_run(attached_fd);
  line_.begin(run.value_or(shimpb::Run()));
  if (!run) {
    refuse({0, EINVAL, "the order of the agent", true});
    say_empty();
    return;
  }
  spool_.emplace(*run);
  cage_.enter();
  const Launched launched =
      spool_->error() == 0 ? launch(*run) : Launched{0, spool_->error(), run->spool_path(), true};
  run->clear_argv();
  run->clear_env();
  run_ = *std::move(run);
  program_ = launched.pid;
  if (launched.pid == 0) {
    refuse(launched);
    state_ = State::kDraining;
    return;
  }
  state_ = State::kRunning;
  begin_limits();
  shimpb::Notice notice = notice_now();
  notice.mutable_started()->set_pid(launched.pid);
  line_.say(notice);
}

void Supervisor::begin_limits() {
  const Clocks clocks = read_clocks();
  lease_ = {run_.lease_end_us()};
  heard_ = clocks.now;
  over_.reset();
  if (run_.trial_time_ms() > 0) {
    over_ = clocks.now + span_of(run_.trial_time_ms());
  }
  watch_.begin({run_.stdout_path(), run_.stderr_path(), run_.metrics_path()});
  spool_->read(clocks);  // what was written before anybody watched
}

void Supervisor::say_empty() {
  shimpb::Notice notice = notice_now();
  notice.mutable_empty();
  line_.say(notice);
}

// Why it was stopped is said before the exit that follows from it, and to every agent to come.
void Supervisor::stop(const shimpb::Stop& order) {
  if (state_ == State::kRunning && program_ != 0 && order.has_failure()) {
    shimpb::Notice notice = notice_now();
    *notice.mutable_stopped()->mutable_failure() = order.failure();
    line_.say(notice);
  }
  stop(span_of(order.grace_ms()));
}

void Supervisor::stop(Duration grace) {
  if (state_ != State::kRunning && state_ != State::kStopping) {
    return;
  }
  const Instant deadline = read_clocks().now + grace;
  if (state_ == State::kStopping) {
    deadline_ = std::min(deadline_, deadline);
    return;
  }
  state_ = State::kStopping;
  deadline_ = deadline;
  if (grace > Duration{}) {
    cage_.signal(SIGTERM);
  }
}

void Supervisor::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == program_) {
      program_ = 0;
      shimpb::Notice notice = notice_now();
      notice.mutable_exited()->set_code(WIFEXITED(status) ? WEXITSTATUS(status) : 0);
      notice.mutable_exited()->set_signal(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
      line_.say(notice);
    }
  }
  if (state_ == State::kIdle || state_ == State::kDraining) {
    return;
  }
  // As the reaper of orphans we are the parent of the root of everything that still lives.
  if (pid < 0 && errno == ECHILD && cage_.empty()) {
    state_ = State::kDraining;
  } else if (program_ == 0 && state_ == State::kRunning) {
    stop(span_of(run_.leftover_grace_ms()));
  }
}

void Supervisor::drain(const Clocks& clocks) {
  if (!spool_->drain(clocks)) {
    return;
  }
  watch_.end();
  spool_.reset();
  state_ = State::kIdle;
  lease_ = {};
  say_empty();
}

void Supervisor::on_time(const Clocks& clocks) {
  if (spool_ && (watch_.grew() || spool_->more())) {
    heard_ = clocks.now;
    spool_->read(clocks);
  }
  if (spool_) {
    spool_->on_time(clocks);
  }
  if (state_ == State::kRunning) {
    check_limits(clocks.now);
  }
  if (state_ == State::kStopping && clocks.now >= deadline_) {
    state_ = State::kKilling;
    pause_ = kPauseFirst;
    stuck_at_ = clocks.now + kStuckAfter;
    deadline_ = clocks.now;
  }
  if (state_ == State::kKilling && clocks.now >= deadline_) {
    kill_round(clocks.now);
  }
  if (state_ == State::kDraining) {
    drain(clocks);
  }
}

void Supervisor::check_limits(Instant now) {
  shimpb::Notice notice = notice_now();
  Duration grace = span_of(run_.grace_ms());
  if (lease_ != Instant{} && now >= lease_) {
    notice.mutable_lapsed();
    grace = {};  // the daemon gives the trial to somebody else
  } else if (over_ && now >= *over_) {
    notice.mutable_timed_out();
  } else if (run_.silence_ms() > 0 && now - heard_ >= span_of(run_.silence_ms())) {
    notice.mutable_silent();
  } else {
    return;
  }
  line_.say(notice);
  stop(grace);
}

void Supervisor::kill_round(Instant now) {
  cage_.kill_all();
  if (now >= stuck_at_) {
    const std::vector<pid_t> pids = cage_.members();
    shimpb::Notice notice = notice_now();
    notice.mutable_stuck()->mutable_pids()->Assign(pids.begin(), pids.end());
    line_.say(notice);
    stuck_at_ = now + kStuckAfter + kStuckAfter;
  }
  deadline_ = read_clocks().now + pause_;
  pause_ = std::min(Duration{pause_.us * 2}, kPauseMax);
}

}  // namespace sweepd::agent::shim
