// Processes of attempts of earlier runs of the agent that have lost their shim.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace sweepd::agent {

// What is left of attempts under the state folder, below no shim: told by the slot's lock, which
// they have open, or by their environment. Reads /proc; for when something may be left.
std::vector<pid_t> find_leftovers(const std::string& state);

}  // namespace sweepd::agent
