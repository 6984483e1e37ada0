// What the exit codes of sweepctl mean; scripts depend on them, so they never change.
#pragma once

#include "base/result.h"

namespace sweepd::cli {

constexpr int kExitOk = 0;
constexpr int kExitUnexpected = 1;
constexpr int kExitUsage = 2;        // bad usage, or an invalid sweep file
constexpr int kExitUnavailable = 3;  // the daemon cannot be reached, or its disk is full
constexpr int kExitNotAllowed = 4;
constexpr int kExitNotFound = 5;
constexpr int kExitWrongState = 6;
constexpr int kExitTimeout = 7;
constexpr int kExitNotSuccessful = 8;  // it ran to its end and did not succeed
constexpr int kExitImpossible = 9;     // can never run here
constexpr int kExitRunFailed = 125;    // `run` only: sweepd failed, not the command
constexpr int kExitInterrupted = 130;

// The exit code that tells a script about an error.
int exit_code(Errc code);

// The exit code of `run` for a command ended by a signal: what a shell would give.
constexpr int exit_code_of_signal(int signal) {
  return 128 + signal;
}

}  // namespace sweepd::cli
