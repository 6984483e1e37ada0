// Tests of the stop at programmer errors, in a child process.
#include "base/check.h"

#include "base/result.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

namespace sweepd {
namespace {

struct Death {
  int signal = 0;  // 0: it lived and left by itself
  std::string said;
};

// What becomes of a process that does this.
Death fate_of(void (*deed)()) {
  std::array<int, 2> pipe_ends = {};
  REQUIRE_EQ(::pipe(pipe_ends.data()), 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(pipe_ends[1], STDERR_FILENO);
    // The test program's own handler would report the abort as a failed test.
    std::signal(SIGABRT, SIG_DFL);
    deed();
    std::_Exit(0);
  }
  ::close(pipe_ends[1]);
  Death death;
  std::array<char, 512> buffer = {};
  for (ssize_t n = 0; (n = ::read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
    death.said.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::close(pipe_ends[0]);
  int status = 0;
  REQUIRE_EQ(::waitpid(child, &status, 0), child);
  death.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return death;
}

TEST_CASE("check: a failed one names condition, file and line, and aborts") {
  const Death death = fate_of([] { SWEEPD_CHECK(1 + 1 == 3); });
  CHECK_EQ(death.signal, SIGABRT);
  CHECK(death.said.find("1 + 1 == 3") != std::string::npos);
  CHECK(death.said.find("check_test.cc:") != std::string::npos);
}

TEST_CASE("check: a true one does nothing") {
  const Death death = fate_of([] { SWEEPD_CHECK(1 + 1 == 2); });
  CHECK_EQ(death.signal, 0);
  CHECK_EQ(death.said, "");
}

TEST_CASE("check: the value of a failed result cannot be taken, nor the error of a good one") {
  CHECK_EQ(fate_of([] { static_cast<void>(*Result<int>(Error{})); }).signal, SIGABRT);
  CHECK_EQ(fate_of([] { static_cast<void>(Result<int>(1).error()); }).signal, SIGABRT);
}

}  // namespace
}  // namespace sweepd
