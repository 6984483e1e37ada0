// What the checks of `sweep-agent doctor` find.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sweepd::agent {

// In the order in which they are made. The number is the exit code when it is the first that
// failed: scripts depend on it, so it never changes.
enum class Check : int {
  kSettings = 10,
  kShim = 11,
  kState = 12,
  kDisk = 13,
  kAddress = 14,
  kName = 15,
  kTunnel = 16,
  kControlPort = 17,
  kBulkPort = 18,
  kClientPort = 19,
  kDaemon = 20,
  kVersion = 21,
  kClock = 22,  // a warning at most
  kContainment = 23,
  kGpus = 24
};

// "settings", "control port", …
std::string_view name_of(Check check);

enum class Outcome {
  kOk,
  kWarning,   // it works, and there is something to know
  kFailed,    // no trial can run like this
  kNotTried,  // something before it failed
};

struct Finding {
  Check check = Check::kSettings;
  Outcome outcome = Outcome::kOk;
  std::string text;         // what was found, in a sentence
  std::string advice = {};  // what to do; empty: nothing has to be done

  bool operator==(const Finding&) const = default;
};

// Takes findings as they are made: some checks wait for seconds.
using Told = std::function<void(const Finding&)>;

}  // namespace sweepd::agent
