// What keeps the processes of an attempt together.
#include "agent/shim/cage.h"

#include "agent/shim/process_tree.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>

namespace sweepd::agent::shim {

namespace {

bool write_to(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) {
    ::close(fd);
  }
  return written;
}

// The numbers in a file of one number a line, but for our own.
std::vector<pid_t> others_in(const std::string& path) {
  std::vector<pid_t> pids;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  std::array<char, 4096> piece;
  for (ssize_t got = 0; fd >= 0 && (got = ::read(fd, piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  if (fd >= 0) {
    ::close(fd);
  }
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    const auto [rest, error] = std::from_chars(at, end, pid);
    if (error == std::errc() && pid != ::getpid()) {
      pids.push_back(pid);
    }
    at = rest + 1;
  }
  return pids;
}

}  // namespace

Cage Cage::subreaper() {
  return Cage(Kind::kSubreaper);
}

Cage Cage::cgroup(const std::string& folder) {
  Cage cage(Kind::kCgroup);
  cage.folder_ = folder;
  const bool kills = ::access((folder + "/cgroup.kill").c_str(), W_OK) == 0;
  return kills && write_to(folder + "/cgroup.procs", "0") ? cage : subreaper();
}

Cage Cage::pid_namespace(pid_t first) {
  // Mounts of the machine still arrive here; ours do not leave.
  const bool ours =
      ::getpid() == 1 && ::unshare(CLONE_NEWNS) == 0 &&
      ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0 &&
      ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
  if (!ours) {
    return subreaper();
  }
  std::array<char, 16> text{};
  const int size = std::snprintf(text.data(), text.size(), "%d", first);
  static_cast<void>(
      write_to("/proc/sys/kernel/ns_last_pid", {text.data(), static_cast<std::size_t>(size)}));
  return Cage(Kind::kPidNamespace);
}

std::string_view Cage::name_of(Kind kind) {
  switch (kind) {
    case Kind::kCgroup:
      return "cgroup";
    case Kind::kPidNamespace:
      return "pid-namespace";
    case Kind::kSubreaper:
      return "subreaper";
  }
  return "subreaper";
}

std::vector<pid_t> Cage::members() const {
  std::vector<pid_t> pids = descendants(::getpid());
  if (kind_ == Kind::kCgroup) {
    // Also what has come in another way; and what has left the group is still below us.
    const std::vector<pid_t> grouped = others_in(folder_ + "/cgroup.procs");
    pids.insert(pids.end(), grouped.begin(), grouped.end());
  }
  return pids;
}

void Cage::signal(int number) const {
  signal_all(members(), number);
}

void Cage::kill_all() {
  if (kind_ == Kind::kPidNamespace) {
    ::kill(-1, SIGKILL);  // everything in the namespace but its first process
    return;
  }
  if (kind_ == Kind::kCgroup) {
    outside_ = outside_ || write_to(folder_ + "/../cgroup.procs", "0");
    if (outside_) {
      write_to(folder_ + "/cgroup.kill", "1");
    }
  }
  // Stopped first, all of them: what is stopped cannot fork away from the walk that follows.
  std::vector<pid_t> pids = descendants(::getpid());
  for (std::size_t seen = 0; seen < pids.size();) {
    seen = pids.size();
    signal_all(pids, SIGSTOP);
    pids = descendants(::getpid());
  }
  signal_all(pids, SIGKILL);
}

void Cage::enter() {
  if (outside_) {
    outside_ = !write_to(folder_ + "/cgroup.procs", "0");
  }
}

}  // namespace sweepd::agent::shim
