// The identities of sweeps, trials, attempts, agents and requests, as types that cannot be mixed
// up.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace sweepd {

// An integer that means one thing. Zero means "none".
template <typename Tag, typename Int>
struct Id {
  Int value = 0;

  explicit operator bool() const { return value != 0; }

  auto operator<=>(const Id&) const = default;
};

using SweepId = Id<struct SweepTag, std::uint64_t>;          // 1, 2, 3 … in the daemon
using TrialNumber = Id<struct TrialTag, std::uint32_t>;      // 1, 2, 3 … in its sweep
using AttemptNumber = Id<struct AttemptTag, std::uint32_t>;  // 1, 2, 3 … of its trial; the fence
using AgentId = Id<struct AgentTag, std::uint32_t>;          // 1, 2, 3 … in the daemon

// "12/7"
struct TrialKey {
  SweepId sweep;
  TrialNumber trial;

  auto operator<=>(const TrialKey&) const = default;
};

// "12/7#2": the right to run, and the fence of everything that comes back.
struct AttemptKey {
  SweepId sweep;
  TrialNumber trial;
  AttemptNumber attempt;

  TrialKey trial_key() const { return {sweep, trial}; }

  auto operator<=>(const AttemptKey&) const = default;
};

// 128 random bits that a client draws once per change it asks for; a repeat is answered, not
// redone. Two that differ in `body` alone are no repeats but a mistake, and the second is refused.
struct RequestId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint64_t body = 0;  // of the digest of what was asked for

  auto operator<=>(const RequestId&) const = default;
};

std::string to_string(SweepId id);             // "12"
std::string to_string(const TrialKey& key);    // "12/7"
std::string to_string(const AttemptKey& key);  // "12/7#2"

}  // namespace sweepd
