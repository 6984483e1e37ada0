// The function as a whole: what is owed, and that nothing but its records changes the state.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

TEST_CASE("owed: an order is repeated until the agent holds the attempt") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  const std::vector<Effect> start{StartAttempt{AgentId{1}, attempt_key(1, 1)}};
  CHECK(owed(desk.state, desk.now) == start);
  CHECK(owed(desk.state, desk.now) == start);  // asking changes nothing
  desk.run(attempt_key(1, 1));
  CHECK(owed(desk.state, desk.now).empty());
}

TEST_CASE("owed: a stop is repeated until the attempt is over, and takes the place of the start") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(1);
  spec.limits.grace = seconds(3);
  desk.submit(spec);
  desk.control(ControlVerb::kKill, "1");
  for (const Phase phase : {Phase::kStopping, Phase::kFinishing, Phase::kEnded}) {
    REQUIRE_EQ(owed(desk.state, desk.now).size(), 1);
    const auto stop = std::get<StopAttempt>(owed(desk.state, desk.now).front());
    CHECK(stop.attempt == attempt_key(1, 1));
    CHECK(stop.grace == seconds(3));
    CHECK(stop.reason.code == ReasonCode::kUser);
    desk.hold({{attempt_key(1, 1), phase}});
  }
  desk.end(attempt_key(1, 1));
  CHECK(owed(desk.state, desk.now).empty());
}

TEST_CASE("step: the same events give the same records, effects and state") {
  const auto story = [](Desk& desk) {
    std::vector<Outcome> outcomes;
    desk.join("box", Desk::slots(2));
    desk.submit(a_spec(3));
    outcomes.push_back(desk.report(attempt_key(1, 1), 1, 0.5));
    outcomes.push_back(desk.end(attempt_key(1, 1)));
    outcomes.push_back(desk.step(AgentLost{desk.agent(), false}));
    return outcomes;
  };
  Desk one;
  Desk two;
  const auto first = story(one);
  const auto second = story(two);
  REQUIRE_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i].records == second[i].records);
    CHECK(first[i].effects == second[i].effects);
  }
  CHECK(one.state == two.state);
}

TEST_CASE("step: an event that decides nothing leaves the state as it was") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(2));
  const State before = desk.state;
  desk.step(TimePassed{});
  desk.step(AgentSuspected{AgentId{77}});
  desk.step(ReportsArrived{AgentId{1}, attempt_key(5, 5), {Desk::a_report(1, 1)}});
  desk.step(AttemptEnded{AgentId{1}, attempt_key(1, 1, 2), 0, {}});
  desk.control(ControlVerb::kRetry, "1");
  CHECK(desk.state == before);
}
