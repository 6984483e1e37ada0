// Each invariant is seen to fail on a state that breaks it.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

// Sweep 1: trial 1 completed, 2 runs, 3 finishes, 4 is queued; two of three slots are busy.
Desk busy_desk() {
  Desk desk;
  desk.join("box", Desk::slots(3));
  sweeps::SweepSpec spec = a_spec(5);
  spec.limits.concurrent = 2;
  desk.submit(spec);
  desk.complete(attempt_key(1, 1), 0.5);
  desk.hold({{attempt_key(1, 2), Phase::kRunning}, {attempt_key(1, 3), Phase::kFinishing}});
  desk.report(attempt_key(1, 2), 1, 0.2);
  return desk;
}

Sweep& sweep_of(Desk& desk) {
  return desk.state.sweeps.at(SweepId{1});
}

Trial& trial_of(Desk& desk, std::uint32_t number) {
  return sweep_of(desk).trial(TrialNumber{number});
}

// What the check says after the state was broken.
template <typename Break>
std::string broken(Break&& break_it) {
  Desk desk = busy_desk();
  REQUIRE_FALSE(check_invariants(desk.state).has_value());
  break_it(desk);
  return check_invariants(desk.state).value_or("nothing");
}

}  // namespace

TEST_CASE("invariant: attempts are numbered 1, 2, …") {
  CHECK_EQ(broken([](Desk& desk) { trial_of(desk, 2).attempts[0].number = AttemptNumber{2}; }),
           "1/2: attempt 1 is numbered 2");
}

TEST_CASE("invariant: only who is not heard of is awaited") {
  CHECK_EQ(broken([](Desk& desk) { desk.state.awaited.insert(AgentId{1}); }),
           "agent 1 is awaited, and is not silent");
  CHECK_EQ(broken([](Desk& desk) { desk.state.awaited.insert(AgentId{9}); }),
           "agent 9 is awaited, and is not silent");
}

TEST_CASE("invariant: only the last attempt may be open") {
  CHECK_EQ(broken([](Desk& desk) {
             Trial& trial = trial_of(desk, 2);
             trial.attempts.push_back(trial.attempts.front());
             trial.attempts.back().number = AttemptNumber{2};
           }),
           "1/2: attempt 1 is not over though there is a newer one");
}

TEST_CASE("invariant: an active trial holds an attempt, and no other does") {
  CHECK_EQ(broken([](Desk& desk) { trial_of(desk, 2).attempts[0].state = AttemptState::kLost; }),
           "1/2 is running and does not hold an attempt");
  CHECK_EQ(broken([](Desk& desk) { trial_of(desk, 1).attempts[0].state = AttemptState::kRunning; }),
           "1/1 is completed and holds an attempt");
}

TEST_CASE("invariant: no trial waits after its last failure") {
  CHECK_EQ(broken([](Desk& desk) { trial_of(desk, 4).failures = 1; }),
           "1/4 is queued after 1 failures");
}

TEST_CASE("invariant: the queue lists the queued trials") {
  CHECK_EQ(broken([](Desk& desk) { sweep_of(desk).queued.erase(TrialNumber{4}); }),
           "1/4 is queued and does not stand in the queue");
  CHECK_EQ(broken([](Desk& desk) { sweep_of(desk).queued.insert(TrialNumber{1}); }),
           "1/1 is completed and stands in the queue");
}

TEST_CASE("invariant: trials are counted by state") {
  CHECK_EQ(broken([](Desk& desk) { ++sweep_of(desk).counts[6]; }),
           "sweep 1: the counts of trial states are off");
}

TEST_CASE("invariant: every trial with a value is on the leaderboard once") {
  CHECK_EQ(broken([](Desk& desk) { sweep_of(desk).unranked.clear(); }),
           "sweep 1: 2 trials have a value, the leaderboard lists 1");
}

TEST_CASE("invariant: the first row is the best trial") {
  CHECK_EQ(broken([](Desk& desk) { std::swap(sweep_of(desk).ranked, sweep_of(desk).unranked); }),
           "sweep 1: the leaderboard's first row is not the best trial");
}

TEST_CASE("invariant: no more trials than the total") {
  CHECK_EQ(broken([](Desk& desk) { sweep_of(desk).trials_total = 4; }), "sweep 1: 5 trials of 4");
}

TEST_CASE("invariant: limits.concurrent") {
  CHECK_EQ(broken([](Desk& desk) { sweep_of(desk).spec.limits.concurrent = 1; }),
           "sweep 1: 2 trials active, limits.concurrent is 1");
}

TEST_CASE("invariant: an ended sweep has no trial that is not over") {
  CHECK_EQ(broken([](Desk& desk) { sweep_of(desk).state = SweepState::kCompleted; }),
           "sweep 1 is completed and has trials that are not over");
}

TEST_CASE("invariant: what is held is not over") {
  CHECK_EQ(broken([](Desk& desk) { desk.state.held[AgentId{1}].insert(attempt_key(1, 1)); }),
           "1/1#1 is listed as held and is over");
}

TEST_CASE("invariant: no slot is booked twice") {
  CHECK_EQ(broken([](Desk& desk) {
             trial_of(desk, 2).attempts[0].slots = {1, 1};
           }),
           "slot 1 of agent 1 is booked twice");
}

TEST_CASE("invariant: the busy slots are those of what runs") {
  CHECK_EQ(broken([](Desk& desk) { desk.state.busy.clear(); }),
           "the busy slots are not those of the attempts that run");
}

TEST_CASE("invariant: only idle slots of connected agents are offered") {
  CHECK_EQ(broken([](Desk& desk) {
             desk.state.free_cpu.insert({AgentId{9}, 0});
           }),
           "slot 0 of agent 9 is offered and may not be");
  CHECK_EQ(broken([](Desk& desk) { desk.state.agents.at(AgentId{1}).state = AgentState::kLost; }),
           "slot 0 of agent 1 is offered and may not be");
}

TEST_CASE("invariant: the live sweeps are those that are not over") {
  CHECK_EQ(broken([](Desk& desk) { desk.state.live.clear(); }),
           "sweep 1 is running and its place among the live ones is wrong");
}

TEST_CASE("invariant: agents hold as many attempts as trials are active") {
  CHECK_EQ(broken([](Desk& desk) { desk.state.held[AgentId{1}].erase(attempt_key(1, 3)); }),
           "2 trials are active, agents hold 1");
}
