// Conversations with agents: sessions, fences, garbage, and the orders that go out.
#include "daemon/agent_gateway.h"

#include "base/limits.h"
#include "daemon/agent_messages.h"
#include "daemon/core/step.h"
#include "daemon/suggester.h"
#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

#include <google/protobuf/stubs/logging.h>

using namespace sweepd;
using daemon::AgentGateway;
using daemon::AgentHeard;
using daemon::Outgoing;
using daemon::test::sample_spec;

namespace {

[[maybe_unused]] auto* const kQuiet = google::protobuf::SetLogHandler(nullptr);

const daemon::LivenessRules kRules{seconds(2), seconds(900)};
constexpr std::uint64_t kTerm = 5;

pb::DaemonMessage read_reply(const std::optional<Outgoing>& message, const std::string& peer) {
  REQUIRE(message.has_value());
  CHECK(message->door == wire::Door::kControl);
  CHECK(message->peer == peer);
  pb::DaemonMessage reply;
  REQUIRE(wire::decode(message->bytes, 1 << 20, reply).ok());
  CHECK(reply.term() == kTerm);
  return reply;
}

// A gateway with a core behind it.
struct Conversation {
  daemon::test::FakeTrees trees;
  AgentGateway gateway{kTerm, kRules, trees};
  core::State state;
  std::uint64_t hellos = 0;

  // Decides on an event and returns its effects.
  std::vector<core::Effect> decide(const core::EventBody& event) {
    std::vector<core::Effect> effects;
    std::vector<core::EventBody> events = {event};
    while (!events.empty()) {
      const core::EventBody body = events.back();
      events.pop_back();
      for (core::Effect& effect : core::step(state, {{}, body}).effects) {
        if (const auto* wanted = std::get_if<core::Suggest>(&effect)) {
          events.emplace_back(daemon::Suggester().suggest(state, *wanted));
        } else {
          effects.push_back(std::move(effect));
        }
      }
    }
    return effects;
  }

  AgentHeard say(const std::string& peer, const pb::AgentMessage& message) {
    return gateway.read(state, {peer, wire::encode(message)});
  }

  pb::AgentMessage hello(std::uint32_t slots = 1) {
    pb::AgentMessage message;
    pb::Hello& body = *message.mutable_hello();
    body.set_incarnation(1);
    body.set_number(++hellos);
    body.set_protocol(wire::kProtocolVersion);
    body.set_uuid("u-1");
    body.set_name("box");
    body.set_boot_id("boot");
    for (std::uint32_t i = 0; i < slots; ++i) {
      pb::Slot& slot = *body.add_slots();
      slot.set_index(i);
      slot.set_kind(pb::CPU);
    }
    return message;
  }

  // Says Hello from `peer` and returns the session's number.
  std::uint64_t join(const std::string& peer, std::uint32_t slots = 1) {
    const AgentHeard heard = say(peer, hello(slots));
    REQUIRE(heard.event.has_value());
    CHECK_FALSE(heard.reply.has_value());
    for (const core::Effect& effect : decide(*heard.event)) {
      if (const auto* welcome = std::get_if<core::WelcomeAgent>(&effect)) {
        const pb::DaemonMessage reply = read_reply(gateway.perform(*welcome), peer);
        REQUIRE(reply.has_hello_ok());
        CHECK(reply.hello_ok().hello() == hellos);
        CHECK(reply.hello_ok().heartbeat_ms() == 2000);
        CHECK(reply.hello_ok().lease_ms() == 900'000);
        return reply.session();
      }
    }
    FAIL("no welcome");
    return 0;
  }

  AttemptKey start_one(const sweeps::SweepSpec& spec = sample_spec(1)) {
    for (const core::Effect& effect :
         decide(core::SweepSubmitted{{1, 1}, spec, "", "", "", false})) {
      if (const auto* start = std::get_if<core::StartAttempt>(&effect)) {
        return start->attempt;
      }
    }
    FAIL("nothing started");
    return {};
  }
};

pb::AgentMessage heartbeat(std::uint64_t session, std::uint64_t number) {
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_heartbeat()->set_number(number);
  return message;
}

void hold(pb::AgentMessage& message, const AttemptKey& key, pb::Phase phase) {
  pb::HeldAttempt& held = *message.mutable_heartbeat()->add_held();
  *held.mutable_attempt() = wire::to_proto(key);
  held.set_phase(phase);
}

}  // namespace

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

TEST_CASE("agent gateway: Hellos that no agent of ours would say are rejected") {
  using Change = void (*)(pb::Hello&);
  for (const Change change : std::initializer_list<Change>{
           [](pb::Hello& hello) { hello.clear_uuid(); },
           [](pb::Hello& hello) { hello.clear_name(); },
           [](pb::Hello& hello) { hello.set_name(std::string(257, 'x')); },
           [](pb::Hello& hello) { hello.mutable_slots(0)->set_kind(pb::SLOT_UNSPECIFIED); },
           [](pb::Hello& hello) { *hello.add_slots() = hello.slots(0); },
           [](pb::Hello& hello) { hello.add_held(); },
           [](pb::Hello& hello) { (*hello.mutable_labels())[""] = "x"; },
       }) {
    Conversation talk;
    pb::AgentMessage message = talk.hello();
    change(*message.mutable_hello());
    const AgentHeard heard = talk.say("p", message);
    CHECK_FALSE(heard.event.has_value());
    CHECK(read_reply(heard.reply, "p").has_hello_rejected());
  }
}

TEST_CASE("agent gateway: reports become an event, bad ones are dropped") {
  Conversation talk;
  pb::AgentMessage message;
  message.set_session(talk.join("p"));
  pb::ReportBatch& batch = *message.mutable_reports();
  *batch.mutable_attempt() = wire::to_proto({{1}, {2}, {3}});
  for (std::uint64_t seq = 4; seq < 6; ++seq) {
    pb::Report& report = *batch.add_reports();
    report.set_seq(seq);
    report.add_metrics()->set_name("loss");
  }
  const AgentHeard heard = talk.say("p", message);
  REQUIRE(heard.event.has_value());
  const auto& event = std::get<core::ReportsArrived>(*heard.event);
  CHECK(event.agent == AgentId{1});
  CHECK(event.attempt == AttemptKey{{1}, {2}, {3}});
  CHECK(event.reports.size() == 2);
  CHECK(event.reports[1] == core::Report{5, {0}, {{"loss", 0}}});

  using Change = void (*)(pb::ReportBatch&);
  for (const Change change : std::initializer_list<Change>{
           [](pb::ReportBatch& bad) { bad.clear_attempt(); },
           [](pb::ReportBatch& bad) { bad.mutable_reports(0)->set_seq(0); },
           [](pb::ReportBatch& bad) { bad.mutable_reports(1)->set_seq(6); },
           [](pb::ReportBatch& bad) { bad.mutable_reports(0)->add_metrics(); },
           [](pb::ReportBatch& bad) {
             bad.mutable_reports(0)->add_metrics()->set_name(std::string(129, 'x'));
           },
           [](pb::ReportBatch& bad) {
             for (std::uint64_t i = 6; i < 6 + limits::kReportsPerMessageMax; ++i) {
               bad.add_reports()->set_seq(i);
             }
           },
       }) {
    pb::AgentMessage bad = message;
    change(*bad.mutable_reports());
    const AgentHeard refused = talk.say("p", bad);
    CHECK_FALSE(refused.event.has_value());
    CHECK_FALSE(refused.reply.has_value());
  }
}

TEST_CASE("agent gateway: an end becomes an event, with its text made fit to be sent on") {
  Conversation talk;
  pb::AgentMessage message;
  message.set_session(talk.join("p"));
  pb::AttemptEnded& ended = *message.mutable_ended();
  *ended.mutable_attempt() = wire::to_proto({{1}, {2}, {3}});
  ended.set_stderr_tail("a\xFF");
  ended.set_exit_code(3);
  ended.mutable_failure()->set_code(pb::TIMEOUT);
  ended.set_started_wall_us(INT64_MIN);
  const AgentHeard heard = talk.say("p", message);
  REQUIRE(heard.event.has_value());
  const auto& event = std::get<core::AttemptEnded>(*heard.event);
  CHECK(event.outcome.stderr_tail == "a\xEF\xBF\xBD");
  CHECK(event.outcome.exit_code == 3);
  CHECK(event.outcome.failure.code == core::ReasonCode::kTimeout);
  CHECK(event.outcome.started_wall.us > INT64_MIN / 4);

  using Change = void (*)(pb::AttemptEnded&);
  for (const Change change : std::initializer_list<Change>{
           [](pb::AttemptEnded& bad) { bad.mutable_failure()->set_code(pb::POLICY); },
           [](pb::AttemptEnded& bad) { bad.set_tree_digest("../../etc/passwd"); },
           [](pb::AttemptEnded& bad) {
             bad.set_stderr_tail(std::string(limits::kStderrTailBytesMax + 1, 'x'));
           },
           [](pb::AttemptEnded& bad) { bad.add_metric_names(); },
           [](pb::AttemptEnded& bad) { bad.mutable_attempt()->clear_trial(); },
       }) {
    pb::AgentMessage bad = message;
    change(*bad.mutable_ended());
    CHECK_FALSE(talk.say("p", bad).event.has_value());
  }
}

TEST_CASE("agent gateway: the order to start says everything that an agent needs") {
  Conversation talk;
  talk.join("p", 2);
  sweeps::SweepSpec spec = sample_spec(1);
  spec.env = {{"HOME_OF", "x y"}};
  spec.run.cwd = "sub";
  spec.limits.trial_time = seconds(60);
  std::optional<core::StartAttempt> start;
  for (const core::Effect& effect :
       talk.decide(core::SweepSubmitted{{1, 1}, spec, "", "digest", "", false})) {
    if (const auto* found = std::get_if<core::StartAttempt>(&effect)) {
      start = *found;
    }
  }
  REQUIRE(start.has_value());
  const pb::StartAttempt order = read_reply(talk.gateway.perform(talk.state, *start), "p").start();
  CHECK(wire::from_proto(order.attempt()) == AttemptKey{{1}, {1}, {1}});
  CHECK(order.slots_size() == 1);
  REQUIRE(order.argv_size() == 6);
  CHECK(order.argv(1) == "train.py");
  CHECK(order.argv(2) == "--lr");
  CHECK(order.argv(4) == "--width");
  CHECK(order.params_json().starts_with("{\"lr\":"));
  CHECK(order.snapshot_digest() == "digest");
  CHECK(order.cwd() == "sub");
  CHECK(order.trial_time_ms() == 60'000);
  CHECK(order.grace_ms() == 10'000);
  CHECK(order.lease_ms() == 900'000);
  CHECK(order.cpus() == 1);
  CHECK(order.metrics().jsonl());
  CHECK(order.objective() == "loss");
  std::map<std::string, std::string> env;
  for (const pb::EnvVar& variable : order.env()) {
    env[variable.name()] = variable.value();
  }
  CHECK(env["HOME_OF"] == "x y");
  CHECK(env["SWEEPD_PARAM_lr"] == order.argv(3));
  CHECK(env["SWEEPD_SWEEP_ID"] == "1");
  CHECK(env["SWEEPD_TRIAL_ID"] == "1");
  CHECK(env["SWEEPD_ATTEMPT"] == "1");
}

TEST_CASE("agent gateway: an order too large to send fails the attempt instead of vanishing") {
  Conversation talk;
  talk.join("p");
  sweeps::SweepSpec spec = sample_spec(1);
  spec.env = {{"LARGE", std::string(300 * 1024, 'x')}};
  std::optional<core::StartAttempt> start;
  for (const core::Effect& effect :
       talk.decide(core::SweepSubmitted{{1, 1}, spec, "", "", "", false})) {
    if (const auto* found = std::get_if<core::StartAttempt>(&effect)) {
      start = *found;
    }
  }
  REQUIRE(start.has_value());
  CHECK_FALSE(talk.gateway.perform(talk.state, *start).has_value());
  const auto failures = talk.gateway.take_failures();
  REQUIRE(failures.size() == 1);
  talk.decide(failures[0]);
  const core::Trial& trial = talk.state.sweeps.at({1}).trial({1});
  CHECK(trial.state == core::TrialState::kFailed);
  CHECK(trial.reason.code == core::ReasonCode::kPrepareError);
  CHECK(talk.gateway.take_failures().empty());
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

TEST_CASE("agent gateway: every message cut anywhere or with any byte changed is survived") {
  Conversation talk;
  const std::uint64_t session = talk.join("p");
  std::vector<pb::AgentMessage> messages = {talk.hello(), heartbeat(session, 9)};
  hold(messages[1], {{1}, {1}, {1}}, pb::RUNNING);
  pb::AgentMessage reports;
  reports.set_session(session);
  *reports.mutable_reports()->mutable_attempt() = wire::to_proto({{1}, {1}, {1}});
  pb::Report& report = *reports.mutable_reports()->add_reports();
  report.set_seq(1);
  report.add_metrics()->set_name("loss");
  messages.push_back(reports);
  pb::AgentMessage ended;
  ended.set_session(session);
  *ended.mutable_ended()->mutable_attempt() = wire::to_proto({{1}, {1}, {1}});
  ended.mutable_ended()->set_tree_digest(std::string(64, 'a'));
  messages.push_back(ended);
  pb::AgentMessage goodbye;
  goodbye.set_session(session);
  goodbye.mutable_goodbye()->set_reason("bye");
  messages.push_back(goodbye);

  int events = 0;
  const auto survive = [&](const std::string& bytes) {
    const AgentHeard heard = talk.gateway.read(talk.state, {"p", bytes});
    if (heard.event) {
      ++events;
      core::State scratch = talk.state;
      core::step(scratch, {{}, *heard.event});
      CHECK_FALSE(core::check_invariants(scratch).has_value());
    }
  };
  for (const pb::AgentMessage& message : messages) {
    const std::string bytes = wire::encode(message);
    for (std::size_t place = 0; place < bytes.size(); ++place) {
      survive(bytes.substr(0, place));
      std::string changed = bytes;
      changed[place] = static_cast<char>(changed[place] ^ 0x15);
      survive(changed);
    }
  }
  CHECK(events > 0);
}

TEST_CASE("agent gateway: what the sweep would register is looked for in the files of an end") {
  struct Case {
    const char* path;
    const char* digest;
    bool missing;
  };

  const std::string stored(64, 'a');
  const std::string unreadable(64, 'b');
  for (const Case& one : {Case{"outputs/model", stored.c_str(), false},
                          Case{"outputs/modle", stored.c_str(), true},
                          Case{"outputs/modle", unreadable.c_str(), false},
                          Case{"outputs/modle", "", false}}) {
    Conversation talk;
    talk.trees.known = stored;
    const std::uint64_t session = talk.join("p");
    sweeps::SweepSpec spec = sample_spec(1);
    spec.registration = {"mnist", one.path};
    const AttemptKey key = talk.start_one(spec);
    pb::AgentMessage message;
    message.set_session(session);
    *message.mutable_ended()->mutable_attempt() = wire::to_proto(key);
    message.mutable_ended()->set_tree_digest(one.digest);
    const AgentHeard heard = talk.say("p", message);
    REQUIRE(heard.event.has_value());
    CHECK(std::get<core::AttemptEnded>(*heard.event).outcome.model_missing == one.missing);
  }
}
