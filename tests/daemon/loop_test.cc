// The loop with stand-ins for the world: nothing goes out before its commit.
#include "base/limits.h"
#include "tests/daemon/loop_bench.h"

using namespace sweepd;
using daemon::Loop;
using daemon::Outgoing;
using daemon::test::count_starts;
using daemon::test::LoopBench;
using daemon::test::sample_spec;

TEST_CASE(
    "loop: everything that is sent is sent after the commit of its batch, and one commit serves "
    "all") {
  LoopBench world;
  const std::uint64_t session = world.join(2);
  world.ask(LoopBench::submission());
  world.tell([&] {
    pb::AgentMessage message;
    message.set_session(session);
    message.mutable_heartbeat()->set_number(1);
    return message;
  }());
  const auto sent = world.turn();
  REQUIRE(sent.size() == 4);  // the heartbeat's acknowledgement, two starts, the client's answer
  REQUIRE(world.diary.size() == 5);
  CHECK(world.diary[0] == "commit");
  CHECK(std::count(world.diary.begin(), world.diary.end(), "commit") == 1);
  CHECK(count_starts(LoopBench::to_agents(sent)) == 2);
  const pb::ClientReply reply = LoopBench::client_reply(sent);
  CHECK(reply.code() == 0);
  CHECK(reply.submitted().sweep() == 1);
  CHECK(reply.submitted().name() == "mnist-lr");
  CHECK(reply.submitted().trials_total() == 4);
  CHECK_FALSE(reply.submitted().again());
}

TEST_CASE(
    "loop: reports are acknowledged after their commit; a finish and the next start share one") {
  LoopBench world;
  const std::uint64_t session = world.join(1);
  world.answer(LoopBench::submission());
  const AttemptKey first{{1}, {1}, {1}};
  world.report(session, first, 1, 0.5);
  auto messages = LoopBench::to_agents(world.turn());
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].reports_ack().seq() == 1);
  CHECK(world.diary == std::vector<std::string>{"commit", "send"});

  world.end(session, first, 1);
  messages = LoopBench::to_agents(world.turn());
  REQUIRE(messages.size() == 2);
  CHECK(std::any_of(
      messages.begin(), messages.end(), [](const auto& one) { return one.has_ended_ack(); }));
  CHECK(count_starts(messages) == 1);
  CHECK(world.diary == std::vector<std::string>{"commit", "send", "send"});
}

TEST_CASE("loop: a turn in which nothing is decided commits nothing") {
  LoopBench world;
  const std::uint64_t session = world.join(1);
  world.turn(seconds(3));
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_heartbeat()->set_number(1);
  world.tell(message);
  CHECK(world.turn().size() == 1);
  CHECK(world.diary == std::vector<std::string>{"send"});
}

TEST_CASE("loop: after a restart the state is the same, agents are suspect until they say Hello") {
  LoopBench world;
  world.join(2);
  world.answer(LoopBench::submission());
  core::State before = world.loop->state();
  world.start();
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kSuspect);
  CHECK(world.loop->state().sweeps == before.sweeps);
  CHECK(world.loop->state().busy == before.busy);
  // It holds nothing: the two orders are still owed and come with the welcome.
  world.join(2);
  CHECK(count_starts(LoopBench::to_agents(world.doors.sent)) == 2);
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kConnected);
  CHECK(world.loop->state().sweeps == before.sweeps);
  CHECK(world.loop->state().free_cpu == before.free_cpu);
}

TEST_CASE("loop: a repeated submission is answered, not redone") {
  LoopBench world;
  pb::ClientRequest request = LoopBench::submission();
  request.set_id_high(9);
  request.set_id_low(9);
  CHECK_FALSE(world.answer(request).submitted().again());
  const pb::ClientReply second = world.answer(request);
  CHECK(second.submitted().again());
  CHECK(second.submitted().sweep() == 1);
  world.start();
  CHECK(world.answer(request).submitted().again());
  CHECK(world.loop->state().sweeps.size() == 1);
}

TEST_CASE("loop: two clients that send the same request in one batch both get an answer") {
  LoopBench world;
  pb::ClientRequest request = LoopBench::submission();
  request.set_id_low(77);
  world.ask(request, "c1");
  world.ask(request, "c2");
  const auto sent = world.turn();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].peer == "c1");
  CHECK(sent[1].peer == "c2");
}

TEST_CASE("loop: owed orders are repeated every two seconds until they are confirmed") {
  LoopBench world;
  const std::uint64_t session = world.join(1);
  world.answer(LoopBench::submission(1));
  CHECK(count_starts(LoopBench::to_agents(world.turn(seconds(2)))) == 1);
  CHECK(count_starts(LoopBench::to_agents(world.turn(milliseconds(500)))) == 0);
  CHECK(count_starts(LoopBench::to_agents(world.turn(seconds(2)))) == 1);
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_heartbeat()->set_number(1);
  pb::HeldAttempt& held = *message.mutable_heartbeat()->add_held();
  *held.mutable_attempt() = wire::to_proto(AttemptKey{{1}, {1}, {1}});
  held.set_phase(pb::RUNNING);
  world.tell(message);
  world.turn();
  CHECK(count_starts(LoopBench::to_agents(world.turn(seconds(3)))) == 0);
}

TEST_CASE("loop: a silent agent is suspected, then lost, and its session ends with it") {
  LoopBench world;
  const std::uint64_t session = world.join(1);
  world.answer(LoopBench::submission(1));
  world.turn(seconds(7));
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kSuspect);
  CHECK(world.loop->state().held.at({1}).size() == 1);
  world.turn(seconds(940));
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kLost);
  CHECK(world.loop->state().sweeps.at({1}).trial({1}).state == core::TrialState::kQueued);
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_heartbeat()->set_number(1);
  world.tell(message);
  const auto messages = LoopBench::to_agents(world.turn());
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].has_who_are_you());
}

TEST_CASE("loop: an agent that says goodbye is lost at once") {
  LoopBench world;
  const std::uint64_t session = world.join(1);
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_goodbye();
  world.tell(message);
  world.turn();
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kLost);
}

TEST_CASE("loop: an ended sweep that has left the memory can be asked about and controlled") {
  LoopBench world;
  const std::uint64_t session = world.join(1);
  world.answer(LoopBench::submission(1));
  world.report(session, {{1}, {1}, {1}}, 1, 0.25);
  world.end(session, {{1}, {1}, {1}}, 1);
  world.turn();
  REQUIRE(world.loop->state().live.empty());
  world.start();
  REQUIRE(world.loop->state().sweeps.empty());

  pb::ClientRequest list;
  list.mutable_list_sweeps();
  const pb::ClientReply sweeps = world.answer(list);
  REQUIRE(sweeps.sweeps().sweeps_size() == 1);
  CHECK(sweeps.sweeps().sweeps(0).state() == "completed");
  CHECK(sweeps.sweeps().sweeps(0).best_value() == 0.25);
  CHECK(world.loop->state().sweeps.empty());  // the list needs no journal

  const pb::ClientReply wrong = world.answer(LoopBench::control("last", pb::PAUSE));
  CHECK(wrong.code() == static_cast<int>(Errc::kWrongState));
  pb::ClientRequest show;
  show.mutable_show_trial()->set_selector("mnist-lr/best");
  const pb::ClientReply trial = world.answer(show);
  CHECK(trial.code() == 0);
  CHECK(trial.trial().row().value() == 0.25);
}

TEST_CASE("loop: with commits for each message every batch holds one") {
  LoopBench world;
  world.options.batch_messages_max = 1;
  world.start();
  world.ask(LoopBench::submission());
  world.ask(LoopBench::submission());
  CHECK(world.turn().size() == 1);
  CHECK(world.turn().size() == 1);
  CHECK(world.turn().empty());
}

TEST_CASE("loop: a turn hears a bounded number of bytes of agents, and clients all the same") {
  LoopBench world;
  constexpr std::size_t kSize = limits::kControlMessageBytesMax;
  constexpr std::size_t kPerTurn = limits::kBatchBytesMax / kSize;
  std::deque<wire::Incoming>& flood = world.doors.incoming[wire::Door::kControl];
  flood.assign(3 * kPerTurn, {"a", std::string(kSize, 'x')});
  pb::ClientRequest request;
  request.mutable_list_sweeps();
  for (std::size_t turns_left = 3; turns_left-- > 0;) {
    CHECK(world.answer(request).has_sweeps());
    CHECK(flood.size() == turns_left * kPerTurn);
  }
}

TEST_CASE("loop: it runs until somebody wants it to stop") {
  LoopBench world;
  world.doors.stop = true;
  CHECK(world.loop->run().ok());
}

TEST_CASE("loop: proposals of many slots take several turns, and all come") {
  LoopBench world;
  world.join(600);
  world.answer(LoopBench::submission(1000));
  const std::size_t first = world.loop->state().sweeps.at(SweepId{1}).trials.size();
  CHECK(first > 0);
  CHECK(first < 600);
  for (int i = 0; i < 20; ++i) {
    world.turn();
  }
  CHECK(world.loop->state().sweeps.at(SweepId{1}).trials.size() >= 600);
}
