// The words for states and reasons.
#include "daemon/core/reason.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace sweepd::core;

TEST_CASE("reason: every state and code has a word of its own") {
  std::set<std::string_view> sweep;
  for (int state = 1; state <= 5; ++state) {
    sweep.insert(to_text(static_cast<SweepState>(state)));
  }
  CHECK_EQ(sweep.size(), 5);
  std::set<std::string_view> trial;
  for (int state = 1; state <= kTrialStates; ++state) {
    trial.insert(to_text(static_cast<TrialState>(state)));
  }
  CHECK_EQ(trial.size(), 9);
  std::set<std::string_view> attempt;
  for (int state = 1; state <= 10; ++state) {
    attempt.insert(to_text(static_cast<AttemptState>(state)));
  }
  CHECK_EQ(attempt.size(), 10);
  std::set<std::string_view> code;
  for (int value = 0; value <= 19; ++value) {
    code.insert(to_text(static_cast<ReasonCode>(value)));
  }
  code.insert(to_text(ReasonCode::kDiskLow));
  code.insert(to_text(ReasonCode::kRolledBack));
  CHECK_EQ(code.size(), 22);
  std::set<std::string_view> storage;
  for (int level = 1; level <= 3; ++level) {
    storage.insert(to_text(static_cast<StorageLevel>(level)));
  }
  CHECK_EQ(storage.size(), 3);
  CHECK_FALSE(storage.contains("unknown"));
  for (const auto& words : {sweep, trial, attempt, code}) {
    CHECK_FALSE(words.contains("unknown"));
    CHECK_FALSE(words.contains("UNKNOWN"));
  }
}

TEST_CASE("reason: the last states are the terminal ones") {
  CHECK_FALSE(is_terminal(TrialState::kFinishing));
  CHECK(is_terminal(TrialState::kCompleted));
  CHECK(is_terminal(TrialState::kCancelled));
  CHECK_FALSE(is_terminal(AttemptState::kFinishing));
  CHECK(is_terminal(AttemptState::kLost));
  CHECK_FALSE(is_terminal(SweepState::kPaused));
  CHECK(is_terminal(SweepState::kFailed));
}
