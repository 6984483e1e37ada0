// sweep-shim: started by sweep-agent, one for each slot; not for use by hand.
#include "agent/shim/protocol.h"
#include "agent/shim/supervisor.h"

#include <fcntl.h>
#include <sys/prctl.h>

#include <cstdio>

int main() {
  if (::fcntl(sweepd::agent::shim::kListenFd, F_SETFD, FD_CLOEXEC) != 0) {
    std::fputs("sweep-shim is started by sweep-agent\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_NAME, "sweep-shim");
  return sweepd::agent::shim::Supervisor(sweepd::agent::shim::kListenFd).run();
}
