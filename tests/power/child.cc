// fork and wait.
#include "tests/power/child.h"

#include "base/check.h"

#include <fmt/format.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace sweepd::power {

namespace {

constexpr unsigned kSecondsMax = 240;

}  // namespace

std::string ChildEnd::words() const {
  if (signal == SIGALRM) {
    return "it hangs";
  }
  return signal != 0 ? fmt::format("it was ended by signal {}", signal)
                     : fmt::format("it ended with exit code {}", exit_code);
}

ChildEnd run_child(const std::function<void()>& work) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  SWEEPD_CHECK(child >= 0);
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(kSecondsMax);
    work();
    std::fflush(nullptr);
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    SWEEPD_CHECK(errno == EINTR);
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

}  // namespace sweepd::power
