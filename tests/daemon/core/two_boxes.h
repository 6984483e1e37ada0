// Two agents, one of which is bad, for the tests of who is to blame.
#pragma once

#include "daemon/core/charge.h"
#include "tests/daemon/core/desk.h"

namespace sweepd::core {

// Two boxes; `bad` comes first, so that it gets the first trials.
inline Desk two_boxes(std::uint32_t bad_slots, std::uint32_t good_slots) {
  Desk desk;
  desk.join("bad", Desk::slots(bad_slots));
  desk.join("good", Desk::slots(good_slots));
  return desk;
}

inline AttemptKey current(const Desk& desk, std::uint32_t trial) {
  const Trial& of = desk.trial(trial);
  return {SweepId{1}, of.number, of.attempts.back().number};
}

inline bool runs_on(const Desk& desk, std::uint32_t trial, const std::string& box) {
  const Trial& of = desk.trial(trial);
  return !is_terminal(of.state) && of.state != TrialState::kQueued &&
         of.attempts.back().agent == desk.agent(box);
}

// Fails whatever runs on the box until nothing does, and says how many attempts that took.
inline int burn(Desk& desk, const std::string& box) {
  int failed = 0;
  while (!desk.state.held[desk.agent(box)].empty()) {
    desk.fail(*desk.state.held[desk.agent(box)].begin());
    ++failed;
  }
  return failed;
}

// What an agent says of an attempt that its box could not begin.
inline AttemptOutcome not_begun() {
  AttemptOutcome outcome;
  outcome.started = false;
  outcome.failure = {ReasonCode::kAgentError, "no space left"};
  return outcome;
}

inline const Agent& agent_of(const Desk& desk, const std::string& box) {
  return desk.state.agents.at(desk.agent(box));
}

}  // namespace sweepd::core
