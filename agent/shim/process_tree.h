// The processes below a process, found by walking parents in /proc.
#pragma once

#include <sys/types.h>

#include <vector>

namespace sweepd::agent::shim {

// Every living descendant of `root` (zombies do not count), at one moment that is already past:
// whoever must be sure looks again. Allocates; not for a signal handler.
std::vector<pid_t> descendants(pid_t root);

// Sends a signal to each; those that are gone already are no error.
void signal_all(const std::vector<pid_t>& pids, int signal);

}  // namespace sweepd::agent::shim
