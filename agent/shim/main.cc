// sweep-shim: started by sweep-agent, one for each slot; not for use by hand.
#include "agent/shim/cage.h"
#include "agent/shim/protocol.h"
#include "agent/shim/supervisor.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using sweepd::agent::shim::Cage;

// sweep-shim [--cgroup FOLDER | --pid-namespace FIRST]
Cage cage_of(int argc, char** argv) {
  const std::string_view kind = argc == 3 ? argv[1] : "";
  if (kind == "--cgroup") {
    return Cage::cgroup(argv[2]);
  }
  if (kind == "--pid-namespace") {
    return Cage::pid_namespace(static_cast<pid_t>(std::strtol(argv[2], nullptr, 10)));
  }
  return Cage::subreaper();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sweepd::agent::shim;  // NOLINT(google-build-using-namespace): a program
  if (::fcntl(kListenFd, F_SETFD, FD_CLOEXEC) != 0) {
    std::fputs("sweep-shim is started by sweep-agent\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_NAME, "sweep-shim");
  // Once more, so that who connects is told this process for the one that listens.
  ::listen(kListenFd, 4);
  return Supervisor(kListenFd, cage_of(argc, argv)).run();
}
