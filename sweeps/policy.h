// Early-termination policies: fed with every report, they judge the one that came last.
#pragma once

#include "base/ids.h"
#include "sweeps/sweep_spec.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sweepd::sweeps {

struct PolicyReport {
  TrialNumber trial;
  std::uint32_t n = 0;  // number of the report of the objective in its attempt: 1, 2, …
  double resource = 0;  // the named field of [stop] time, or n
  double value = 0;     // oriented: smaller is better, never NaN, +infinity for a diverged trial
};

enum class Decision : int { kContinue = 1, kStop = 2 };  // stored; append-only

// A decision with everything needed to explain it. Values oriented.
struct Verdict {
  Decision decision = Decision::kContinue;
  std::string rule;         // "bandit", "median", "truncation", "asha", "nan"
  double at = 0;            // the report number, or the resource level of the rung
  double own = 0;           // the trial's value that was compared
  double threshold = 0;     // worse than this stops (asha: the worst value that still continues)
  std::uint32_t peers = 0;  // how many values were compared, own included

  bool operator==(const Verdict&) const = default;
};

// The memory of one sweep's policy. A value type: copying it copies the memory.
// All methods are total; nothing is asked of the world. observe and judge cost O(log trials).
class Policy {
 public:
  explicit Policy(const StopSpec& spec);
  ~Policy();
  Policy(const Policy& other);
  Policy(Policy&& other) noexcept;
  Policy& operator=(const Policy& other);
  Policy& operator=(Policy&& other) noexcept;

  // Takes the next report of a trial into account. Reports come in order per trial (n = 1, 2, …);
  // after the trial's end they change nothing. The interval of a policy counts n; on a named
  // resource a report is at the highest multiple of the interval that it reaches or passes, each
  // multiple once, and resources that go back or are no number are at none.
  void observe(const PolicyReport& report);

  // The verdict on the report that was observed last, which must be of this trial; empty when no
  // rule applies to it (not a multiple of the interval, no rung entered, no policy). When a report
  // enters several rungs the verdict is of the lowest rung that stops, else of the highest entered.
  std::optional<Verdict> judge(TrialNumber trial) const;

  // A trial starts over under a new attempt: its reports so far are taken back.
  void forget(TrialNumber trial);

  // A trial has ended; `failed` ones count as worst where the policy says so.
  void end(TrialNumber trial, bool failed);

  bool operator==(const Policy& other) const;

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;  // never null, except after a move
};

}  // namespace sweepd::sweeps
