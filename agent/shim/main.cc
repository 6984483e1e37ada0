// sweep-shim: started by sweep-agent, one for each slot; not for use by hand.
#include "agent/shim/protocol.h"
#include "agent/shim/supervisor.h"

#include <fcntl.h>
#include <sys/prctl.h>

#include <cstdio>

int main() {
  // The slot's lock must not be held by what the attempt leaves running.
  ::fcntl(sweepd::agent::shim::kLockFd, F_SETFD, FD_CLOEXEC);
  if (::fcntl(sweepd::agent::shim::kSocketFd, F_SETFD, FD_CLOEXEC) != 0) {
    std::fputs("sweep-shim is started by sweep-agent\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_NAME, "sweep-shim");
  return sweepd::agent::shim::Supervisor(sweepd::agent::shim::kSocketFd).run();
}
