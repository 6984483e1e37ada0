// Records as facts: what applying them keeps up to date.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

// A story with every kind of record that the core writes.
std::vector<Record> long_story(State& state) {
  std::vector<Record> all;
  std::int64_t now = 1;
  const auto step = [&](EventBody body) {
    now += 1'000'000;
    const Outcome outcome = core::step(state, {{Instant{now}, WallTime{now}}, std::move(body)});
    all.insert(all.end(), outcome.records.begin(), outcome.records.end());
  };
  sweeps::SweepSpec spec = a_spec(4);
  spec.retry.attempts = 2;
  spec.stop.policy = sweeps::PolicyKind::kAsha;
  spec.stop.resource_max = 9;
  spec.registration.model = "mnist";
  spec.run.keep = 1;
  step(AgentJoined{"box", "box", "boot", "1", Desk::slots(2), {}, {}});
  step(SweepSubmitted{{1, 1}, spec, "toml", "code", "ada", false});
  step(TrialsSuggested{SweepId{1}, TrialNumber{1}, {{}, {}, {}}, true});
  const AgentId box{1};
  step(AttemptsHeld{box,
                    {{attempt_key(1, 1), Phase::kRunning}, {attempt_key(1, 2), Phase::kRunning}}});
  step(ReportsArrived{box, attempt_key(1, 1), {Desk::a_report(1, 0.1)}});
  step(ReportsArrived{box, attempt_key(1, 2), {Desk::a_report(1, 0.9)}});  // pruned
  step(ControlRequested{{2, 2}, ControlVerb::kPause, "1", "ada", ""});
  step(ControlRequested{{2, 3}, ControlVerb::kResume, "1", "ada", ""});
  AttemptOutcome good;
  good.tree_digest = "tree";
  step(AttemptEnded{box, attempt_key(1, 2), 1, good});
  AttemptOutcome bad;
  bad.exit_code = 1;
  step(AttemptEnded{box, attempt_key(1, 3), 0, bad});  // retried
  step(AgentSuspected{box});
  step(AgentLost{box, false});
  step(AgentJoined{"box", "box", "boot", "1", Desk::slots(2), {}, {}});
  step(ReportsArrived{box, attempt_key(1, 1, 2), {Desk::a_report(1, 0.1)}});
  step(AttemptEnded{box, attempt_key(1, 1, 2), 1, good});
  step(AttemptEnded{box, attempt_key(1, 3, 3), 0, bad});
  step(ControlRequested{{2, 4}, ControlVerb::kRetry, "1/failed", "ada", ""});
  step(ControlRequested{{2, 5}, ControlVerb::kKill, "1", "ada", ""});
  step(AttemptEnded{box, attempt_key(1, 3, 4), 0, {}});
  // A failure that is charged to its agent, which somebody then drains and resumes.
  step(AgentJoined{"other", "other", "boot", "1", Desk::slots(2), {}, {}});
  step(SweepSubmitted{{1, 2}, a_spec(1), "toml", "code", "ada", false});
  step(TrialsSuggested{SweepId{2}, TrialNumber{1}, {{}}, true});
  step(AttemptEnded{box, attempt_key(2, 1), 0, bad});
  step(AgentControlRequested{{3, 1}, AgentVerb::kDrain, "box", "ada", "fan"});
  step(AgentControlRequested{{3, 2}, AgentVerb::kResume, "box", "ada", ""});
  step(StorageChanged{StorageLevel::kLow, {ReasonCode::kDiskLow, "little is free"}});
  step(BackupRestored{10'001});
  step(DaemonStarted{Instant{now}, seconds(60)});
  step(RemovalRequested{{4, 1}, "1", "ada"});
  AgentJoined ahead{"box", "box", "boot", "1", Desk::slots(2), {}, {}};
  ahead.records_lost = 5;
  step(ahead);
  step(DaemonStarted{Instant{now}, seconds(60), Instant{now - 1}});
  return all;
}

}  // namespace

TEST_CASE("apply: replaying the records gives the live state, at every point of the story") {
  State live;
  const std::vector<Record> all = long_story(live);
  State replayed;
  for (const Record& record : all) {
    apply_record(replayed, record);
  }
  CHECK(replayed == live);
  CHECK_EQ(check_invariants(live).value_or(""), "");
}

TEST_CASE("apply: the story writes every kind of record") {
  State live;
  std::set<std::size_t> kinds;
  for (const Record& record : long_story(live)) {
    kinds.insert(record.index());
  }
  CHECK_EQ(kinds.size(), std::variant_size_v<Record>);
}

TEST_CASE("apply: verdicts are kept in memory up to a bound, the newest ones") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(1);
  spec.stop.policy = sweeps::PolicyKind::kBandit;
  spec.stop.slack_amount = 1;
  desk.submit(spec);
  for (std::uint64_t seq = 1; seq <= 20; ++seq) {
    desk.report(attempt_key(1, 1), seq, 0.5);
  }
  REQUIRE_EQ(desk.trial(1).verdicts.size(), 16);
  CHECK_EQ(desk.trial(1).verdicts.front().verdict.at, 5);
  CHECK_EQ(desk.trial(1).verdicts.back().verdict.at, 20);
}

TEST_CASE("apply: the policy forgets a lost attempt") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  sweeps::SweepSpec spec = a_spec(2);
  spec.stop.policy = sweeps::PolicyKind::kBandit;
  spec.stop.slack_amount = 0.1;
  desk.submit(spec);
  desk.report(attempt_key(1, 1), 1, 0.1);
  desk.step(AgentLost{desk.agent(), false});
  desk.join("box", Desk::slots(2));
  // 0.7 would fall behind the 0.1 that nobody has reached now.
  const Outcome outcome = desk.report(attempt_key(1, 2, 2), 1, 0.7);
  CHECK(one_record<VerdictReached>(outcome).verdict.decision == sweeps::Decision::kContinue);
  CHECK_EQ(one_record<VerdictReached>(outcome).verdict.peers, 1);
}

TEST_CASE("apply: slots that an agent no longer offers are not given away again") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(a_spec(4));
  desk.join("box", Desk::slots(1));
  const Outcome ended = desk.complete(attempt_key(1, 2), 0.5);  // ran on slot 1
  CHECK(records<AttemptAssigned>(ended).empty());
  CHECK(desk.state.free_cpu.empty());
  CHECK_EQ(records<AttemptAssigned>(desk.complete(attempt_key(1, 1), 0.5)).size(), 1);
}
