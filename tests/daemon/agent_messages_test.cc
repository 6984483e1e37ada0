// Messages of agents as the gateway reads them, and the order that it writes.
#include "daemon/agent_messages.h"

#include "base/limits.h"
#include "tests/daemon/gateway_bench.h"

using namespace sweepd;
using namespace sweepd::daemon::gateway_bench;
using namespace sweepd::daemon::test;
using daemon::AgentHeard;

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
  ended.set_thinned(5);
  ended.mutable_failure()->set_code(pb::TIMEOUT);
  ended.set_started_wall_us(INT64_MIN);
  const AgentHeard heard = talk.say("p", message);
  REQUIRE(heard.event.has_value());
  const auto& event = std::get<core::AttemptEnded>(*heard.event);
  CHECK(event.outcome.stderr_tail == "a\xEF\xBF\xBD");
  CHECK(event.outcome.exit_code == 3);
  CHECK(event.outcome.thinned == 5);
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
    bool files;
    bool readable;
    bool missing;
  };

  for (const Case& one : {Case{"outputs/model", true, true, false},
                          Case{"outputs/modle", true, true, true},
                          Case{"outputs/modle", true, false, false},
                          Case{"outputs/modle", false, true, false}}) {
    Conversation talk;
    talk.trees.readable = one.readable;
    const std::uint64_t session = talk.join("p");
    sweeps::SweepSpec spec = sample_spec(1);
    spec.registration = {"mnist", one.path};
    const AttemptKey key = talk.start_one(spec);
    pb::AgentMessage message;
    message.set_session(session);
    *message.mutable_ended()->mutable_attempt() = wire::to_proto(key);
    message.mutable_ended()->set_tree_digest(one.files ? talk.trees.known : "");
    const AgentHeard heard = talk.say("p", message);
    REQUIRE(heard.event.has_value());
    CHECK(std::get<core::AttemptEnded>(*heard.event).outcome.model_missing == one.missing);
  }
}

TEST_CASE(
    "agent gateway: an end that names files which are not here is no event: they are asked for") {
  Conversation talk;
  const std::uint64_t session = talk.join("p");
  const AttemptKey key = talk.start_one(sample_spec(1));
  pb::AgentMessage message;
  message.set_session(session);
  *message.mutable_ended()->mutable_attempt() = wire::to_proto(key);
  message.mutable_ended()->set_tree_digest(std::string(64, 'b'));
  const AgentHeard heard = talk.say("p", message);
  CHECK_FALSE(heard.event.has_value());
  CHECK(heard.agent.has_value());
  const pb::DaemonMessage answer = read_reply(heard.reply, "p");
  CHECK(answer.session() == session);
  REQUIRE(answer.has_outputs_missing());
  CHECK(wire::from_proto(answer.outputs_missing().attempt()) == key);
  // Of an attempt that is somebody else's by now nothing is stored, so nothing is missed.
  message.mutable_ended()->mutable_attempt()->set_attempt(key.attempt.value + 1);
  CHECK(talk.say("p", message).event.has_value());
}
