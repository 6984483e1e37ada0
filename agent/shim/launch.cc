// Starts the program of an attempt.
#include "agent/shim/launch.h"

#include "agent/shim/protocol.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace sweepd::agent::shim {

namespace {

std::string_view path_of(const shimpb::Run& run) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string& variable : run.env()) {
    if (variable.starts_with(kName)) {
      return std::string_view(variable).substr(kName.size());
    }
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

// Relative names mean what they mean in the working folder of the attempt.
std::string from_cwd(const shimpb::Run& run, std::string_view name) {
  const bool absolute = !name.empty() && name.front() == '/';
  return absolute ? std::string(name) : run.cwd() + "/" + std::string(name);
}

// Where the program is; sets errno and returns an empty path when it is nowhere.
std::string find_program(const shimpb::Run& run) {
  const std::string& name = run.argv(0);
  if (name.find('/') != std::string::npos) {
    return from_cwd(run, name);
  }
  int error = ENOENT;
  std::string_view path = path_of(run);
  while (!path.empty() && !name.empty()) {
    const std::size_t colon = path.find(':');
    const std::string candidate = from_cwd(run, path.substr(0, colon)) + "/" + run.argv(0);
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    error = errno == EACCES ? EACCES : error;
    path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
  }
  errno = error;
  return {};
}

// Shortages of the machine, whatever is executed.
bool of_box(int error) {
  switch (error) {
    case EAGAIN:
    case EDQUOT:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
      return true;
    default:
      return false;
  }
}

using Texts = google::protobuf::RepeatedPtrField<std::string>;

std::vector<char*> pointers(const Texts& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) {
    out.push_back(const_cast<char*>(text.c_str()));  // NOLINT: execve takes them so
  }
  out.push_back(nullptr);
  return out;
}

int open_log(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

// Everything the child needs, ready before the fork: after it only system calls are made, because
// the memory is the parent's.
struct Child {
  const char* program;
  const char* cwd;
  char** argv;
  char** env;
  int in;
  int out;
  int err;
  int nice;
};

void default_signals() {
  struct sigaction action {};

  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    ::sigaction(signal, &action, nullptr);  // fails for KILL and STOP, which need it not
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(const Child& child, volatile int& error, volatile bool& in_cwd) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::setpriority(PRIO_PROCESS, 0, child.nice);
  ::dup2(child.in, 0);
  ::dup2(child.out, 1);
  ::dup2(child.err, 2);
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  // Whatever becomes of the shim, the slot is taken as long as any process of the attempt lives.
  ::fcntl(kLockFd, F_SETFD, 0);
  default_signals();
  if (::chdir(child.cwd) == 0) {
    in_cwd = true;
    ::execve(child.program, child.argv, child.env);
  }
  error = errno;
  ::_exit(127);
}

Launched spawn(const shimpb::Run& run, const std::string& program, const int (&streams)[3]) {
  std::vector<char*> argv = pointers(run.argv());
  std::vector<char*> env = pointers(run.env());
  const Child child{program.c_str(),
                    run.cwd().c_str(),
                    argv.data(),
                    env.data(),
                    streams[0],
                    streams[1],
                    streams[2],
                    run.nice()};
  volatile int error = 0;
  volatile bool in_cwd = false;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);  // no handler may run in the child in our memory
  // vfork: a copy of the page tables would cost as much as the rest of a short trial.
  const pid_t pid = ::vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (pid == 0) {
    run_child(child, error, in_cwd);
  }
  const int fork_error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    return {0, fork_error, "a new process", true};
  }
  if (error != 0) {
    // The child is reaped with all others.
    return {0, error, in_cwd ? run.argv(0) : run.cwd(), of_box(error)};
  }
  return {pid, 0, {}};
}

}  // namespace

Launched launch(const shimpb::Run& run) {
  if (run.argv().empty()) {
    return {0, EINVAL, "an empty command"};
  }
  const std::string program = find_program(run);
  if (program.empty()) {
    return {0, errno, run.argv(0)};
  }
  // There from the beginning, so that it can be watched.
  if (const int metrics = open_log(run.metrics_path()); metrics >= 0) {
    ::close(metrics);
  }
  const int streams[3] = {::open("/dev/null", O_RDONLY | O_CLOEXEC),
                          open_log(run.stdout_path()),
                          open_log(run.stderr_path())};
  Launched launched;
  if (streams[0] < 0 || streams[1] < 0 || streams[2] < 0) {
    launched = {0, errno, streams[1] < 0 ? run.stdout_path() : run.stderr_path(), true};
  } else {
    launched = spawn(run, program, streams);
  }
  for (const int fd : streams) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
  return launched;
}

}  // namespace sweepd::agent::shim
