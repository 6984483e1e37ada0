// Following a sweep to its end: what changed since the last look, and waiting.
#pragma once

#include "base/result.h"
#include "cli/interrupts.h"
#include "cli/session.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::cli {

constexpr std::chrono::milliseconds kFollowPeriod{250};

// Looks at a sweep again and again. Asks only for trials that can still change.
class SweepFollower {
 public:
  SweepFollower(Session& session, std::string selector)
      : session_(session), selector_(std::move(selector)) {}

  // Trials whose state or attempt differs from the last look; at the first look all of them.
  Result<std::vector<pb::TrialRow>> look();

  const pb::SweepSummary& summary() const { return detail_.summary(); }

  const pb::SweepDetail& detail() const { return detail_; }

  const std::map<std::uint32_t, pb::TrialRow>& trials() const { return trials_; }

  // True once the sweep has ended; the look that finds this out has also seen its last trials.
  bool ended() const { return ended_; }

 private:
  Session& session_;
  std::string selector_;
  pb::SweepDetail detail_;
  std::map<std::uint32_t, pb::TrialRow> trials_;  // by number
  std::uint32_t settled_ = 0;                     // trials 1..settled_ have ended
  bool ended_ = false;
};

// Lets a follower outlive its daemon: says once that it is away and once that it is back.
class Reconnecting {
 public:
  explicit Reconnecting(Session& session) : session_(session) {}

  // Whether to try again after this error: yes when the daemon has answered before and is now away.
  bool tolerates(const Error& error);
  void answered();

 private:
  Session& session_;
  bool answered_ = false;
  bool away_ = false;
};

struct WaitOptions {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  bool quiet = false;
};

// Whether the sweep paused because its first trials failed: nothing more happens until somebody
// looks at it, so nobody should wait for it.
bool paused_itself(const pb::SweepSummary& sweep);

// Waits for the end of a sweep, or until it has paused itself. A bar on a terminal, one line per
// ended trial in a pipe (both on stderr). Errors: kTimeout, kInterrupted, and those of the daemon.
Result<pb::SweepSummary> wait_for_sweep(Session& session,
                                        const std::string& selector,
                                        const WaitOptions& options,
                                        Interrupts& interrupts);

// The same for one trial.
Result<pb::TrialRow> wait_for_trial(Session& session,
                                    const std::string& selector,
                                    const WaitOptions& options,
                                    Interrupts& interrupts);

}  // namespace sweepd::cli
