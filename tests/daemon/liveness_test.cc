// Silence of agents: suspicion, loss, return, restart.
#include "daemon/liveness.h"

#include <doctest/doctest.h>

using namespace sweepd;
using daemon::Liveness;

namespace {

const daemon::LivenessRules kRules{seconds(2), seconds(100)};
const AgentId kAgent{3};

Instant at(std::int64_t second) {
  return {second * 1'000'000};
}

// The agent's state in the events, as a letter each: s(uspected), l(ost).
std::string letters(const std::vector<core::EventBody>& events) {
  std::string text;
  for (const auto& event : events) {
    if (const auto* suspected = std::get_if<core::AgentSuspected>(&event)) {
      CHECK(suspected->agent == kAgent);
      text += 's';
    } else {
      const auto& lost = std::get<core::AgentLost>(event);
      CHECK(lost.agent == kAgent);
      CHECK_FALSE(lost.goodbye);
      text += 'l';
    }
  }
  return text;
}

}  // namespace

TEST_CASE("liveness: an agent is suspected once after three missed heartbeats") {
  Liveness liveness(kRules);
  liveness.heard(kAgent, at(10));
  CHECK(letters(liveness.due(at(16))).empty());
  CHECK(letters(liveness.due({at(16).us + 1})) == "s");
  CHECK(letters(liveness.due(at(50))).empty());
}

TEST_CASE("liveness: an agent is lost when its lease has ended on any clock, and only once") {
  Liveness liveness(kRules);
  liveness.heard(kAgent, at(0));
  CHECK(letters(liveness.due(at(104))) == "s");
  CHECK(letters(liveness.due(at(105))).empty());  // 100 s, 4 % and a second
  CHECK(letters(liveness.due({at(105).us + 1})) == "l");
  CHECK(letters(liveness.due(at(1000))).empty());
  CHECK_FALSE(liveness.last_heard(kAgent).has_value());
}

TEST_CASE("liveness: a word from a suspected agent starts everything anew") {
  Liveness liveness(kRules);
  liveness.heard(kAgent, at(0));
  CHECK(letters(liveness.due(at(50))) == "s");
  liveness.heard(kAgent, at(50));
  CHECK(letters(liveness.due(at(56))).empty());
  CHECK(letters(liveness.due(at(57))) == "s");
  CHECK(letters(liveness.due(at(155))).empty());
  CHECK(letters(liveness.due(at(156))) == "l");
}

TEST_CASE("liveness: after a restart every agent that is not lost has a full lease") {
  core::State state;
  state.agents[{1}].state = core::AgentState::kLost;
  state.agents[kAgent].state = core::AgentState::kConnected;
  Liveness liveness(kRules);
  liveness.restart(state, at(1000));
  CHECK_FALSE(liveness.last_heard({1}).has_value());
  CHECK(letters(liveness.due(at(1007))) == "s");
  CHECK(letters(liveness.due(at(1105))).empty());
  CHECK(letters(liveness.due(at(1106))) == "l");
}

TEST_CASE("liveness: while an agent may have an older, longer lease none is lost") {
  core::State state;
  state.agents[kAgent].state = core::AgentState::kConnected;
  Liveness liveness(kRules);
  liveness.restart(state, at(1000));
  liveness.older_leases_until(at(1600));
  CHECK(letters(liveness.due(at(1500))) == "s");
  CHECK(letters(liveness.due({at(1600).us - 1})).empty());
  CHECK(letters(liveness.due(at(1600))) == "l");
}

TEST_CASE("liveness: an agent that said goodbye is not waited for") {
  Liveness liveness(kRules);
  liveness.heard(kAgent, at(0));
  liveness.forget(kAgent);
  CHECK(letters(liveness.due(at(1000))).empty());
}
