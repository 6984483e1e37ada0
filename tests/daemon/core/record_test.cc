// Which journal a record belongs to.
#include "daemon/core/record.h"

#include <doctest/doctest.h>

using namespace sweepd;
using namespace sweepd::core;

TEST_CASE("record: the journal of a sweep holds all that happens to it and its trials") {
  const TrialKey trial{SweepId{12}, TrialNumber{7}};
  const AttemptKey attempt{SweepId{12}, TrialNumber{7}, AttemptNumber{1}};
  const std::vector<Record> mine{SweepStateChanged{SweepId{12}, {}, {}},
                                 SweepClosing{SweepId{12}, {}, {}},
                                 SweepEnded{SweepId{12}, {}, {}, {}},
                                 SweepReopened{SweepId{12}, {}},
                                 TrialsProposed{SweepId{12}, {}, {}, false},
                                 TrialRequeued{trial, {}, {}, false, false, {}},
                                 TrialClosed{trial, {}, {}},
                                 AttemptAssigned{attempt, {}, {}, {}, {}},
                                 AttemptAdvanced{attempt, {}},
                                 ReportRecorded{attempt, 1, {}, {}, 0, {}},
                                 VerdictReached{attempt, {}, {}},
                                 StopRequested{attempt, {}, {}},
                                 AttemptClosed{attempt, {}, {}, {}},
                                 ControlApplied{{}, SweepId{12}, {}, {}}};
  for (const Record& record : mine) {
    CAPTURE(record.index());
    CHECK(journal_of(record) == SweepId{12});
  }
}

TEST_CASE("record: files that are let go are let go in their sweep's journal") {
  CHECK(journal_of(OutputsDropped{AttemptKey{{12}, {7}, {1}}}) == SweepId{12});
}

TEST_CASE("record: agents and models belong to no sweep") {
  CHECK(journal_of(AgentRegistered{}) == SweepId{});
  CHECK(journal_of(AgentStateChanged{}) == SweepId{});
  CHECK(journal_of(StorageLevelChanged{}) == SweepId{});
  CHECK(journal_of(StoreRestored{}) == SweepId{});
  CHECK(journal_of(StoreWentBack{}) == SweepId{});
  CHECK(journal_of(StartsDeferred{}) == SweepId{});
  CHECK(journal_of(ReturnsAwaited{}) == SweepId{});
  CHECK(journal_of(LeaseChanged{}) == SweepId{});
  // Its own journal is about to be deleted.
  CHECK(journal_of(SweepRemoved{{}, SweepId{12}, {}, 1, "ada", {}}) == SweepId{});
  // Charges too: an ended sweep's journal is not read at a start, and its trials still stand in
  // streaks.
  CHECK(journal_of(AgentCharged{{3}, {SweepId{12}, TrialNumber{7}}, Charge::kMade}) == SweepId{});
  CHECK(journal_of(AgentProven{}) == SweepId{});
  CHECK(journal_of(AgentDrained{}) == SweepId{});
  CHECK(journal_of(AgentResumed{}) == SweepId{});
  ModelRegistered model;
  model.attempt.sweep = SweepId{12};
  CHECK(journal_of(model) == SweepId{});
}
