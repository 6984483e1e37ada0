// A disk with little room starts nothing; a restored state gives nothing to whom it does not know.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

const Reason kReason{ReasonCode::kDiskLow, "1.0 GiB is free, free some"};

}  // namespace

TEST_CASE("storage: with little room nothing new is taken or assigned, what runs goes on") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(a_spec(3));
  const AttemptKey first = attempt_key(1, 1);
  desk.run(first);
  const Outcome low = desk.step(StorageChanged{StorageLevel::kLow, kReason});
  CHECK(one_record<StorageLevelChanged>(low).reason == kReason);
  CHECK(low.records.size() == 1);

  const Outcome refused =
      desk.step(SweepSubmitted{desk.fresh_request(), a_spec(), "toml", "code", "ada", false});
  CHECK(refused.records.empty());
  const auto error = std::get<Error>(one_effect<Answer>(refused).body);
  CHECK(error.code == Errc::kUnavailable);
  CHECK(error.message == "the sweep was not taken: 1.0 GiB is free, free some");

  CHECK(records<ReportRecorded>(desk.report(first, 1, 0.5)).size() == 1);
  const Outcome ended = desk.end(first);
  CHECK(records<AttemptClosed>(ended).size() == 1);
  CHECK(records<AttemptAssigned>(ended).empty());
  CHECK(why_waiting(desk.state, desk.sweep()) == kReason.sentence);
  CHECK(explain(desk.state, desk.sweep(), desk.trial(3)) == "1/3 is queued\n" + kReason.sentence);
  CHECK(records<AttemptAssigned>(desk.join("other", Desk::slots(4))).empty());

  const Outcome plenty = desk.step(StorageChanged{StorageLevel::kPlenty, {}});
  CHECK(records<AttemptAssigned>(plenty).size() == 1);
  CHECK(desk.state.storage_reason == Reason{});
}

TEST_CASE("storage: a repeated submission is answered however little room there is") {
  Desk desk;
  const RequestId request = desk.fresh_request();
  desk.step(SweepSubmitted{request, a_spec(), "toml", "code", "ada", false});
  desk.step(StorageChanged{StorageLevel::kCritical, kReason});
  const Outcome again = desk.step(SweepSubmitted{request, a_spec(), "toml", "code", "ada", false});
  CHECK(std::get<SubmitAnswer>(one_effect<Answer>(again).body).again);
}

TEST_CASE("storage: a level that is known already is not journaled again") {
  Desk desk;
  CHECK(desk.step(StorageChanged{StorageLevel::kPlenty, {}}).records.empty());
  desk.step(StorageChanged{StorageLevel::kLow, kReason});
  CHECK(desk.step(StorageChanged{StorageLevel::kLow, {}}).records.empty());
}

TEST_CASE("restore: what ran is queued again for no retry, agents are lost, numbers are skipped") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  desk.run(attempt_key(1, 1));
  desk.report(attempt_key(1, 1), 1, 0.5);
  const Outcome restored = desk.step(BackupRestored{10'001});
  CHECK(records<StoreRestored>(restored).size() == 1);
  const auto closed = one_record<AttemptClosed>(restored);
  CHECK(closed.state == AttemptState::kLost);
  CHECK(closed.reason.code == ReasonCode::kRolledBack);
  CHECK_FALSE(one_record<TrialRequeued>(restored).spends_retry);
  CHECK(one_record<AgentStateChanged>(restored).state == AgentState::kLost);
  CHECK(records<AttemptAssigned>(restored).empty());
  CHECK(desk.submit(a_spec()) == SweepId{10'002});
}

TEST_CASE(
    "restore: an agent that holds what is not known here is told to kill it, and gets nothing "
    "until it is gone") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  desk.step(BackupRestored{10'001});
  // Assigned by the old daemon after the backup, under the number that would be next here.
  const HeldAttempt stranger{attempt_key(1, 2), Phase::kRunning};
  const Outcome joined = desk.join("box", Desk::slots(1), {stranger});
  CHECK(one_effect<WelcomeAgent>(joined).kill == std::vector<AttemptKey>{stranger.attempt});
  CHECK(records<AttemptAssigned>(joined).empty());
  const Outcome stopping = desk.hold({{stranger.attempt, Phase::kStopping}});
  CHECK(records<AttemptAssigned>(stopping).empty());
  CHECK(desk.state.agents.at(desk.agent()).state == AgentState::kSuspect);
  const Outcome gone = desk.hold({});
  // Numbers 1 to 3 of the trial may have been given by the old daemon; nobody starts them.
  const auto assigned = records<AttemptAssigned>(gone);
  REQUIRE(assigned.size() == 3);
  CHECK(assigned.back().attempt == attempt_key(1, 1, 4));
  CHECK(one_effect<StartAttempt>(gone).attempt == attempt_key(1, 1, 4));
  CHECK(desk.trial(1).failures == 0);
  // Once is enough, and sweeps that came later have no past.
  desk.fail(attempt_key(1, 1, 4));
  CHECK(desk.trial(1).attempts.size() == 4);
  const SweepId later = desk.submit(a_spec(1));
  desk.control(ControlVerb::kKill, "1");
  desk.end(attempt_key(1, 2, 4));
  CHECK(desk.state.sweeps.at(later).trial({1}).attempts.size() == 1);
}
