// The processes below a process, found by walking parents in /proc.
#include "agent/shim/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace sweepd::agent::shim {

namespace {

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';
};

// "1234 (any name, even with ) in it) S 1200 …"
std::optional<Process> read_process(int proc, const char* name) {
  char path[272];
  std::snprintf(path, sizeof path, "%s/stat", name);
  const int fd = ::openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return std::nullopt;
  }
  char text[512];
  const ssize_t size = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  text[std::max<ssize_t>(size, 0)] = '\0';
  const char* after_name = std::strrchr(text, ')');
  Process process;
  process.pid = static_cast<pid_t>(std::strtol(name, nullptr, 10));
  if (after_name == nullptr ||
      std::sscanf(after_name + 1, " %c %d", &process.state, &process.parent) != 2) {
    return std::nullopt;
  }
  return process;
}

std::vector<Process> all_processes() {
  std::vector<Process> all;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) {
    return all;
  }
  while (const dirent* entry = ::readdir(folder)) {  // NOLINT(concurrency-mt-unsafe): one thread
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') {
      continue;
    }
    if (const std::optional<Process> process = read_process(::dirfd(folder), entry->d_name)) {
      all.push_back(*process);
    }
  }
  ::closedir(folder);
  return all;
}

}  // namespace

std::vector<pid_t> descendants(pid_t root) {
  const std::vector<Process> all = all_processes();
  std::vector<pid_t> reached = {root};
  // A dead process stays in the walk: it may still be named as a parent.
  for (std::size_t i = 0; i < reached.size(); ++i) {
    for (const Process& process : all) {
      if (process.parent == reached[i] && process.pid != root) {
        reached.push_back(process.pid);
      }
    }
  }
  std::vector<pid_t> living;
  for (const Process& process : all) {
    const bool below = std::find(reached.begin() + 1, reached.end(), process.pid) != reached.end();
    if (below && process.state != 'Z' && process.state != 'X') {
      living.push_back(process.pid);
    }
  }
  return living;
}

void signal_all(const std::vector<pid_t>& pids, int signal) {
  for (const pid_t pid : pids) {
    ::kill(pid, signal);
  }
}

}  // namespace sweepd::agent::shim
