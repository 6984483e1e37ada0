// Records that cannot have been decided are found before they are applied.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

TEST_CASE("misfit: every record of a real history fits where it was decided") {
  Desk desk;
  State apart;
  const auto follow = [&](const Outcome& outcome) {
    for (const Record& record : outcome.records) {
      CHECK_EQ(misfit(apart, record).value_or(""), "");
      apply_record(apart, record);
    }
  };
  follow(desk.join("box", Desk::slots(1)));
  follow(desk.step(SweepSubmitted{desk.fresh_request(), a_spec(2), "toml", "code", "ada", false}));
  follow(desk.propose({1}, 2));
  follow(desk.run(attempt_key(1, 1)));
  follow(desk.report(attempt_key(1, 1), 1, 0.5));
  follow(desk.end(attempt_key(1, 1)));
  follow(desk.control(ControlVerb::kKill, "1"));
  CHECK(apart == desk.state);
}

TEST_CASE("misfit: records out of place are told in words") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  const auto words = [&](const Record& record) {
    return misfit(desk.state, record).value_or("");
  };
  CHECK(words(SweepEnded{{9}, {}, {}, {}}) == "there is no sweep 9 before it");
  CHECK(words(TrialClosed{{{1}, {7}}, {}, {}}) == "there is no trial 1/7 before it");
  CHECK(words(AttemptAdvanced{attempt_key(1, 2), {}}) == "there is no attempt 1/2#1 before it");
  CHECK(words(AttemptAssigned{attempt_key(1, 1), {1}, {0}, {}, {}}) ==
        "attempt 1/1#1 is assigned after 1 others");
  CHECK(words(TrialsProposed{{1}, {9}, {{}}, false}) == "trial 9 is proposed after trial 2");
  CHECK(words(ReportRecorded{attempt_key(1, 1), 3, {}, {}, 0, {}}) ==
        "report 3 of 1/1#1 comes after report 0");
  CHECK(words(OutputsDropped{attempt_key(1, 2)}) == "there is no attempt 1/2#1 before it");
  CHECK(words(OutputsDropped{attempt_key(1, 1)}) == "there are no files of 1/1#1 before it");
  CHECK(words(AgentStateChanged{{5}, {}, {}, {}}) == "there is no agent 5 before it");
  CHECK(words(StoreWentBack{{5}, 1, {}, 0, {}}) == "there is no agent 5 before it");
  CHECK(words(StartsDeferred{}) == "the store was not restored before it, and did not go back");
  CHECK(words(ReturnsAwaited{{{1}, {5}}, {}}) == "there is no agent 5 before it");
  CHECK(words(ReturnsAwaited{{{1}}, {}}).empty());
  desk.step(AgentLost{AgentId{1}, false});
  CHECK(words(ReturnsAwaited{{{1}}, {}}) == "agent 1 is awaited and was lost before it");
  ModelRegistered model;
  model.model = "m";
  model.version = 2;
  CHECK(words(model) == "version 2 of model m comes after 0");
  SweepAccepted again;
  again.sweep = {1};
  CHECK(words(again) == "sweep 1 was accepted before");
}
