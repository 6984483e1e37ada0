// Starts the program of an attempt: one vfork, everything about the child set before the exec.
#pragma once

#include "agent/shim/protocol.h"

#include <sys/types.h>

#include <string>

namespace sweepd::agent::shim {

struct Launched {
  pid_t pid = 0;        // 0: it was not started
  int error = 0;        // errno then
  std::string what;     // that could not be executed, opened or entered
  bool of_box = false;  // the fault is not the command's
};

// In a session of its own, with default signals, nothing but its standard streams open, no core
// dumps and the given niceness; killed with the shim. `argv[0]` without a slash is looked up in the
// PATH of `run.env`.
Launched launch(const shimpb::Run& run);

}  // namespace sweepd::agent::shim
