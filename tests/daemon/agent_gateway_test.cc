// Conversations with agents: sessions, fences, and to whom what goes out.
#include "daemon/agent_gateway.h"

#include "base/limits.h"
#include "tests/daemon/gateway_bench.h"

using namespace sweepd;
using namespace sweepd::daemon::gateway_bench;
using namespace sweepd::daemon::test;
using daemon::AgentHeard;

TEST_CASE("agent gateway: a session's number holds the term, and every Hello opens a new one") {
  Conversation talk;
  const std::uint64_t first = talk.join("p1");
  CHECK((first >> 32U) == kTerm);
  const std::uint64_t second = talk.join("p2");
  CHECK(second != first);

  const AgentHeard old = talk.say("p1", heartbeat(first, 1));
  CHECK_FALSE(old.agent.has_value());
  CHECK_FALSE(old.event.has_value());
  const pb::DaemonMessage question = read_reply(old.reply, "p1");
  CHECK(question.has_who_are_you());
  CHECK(question.session() == first);

  const AgentHeard current = talk.say("p2", heartbeat(second, 1));
  CHECK(current.agent == AgentId{1});
  CHECK(read_reply(current.reply, "p2").heartbeat_ack().number() == 1);
}

TEST_CASE("agent gateway: an unknown session is asked who it is, whatever it says") {
  Conversation talk;
  for (const std::uint64_t session : {std::uint64_t{0}, std::uint64_t{77}, kTerm << 32U | 1U}) {
    pb::AgentMessage message;
    message.set_session(session);
    message.mutable_goodbye();
    const AgentHeard heard = talk.say("p", message);
    CHECK_FALSE(heard.event.has_value());
    CHECK(read_reply(heard.reply, "p").has_who_are_you());
  }
}

TEST_CASE("agent gateway: a heartbeat that was overtaken is neither acknowledged nor believed") {
  Conversation talk;
  const std::uint64_t session = talk.join("p");
  CHECK(talk.say("p", heartbeat(session, 5)).reply.has_value());
  for (const std::uint64_t number : {5U, 4U, 0U}) {
    const AgentHeard heard = talk.say("p", heartbeat(session, number));
    CHECK_FALSE(heard.reply.has_value());
    CHECK_FALSE(heard.event.has_value());
    CHECK(heard.agent == AgentId{1});
  }
  CHECK(talk.say("p", heartbeat(session, 6)).reply.has_value());
}

TEST_CASE("agent gateway: answers follow a connection that broke and came back") {
  Conversation talk;
  const std::uint64_t session = talk.join("before");
  CHECK(talk.say("after", heartbeat(session, 1)).reply->peer == "after");
  CHECK(talk.gateway.perform(core::AckEnded{{1}, {{1}, {1}, {1}}})->peer == "after");
}

TEST_CASE("agent gateway: only a list of attempts that says something new is an event") {
  Conversation talk;
  const std::uint64_t session = talk.join("p");
  const AttemptKey key = talk.start_one();
  std::uint64_t number = 0;
  const auto says = [&](pb::Phase phase, const AttemptKey& which) {
    pb::AgentMessage message = heartbeat(session, ++number);
    hold(message, which, phase);
    const AgentHeard heard = talk.say("p", message);
    if (heard.event) {
      talk.decide(*heard.event);
    }
    return heard.event.has_value();
  };
  CHECK_FALSE(
      talk.say("p", heartbeat(session, ++number)).event.has_value());  // the order is under way
  CHECK(says(pb::PREPARING, key));
  CHECK_FALSE(says(pb::PREPARING, key));
  CHECK(says(pb::RUNNING, key));
  CHECK_FALSE(says(pb::RUNNING, key));
  CHECK_FALSE(says(pb::PREPARING, key));
  CHECK(says(pb::FINISHING, key));
  CHECK_FALSE(says(pb::ENDED, key));
  CHECK(says(pb::RUNNING, {{9}, {9}, {9}}));  // not ours; and ours is missing
  // Now the agent lost it, and the core knows.
  CHECK_FALSE(talk.say("p", heartbeat(session, ++number)).event.has_value());
}

TEST_CASE("agent gateway: the first word of a suspected agent is an event") {
  Conversation talk;
  const std::uint64_t session = talk.join("p");
  talk.decide(core::AgentSuspected{{1}});
  const AgentHeard heard = talk.say("p", heartbeat(session, 1));
  REQUIRE(heard.event.has_value());
  talk.decide(*heard.event);
  CHECK(talk.state.agents.at({1}).state == core::AgentState::kConnected);
  CHECK_FALSE(talk.say("p", heartbeat(session, 2)).event.has_value());
}

TEST_CASE("agent gateway: a Hello of the past is not believed") {
  Conversation talk;
  const pb::AgentMessage first = talk.hello();
  const std::uint64_t session = talk.join("p");
  CHECK_FALSE(talk.say("old", first).event.has_value());
  CHECK(talk.say("p", heartbeat(session, 1)).reply.has_value());
  pb::AgentMessage restarted = talk.hello();
  restarted.mutable_hello()->set_incarnation(2);
  restarted.mutable_hello()->set_number(1);
  CHECK(talk.say("new", restarted).event.has_value());
}

TEST_CASE(
    "agent gateway: of two Hellos taken at once the newer one is answered, with its own list") {
  Conversation talk;
  talk.join("peer");
  const AttemptKey attempt = talk.start_one();
  talk.decide(core::AgentLost{AgentId{1}, true});
  // An agent that stood still, or a daemon that did: the second Hello holds what is over.
  const AgentHeard older = talk.say("peer", talk.hello());
  pb::AgentMessage newer = talk.hello();
  pb::HeldAttempt& held = *newer.mutable_hello()->add_held();
  *held.mutable_attempt() = wire::to_proto(attempt);
  held.set_phase(pb::RUNNING);
  const AgentHeard newest = talk.say("new peer", newer);
  std::vector<core::WelcomeAgent> welcomes;
  for (const AgentHeard* heard : {&older, &newest}) {
    REQUIRE(heard->event.has_value());
    for (const core::Effect& effect : talk.decide(*heard->event)) {
      if (const auto* welcome = std::get_if<core::WelcomeAgent>(&effect)) {
        welcomes.push_back(*welcome);
      }
    }
  }
  REQUIRE_EQ(welcomes.size(), 2);
  CHECK_FALSE(talk.gateway.perform(welcomes[0]).has_value());
  const pb::DaemonMessage reply = read_reply(talk.gateway.perform(welcomes[1]), "new peer");
  CHECK_EQ(reply.hello_ok().hello(), talk.hellos);
  REQUIRE_EQ(reply.hello_ok().kill_size(), 1);
  CHECK(wire::from_proto(reply.hello_ok().kill(0)) == attempt);
  CHECK_FALSE(talk.gateway.perform(welcomes[1]).has_value());
}

TEST_CASE("agent gateway: another protocol and a smaller term are rejected in a sentence") {
  Conversation talk;
  pb::AgentMessage old = talk.hello();
  old.mutable_hello()->set_protocol(wire::kProtocolVersion + 1);
  const pb::DaemonMessage protocol = read_reply(talk.say("p", old).reply, "p");
  REQUIRE(protocol.has_hello_rejected());
  CHECK(protocol.hello_rejected().sentence().find("speaks protocol 2") != std::string::npos);
  CHECK(protocol.hello_rejected().protocol_max() == wire::kProtocolVersion);

  pb::AgentMessage ahead = talk.hello();
  ahead.mutable_hello()->set_term_seen(kTerm + 1);
  CHECK(read_reply(talk.say("p", ahead).reply, "p").hello_rejected().sentence().find("term 6") !=
        std::string::npos);
}

TEST_CASE("agent gateway: orders to agents that are not there, and pointless ones, are not sent") {
  Conversation talk;
  talk.join("p");
  const AttemptKey key = talk.start_one();
  CHECK(talk.gateway.perform(talk.state, core::StartAttempt{{1}, key}).has_value());
  CHECK_FALSE(talk.gateway.perform(talk.state, core::StartAttempt{{2}, key}).has_value());
  CHECK_FALSE(talk.gateway.perform(core::AckEnded{{2}, key}).has_value());
  talk.decide(core::ControlRequested{{1, 2}, core::ControlVerb::kKill, "1", "", ""});
  CHECK_FALSE(talk.gateway.perform(talk.state, core::StartAttempt{{1}, key}).has_value());
  talk.gateway.drop({1});
  CHECK_FALSE(talk.gateway.perform(core::AckEnded{{1}, key}).has_value());
}

TEST_CASE("agent gateway: sessions of agents that the recovered state does not know end") {
  Conversation talk;
  const std::uint64_t session = talk.join("p");
  talk.gateway.keep_known(talk.state);
  CHECK(talk.say("p", heartbeat(session, 1)).reply.has_value());
  talk.gateway.keep_known({});
  CHECK(read_reply(talk.say("p", heartbeat(session, 2)).reply, "p").has_who_are_you());
}

TEST_CASE("agent gateway: agents are told how far the store is, only what is on disk") {
  Conversation talk;
  talk.gateway.begin({0, 40, {}, 0});
  const AgentHeard heard = talk.say("p", talk.hello());
  talk.gateway.set_stored(43);
  pb::DaemonMessage reply;
  for (const core::Effect& effect : talk.decide(*heard.event)) {
    if (const auto* welcome = std::get_if<core::WelcomeAgent>(&effect)) {
      reply = read_reply(talk.gateway.perform(*welcome), "p");
    }
  }
  CHECK(reply.hello_ok().stored() == 43);
  const AgentHeard beat = talk.say("p", heartbeat(reply.session(), 1));
  CHECK(read_reply(beat.reply, "p").heartbeat_ack().stored() == 43);
}

TEST_CASE("agent gateway: who knows more than the store had at the start says how much is lost") {
  Conversation talk;
  talk.gateway.begin({0, 40, Instant{99}, 0});
  bool knows = false;
  const auto lost = [&](std::uint64_t seen, const std::string& uuid = "u-1") {
    pb::AgentMessage hello = talk.hello();
    hello.mutable_hello()->set_stored_seen(seen);
    hello.mutable_hello()->set_uuid(uuid);
    const AgentHeard heard = talk.say("p", hello);
    REQUIRE(heard.event.has_value());
    const auto& joined = std::get<core::AgentJoined>(*heard.event);
    CHECK(joined.leases_over == Instant{99});
    knows = joined.knows_store;
    return joined.records_lost;
  };
  CHECK(lost(40) == 0);
  // Until it is welcomed nothing of what it knows can be from this daemon, however far that is now.
  talk.gateway.set_stored(70);
  CHECK(lost(55) == 15);
  CHECK(lost(55) == 15);
  CHECK(knows);
  talk.gateway.keep_known(talk.state);  // what was decided so far could not be stored
  talk.join("p");
  CHECK(lost(70) == 0);
  CHECK_FALSE(knows);  // from now on it may hold another daemon's attempts and know this store
  CHECK(lost(44, "u-2") == 4);
  // A loss that is known is told once.
  talk.state.restores = 1;
  CHECK(lost(60, "u-3") == 0);
}

TEST_CASE(
    "agent gateway: sessions begin where they are told to, so that terms given twice differ") {
  Conversation talk;
  talk.gateway.begin({0, 0, {}, 0xFFFFFFFE});
  CHECK(talk.join("p") == (kTerm << 32U | 0xFFFFFFFFU));
  CHECK(talk.join("p") == kTerm << 32U);
}

TEST_CASE("agent gateway: that agents have obeyed a newer daemon is kept for people to see") {
  Conversation talk;
  CHECK_FALSE(talk.gateway.newer_term().has_value());
  for (const std::uint64_t term : {kTerm + 3, kTerm + 1}) {
    pb::AgentMessage ahead = talk.hello();
    ahead.mutable_hello()->set_term_seen(term);
    talk.say("p", ahead);
  }
  CHECK(talk.gateway.newer_term() == kTerm + 3);
}
