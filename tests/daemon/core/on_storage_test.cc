// A disk with little room starts nothing; a state that is older than what agents know gives nothing
// to whom it does not know.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

const Reason kReason{ReasonCode::kDiskLow, "1.0 GiB is free, free some"};

// Says Hello as one that was told of `records_lost` records more than there are.
Outcome join_ahead(Desk& desk,
                   std::uint64_t records_lost,
                   const std::vector<HeldAttempt>& held = {},
                   const std::string& uuid = "box",
                   const std::string& boot = "boot-1") {
  AgentJoined joined{uuid, uuid, boot, "1", Desk::slots(1), {}, held};
  joined.knows_store = true;
  joined.records_lost = records_lost;
  joined.leases_over = desk.now + seconds(60);
  return desk.step(joined);
}

// One agent with one slot, a sweep of two trials, and a daemon that has just started on a store
// that knows of no more.
Desk restarted(bool confirmed = true) {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  if (confirmed) {
    desk.run(attempt_key(1, 1));
    desk.report(attempt_key(1, 1), 1, 0.5);
  }
  desk.step(DaemonStarted{});
  return desk;
}

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
  CHECK(why_waiting(desk.state, desk.sweep(), desk.now) == kReason.sentence);
  CHECK(explain(desk.state, desk.sweep(), desk.trial(3), desk.now) ==
        "1/3 is queued\n" + kReason.sentence);
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
  desk.step(DaemonStarted{});
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

TEST_CASE("restore: nothing starts before every lease of before the first start is over") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  desk.step(BackupRestored{10'001});
  const Instant over = desk.now + seconds(60);
  CHECK(one_record<StartsDeferred>(desk.step(DaemonStarted{over})).starts_from == over);
  // One that another box was given since the backup may run there.
  CHECK(records<AttemptAssigned>(desk.join("box", Desk::slots(1))).empty());
  desk.pass(seconds(59));
  CHECK(records<AttemptAssigned>(desk.step(TimePassed{})).empty());
  CHECK_FALSE(why_waiting(desk.state, desk.sweep(), desk.now).empty());
  // At a start in between there are no other leases.
  CHECK(records<StartsDeferred>(desk.step(DaemonStarted{desk.now + seconds(60)})).empty());
  desk.join("box", Desk::slots(1));
  desk.pass(seconds(1));
  CHECK(one_effect<StartAttempt>(desk.step(TimePassed{})).attempt == attempt_key(1, 1, 4));
}

TEST_CASE("reboot: nothing starts, nor is ordered again, before every agent is back or lost") {
  Desk desk;
  desk.join("one", Desk::slots(1));
  desk.join("two", Desk::slots(1));
  desk.submit(a_spec(3));
  REQUIRE(owed(desk.state, desk.now).size() == 2);
  const Outcome started =
      desk.step(DaemonStarted{desk.now + seconds(60), desk.state.lease, desk.now});
  CHECK(one_record<ReturnsAwaited>(started).agents == std::vector<AgentId>{{1}, {2}});
  CHECK(check_invariants(desk.state) == std::nullopt);
  CHECK(owed(desk.state, desk.now).empty());
  desk.join("one", Desk::slots(1));
  CHECK(owed(desk.state, desk.now).empty());
  CHECK(why_nothing_starts(desk.state, desk.now) ==
        "the daemon's machine was restarted, and what it stored last may be gone: nothing is "
        "started until agent two is back and says what runs there, or is lost");
  // Neither was begun: who asks for the trial or the sweep is told why the order is not repeated.
  const std::string why = why_nothing_starts(desk.state, desk.now);
  CHECK(explain(desk.state, desk.sweep(), desk.trial(1), desk.now).ends_with("\n" + why));
  CHECK(why_waiting(desk.state, desk.sweep(), desk.now) == why);
  desk.join("three", Desk::slots(1));
  CHECK(records<AttemptAssigned>(desk.step(TimePassed{})).empty());
  const Outcome lost = desk.step(AgentLost{AgentId{2}, false});
  CHECK(why_nothing_starts(desk.state, desk.now).empty());
  CHECK(records<AttemptAssigned>(lost).size() == 1);  // on the third agent
  CHECK(owed(desk.state, desk.now).size() == 2);
}

TEST_CASE("reboot: a sweep of which all is given to agents says why nothing begins") {
  Desk desk;
  desk.join("one", Desk::slots(1));
  desk.join("two", Desk::slots(1));
  desk.submit(a_spec(1));
  CHECK(why_waiting(desk.state, desk.sweep(), desk.now).empty());
  desk.step(DaemonStarted{desk.now + seconds(60), desk.state.lease, desk.now});
  CHECK(why_waiting(desk.state, desk.sweep(), desk.now) ==
        why_nothing_starts(desk.state, desk.now));
  // What runs is not waiting, though others would be.
  desk.join("one", Desk::slots(1), {{attempt_key(1, 1), Phase::kRunning}});
  REQUIRE_FALSE(why_nothing_starts(desk.state, desk.now).empty());
  CHECK(why_waiting(desk.state, desk.sweep(), desk.now).empty());
  CHECK(explain(desk.state, desk.sweep(), desk.trial(1), desk.now).find("restarted") ==
        std::string::npos);
}

TEST_CASE("reboot: what had to be waited for is waited for in full, whatever the clock says") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  desk.step(BackupRestored{10'001});
  const Instant before = desk.now;
  desk.step(DaemonStarted{desk.now + seconds(60), seconds(50)});
  desk.pass(seconds(7200));  // as the wall clock has it
  const Instant over = desk.now + seconds(60);
  const Outcome started = desk.step(DaemonStarted{over, seconds(50), before});
  CHECK(one_record<StartsDeferred>(started).starts_from == over);
  CHECK(one_record<LeaseChanged>(started).leases_over == over);
  CHECK(records<AttemptAssigned>(desk.join("box", Desk::slots(1))).empty());
  desk.pass(seconds(60));
  CHECK(records<AttemptAssigned>(desk.step(TimePassed{})).size() == 3);
}

TEST_CASE("reboot: where no agent can run anything, nobody is awaited") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.step(AgentLost{AgentId{1}, true});
  CHECK(records<ReturnsAwaited>(
            desk.step(DaemonStarted{desk.now + seconds(60), desk.state.lease, desk.now}))
            .empty());
}

TEST_CASE("loss: an agent that knows more than the store makes it say so, once") {
  Desk desk = restarted();
  const Outcome joined = join_ahead(desk, 50, {{attempt_key(1, 1), Phase::kRunning}});
  const auto loss = one_record<StoreWentBack>(joined);
  CHECK(loss == StoreWentBack{{1}, 50, {desk.now.us}, 10'001, desk.now + seconds(60)});
  CHECK(desk.state.records_lost == 50);
  CHECK(desk.submit(a_spec()) == SweepId{10'002});
  // Whoever joins later is not asked again: the edge compares with what was known at the start.
  CHECK(records<StoreWentBack>(desk.join("other", Desk::slots(1))).empty());
}

TEST_CASE("loss: what is known and still held goes on, and its agent hears how far it is stored") {
  Desk desk = restarted();
  const Outcome joined = join_ahead(desk, 50, {{attempt_key(1, 1), Phase::kRunning}});
  CHECK(records<AttemptClosed>(joined).empty());
  const auto welcome = one_effect<WelcomeAgent>(joined);
  CHECK(welcome.kill.empty());
  CHECK(welcome.reports == std::vector<AckReports>{{AgentId{1}, attempt_key(1, 1), 1, false}});
}

TEST_CASE("loss: nothing starts before every lease of before is over, and that is explained") {
  Desk desk = restarted();
  join_ahead(desk, 50, {{attempt_key(1, 1), Phase::kRunning}});
  CHECK(records<AttemptAssigned>(desk.join("other", Desk::slots(2))).empty());
  desk.pass(seconds(59));
  CHECK(records<AttemptAssigned>(desk.step(TimePassed{})).empty());
  CHECK(why_waiting(desk.state, desk.sweep(), desk.now) ==
        "the store went back or was restored, and what it does not know of may still run "
        "somewhere: nothing is started for 2 s, until no lease of before holds any more");
  desk.pass(seconds(1));
  const Outcome over = desk.step(TimePassed{});
  // Its numbers 1 to 3 may have been given to somebody in what is lost.
  CHECK(one_effect<StartAttempt>(over).attempt == attempt_key(1, 2, 4));
}

TEST_CASE("loss: what is known and not held any more had its end there; it counts as nobody's") {
  for (const bool confirmed : {true, false}) {
    CAPTURE(confirmed);
    Desk desk = restarted(confirmed);
    const Outcome joined = join_ahead(desk, 7, {}, "box", "boot-2");
    CHECK(one_record<AttemptClosed>(joined).reason.code == ReasonCode::kRolledBack);
    CHECK(desk.trial(1).state == TrialState::kQueued);
    CHECK(desk.trial(1).crashes == 0);
    CHECK(desk.trial(1).failures == 0);
  }
}

TEST_CASE("loss: what was to be stopped and is gone is over, as it was told") {
  Desk desk = restarted();
  desk.control(ControlVerb::kKill, "1/1");
  const Outcome joined = join_ahead(desk, 7);
  CHECK(one_record<TrialClosed>(joined).state == TrialState::kCancelled);
  CHECK(owed(desk.state, desk.now).empty());
}

TEST_CASE(
    "loss: an agent that holds what nobody gave proves it, and gets nothing until it is gone") {
  for (const AttemptKey& stranger :
       {attempt_key(9, 1), attempt_key(1, 2), attempt_key(1, 7), attempt_key(1, 1, 2)}) {
    CAPTURE(to_string(stranger));
    Desk desk = restarted();
    const Outcome joined =
        join_ahead(desk, 0, {{attempt_key(1, 1), Phase::kRunning}, {stranger, Phase::kRunning}});
    CHECK(one_record<StoreWentBack>(joined).records_lost == 1);
    CHECK(one_effect<WelcomeAgent>(joined).kill == std::vector<AttemptKey>{stranger});
    CHECK(desk.state.agents.at({1}).state == AgentState::kSuspect);
    desk.pass(seconds(61));
    CHECK(records<AttemptAssigned>(desk.step(TimePassed{})).empty());
    desk.hold({{attempt_key(1, 1), Phase::kRunning}});
    CHECK(desk.state.agents.at({1}).state == AgentState::kConnected);
  }
}

TEST_CASE("loss: what was given to the agent proves nothing, though it is over or removed") {
  Desk desk = restarted();
  desk.join("box", Desk::slots(1), {{attempt_key(1, 1), Phase::kRunning}});
  desk.control(ControlVerb::kKill, "1");
  desk.end(attempt_key(1, 1));
  CHECK(desk.join("box", Desk::slots(1), {{attempt_key(1, 1), Phase::kRunning}}).records.empty());
  desk.step(RemovalRequested{desk.fresh_request(), "1", "ada"});
  CHECK(desk.join("box", Desk::slots(1), {{attempt_key(1, 1), Phase::kRunning}}).records.empty());
  // Given, but to another agent: a number that was given twice.
  Desk two = restarted();
  two.join("box", Desk::slots(1), {{attempt_key(1, 1), Phase::kRunning}});
  const std::vector<HeldAttempt> twice{{attempt_key(1, 1), Phase::kRunning}};
  CHECK(records<StoreWentBack>(join_ahead(two, 0, twice, "other")).size() == 1);
  // Nor does anything that an agent of another daemon holds.
  Desk apart = restarted();
  CHECK(records<StoreWentBack>(apart.join("other", Desk::slots(1), twice)).empty());
}
