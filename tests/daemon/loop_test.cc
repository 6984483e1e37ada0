// The loop with stand-ins for the world: nothing goes out before its commit, a failed commit lets
// nothing out.
#include "daemon/loop.h"

#include "tests/daemon/fixtures.h"
#include "wire/spec/spec_codec.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sweepd;
using daemon::Loop;
using daemon::Outgoing;
using daemon::test::sample_spec;

namespace {

struct World {
  std::vector<std::string> diary;
  daemon::test::MemoryJournal journal;
  daemon::test::FakeClock clock;
  daemon::test::FakeDoors doors;
  daemon::test::FakeTrees trees;
  daemon::test::FakeDisk disk;
  daemon::test::FakeBackups backups;
  daemon::test::FakeGc gc;
  Loop::Options options{{seconds(2), seconds(900)}, {"0.1", "/srv/state", 7, {}, "ok", {}}};
  std::unique_ptr<Loop> loop;
  std::uint64_t hellos = 0;
  std::uint64_t requests = 0;

  World() {
    journal.diary = &diary;
    doors.diary = &diary;
    start();
  }

  void start() {
    loop = std::make_unique<Loop>(
        Loop::Ports{journal, journal, clock, doors, trees, disk, backups, gc}, options);
    const auto started = loop->start();
    REQUIRE_MESSAGE(started.ok(), started.error().message);
  }

  // One turn; returns what it sent.
  std::vector<Outgoing> turn(Duration passed = milliseconds(1)) {
    clock.pass(passed);
    doors.sent.clear();
    diary.clear();
    const auto turned = loop->turn();
    REQUIRE_MESSAGE(turned.ok(), turned.error().message);
    return doors.sent;
  }

  void ask(pb::ClientRequest request, const std::string& peer = "c") {
    request.set_protocol(wire::kProtocolVersion);
    if (request.id_low() == 0) {
      request.set_id_low(++requests);
    }
    doors.incoming[wire::Door::kClient].push_back({peer, wire::encode(request)});
  }

  pb::ClientReply answer(pb::ClientRequest request) {
    ask(std::move(request));
    return client_reply(turn());
  }

  static pb::ClientReply client_reply(const std::vector<Outgoing>& sent) {
    for (const Outgoing& message : sent) {
      if (message.door == wire::Door::kClient) {
        pb::ClientReply reply;
        REQUIRE(wire::decode(message.bytes, 4 << 20, reply).ok());
        return reply;
      }
    }
    FAIL("no reply");
    return {};
  }

  static pb::ClientRequest submission(std::uint32_t trials = 4) {
    pb::ClientRequest request;
    *request.mutable_submit()->mutable_spec() = wire::to_proto(sample_spec(trials));
    request.mutable_submit()->set_user("ada");
    request.mutable_submit()->set_toml("# mine");
    return request;
  }

  static pb::ClientRequest control(const std::string& selector, pb::Verb verb) {
    pb::ClientRequest request;
    request.mutable_control()->set_selector(selector);
    request.mutable_control()->set_verb(verb);
    return request;
  }

  void tell(const pb::AgentMessage& message, const std::string& peer = "a") {
    doors.incoming[wire::Door::kControl].push_back({peer, wire::encode(message)});
  }

  static std::vector<pb::DaemonMessage> to_agents(const std::vector<Outgoing>& sent) {
    std::vector<pb::DaemonMessage> messages;
    for (const Outgoing& message : sent) {
      if (message.door == wire::Door::kControl) {
        messages.emplace_back();
        REQUIRE(wire::decode(message.bytes, 1 << 20, messages.back()).ok());
      }
    }
    return messages;
  }

  // An agent with CPU slots joins; returns its session.
  std::uint64_t join(std::uint32_t slots = 1, const std::string& name = "box") {
    pb::AgentMessage message;
    pb::Hello& hello = *message.mutable_hello();
    hello.set_protocol(wire::kProtocolVersion);
    hello.set_uuid("u-" + name);
    hello.set_name(name);
    hello.set_incarnation(1);
    hello.set_number(++hellos);
    for (std::uint32_t i = 0; i < slots; ++i) {
      hello.add_slots()->set_index(i);
      hello.mutable_slots(static_cast<int>(i))->set_kind(pb::CPU);
    }
    tell(message);
    for (const pb::DaemonMessage& reply : to_agents(turn())) {
      if (reply.has_hello_ok()) {
        return reply.session();
      }
    }
    FAIL("no welcome");
    return 0;
  }

  void report(std::uint64_t session, const AttemptKey& key, std::uint64_t seq, double loss) {
    pb::AgentMessage message;
    message.set_session(session);
    *message.mutable_reports()->mutable_attempt() = wire::to_proto(key);
    pb::Report& one = *message.mutable_reports()->add_reports();
    one.set_seq(seq);
    one.add_metrics()->set_name("loss");
    one.mutable_metrics(0)->set_value(loss);
    tell(message);
  }

  void end(std::uint64_t session, const AttemptKey& key, std::uint64_t reports) {
    pb::AgentMessage message;
    message.set_session(session);
    pb::AttemptEnded& ended = *message.mutable_ended();
    *ended.mutable_attempt() = wire::to_proto(key);
    ended.set_reports_last(reports);
    ended.set_started(true);
    tell(message);
  }
};

std::size_t count_starts(const std::vector<pb::DaemonMessage>& messages) {
  return static_cast<std::size_t>(std::count_if(
      messages.begin(), messages.end(), [](const auto& message) { return message.has_start(); }));
}

}  // namespace

TEST_CASE(
    "loop: everything that is sent is sent after the commit of its batch, and one commit serves "
    "all") {
  World world;
  const std::uint64_t session = world.join(2);
  world.ask(World::submission());
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
  CHECK(count_starts(World::to_agents(sent)) == 2);
  const pb::ClientReply reply = World::client_reply(sent);
  CHECK(reply.code() == 0);
  CHECK(reply.submitted().sweep() == 1);
  CHECK(reply.submitted().name() == "mnist-lr");
  CHECK(reply.submitted().trials_total() == 4);
  CHECK_FALSE(reply.submitted().again());
}

TEST_CASE(
    "loop: reports are acknowledged after their commit; a finish and the next start share one") {
  World world;
  const std::uint64_t session = world.join(1);
  world.answer(World::submission());
  const AttemptKey first{{1}, {1}, {1}};
  world.report(session, first, 1, 0.5);
  auto messages = World::to_agents(world.turn());
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].reports_ack().seq() == 1);
  CHECK(world.diary == std::vector<std::string>{"commit", "send"});

  world.end(session, first, 1);
  messages = World::to_agents(world.turn());
  REQUIRE(messages.size() == 2);
  CHECK(std::any_of(
      messages.begin(), messages.end(), [](const auto& one) { return one.has_ended_ack(); }));
  CHECK(count_starts(messages) == 1);
  CHECK(world.diary == std::vector<std::string>{"commit", "send", "send"});
}

TEST_CASE("loop: a turn in which nothing is decided commits nothing") {
  World world;
  const std::uint64_t session = world.join(1);
  world.turn(seconds(3));
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_heartbeat()->set_number(1);
  world.tell(message);
  CHECK(world.turn().size() == 1);
  CHECK(world.diary == std::vector<std::string>{"send"});
}

TEST_CASE(
    "loop: on a full disk nothing is acknowledged, changes are refused, questions are answered, "
    "and it heals") {
  World world;
  const std::uint64_t session = world.join(1);
  world.answer(World::submission());
  const core::State before = world.loop->state();
  const AttemptKey first{{1}, {1}, {1}};

  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.disk.now.free_bytes = 0;
  world.report(session, first, 1, 0.5);
  world.ask(World::control("1", pb::PAUSE), "c2");
  auto sent = world.turn();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].peer == "c2");
  const pb::ClientReply refusal = World::client_reply(sent);
  CHECK(refusal.code() == static_cast<int>(Errc::kUnavailable));
  CHECK(refusal.message() == "disk full on /srv/state: free some space; nothing was lost");
  CHECK(world.loop->degraded());
  CHECK(world.loop->state() == before);  // the memory is what the disk is

  world.report(session, first, 1, 0.5);
  CHECK(world.turn().empty());
  CHECK(world.answer(World::submission()).code() == static_cast<int>(Errc::kUnavailable));
  pb::ClientRequest info;
  info.mutable_server_info();
  CHECK(world.answer(info).server().health().find("disk full on /srv/state") == 0);
  pb::AgentMessage heartbeat;
  heartbeat.set_session(session);
  heartbeat.mutable_heartbeat()->set_number(1);
  world.tell(heartbeat);
  sent = world.turn();  // agents keep their leases: nobody else can be given their work
  REQUIRE(sent.size() == 1);
  CHECK(World::to_agents(sent)[0].has_heartbeat_ack());

  world.turn(seconds(2000));  // however long it takes, nobody is declared lost meanwhile
  world.journal.failure.reset();
  world.disk.now.free_bytes = 50ULL << 30;
  world.turn(seconds(4));
  CHECK_FALSE(world.loop->degraded());
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kConnected);
  world.report(session, first, 1, 0.5);
  const auto messages = World::to_agents(world.turn());
  REQUIRE_FALSE(messages.empty());
  CHECK(messages.back().reports_ack().seq() == 1);
  CHECK(world.answer(info).server().health() == "ok");
}

TEST_CASE("loop: any other failure of the disk ends the loop with nothing sent") {
  World world;
  world.join(1);
  world.journal.failure = Error{Errc::kUnexpected, "input/output error"};
  world.ask(World::submission());
  world.doors.sent.clear();
  world.clock.pass(milliseconds(1));
  const auto turned = world.loop->turn();
  REQUIRE_FALSE(turned.ok());
  CHECK(turned.error().message == "input/output error");
  CHECK(world.doors.sent.empty());
}

TEST_CASE("loop: after a restart the state is the same, agents are suspect until they say Hello") {
  World world;
  world.join(2);
  world.answer(World::submission());
  core::State before = world.loop->state();
  world.start();
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kSuspect);
  CHECK(world.loop->state().sweeps == before.sweeps);
  CHECK(world.loop->state().busy == before.busy);
  // It holds nothing: the two orders are still owed and come with the welcome.
  world.join(2);
  CHECK(count_starts(World::to_agents(world.doors.sent)) == 2);
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kConnected);
  CHECK(world.loop->state().sweeps == before.sweeps);
  CHECK(world.loop->state().free_cpu == before.free_cpu);
}

TEST_CASE("loop: a repeated submission is answered, not redone") {
  World world;
  pb::ClientRequest request = World::submission();
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
  World world;
  pb::ClientRequest request = World::submission();
  request.set_id_low(77);
  world.ask(request, "c1");
  world.ask(request, "c2");
  const auto sent = world.turn();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].peer == "c1");
  CHECK(sent[1].peer == "c2");
}

TEST_CASE("loop: owed orders are repeated every two seconds until they are confirmed") {
  World world;
  const std::uint64_t session = world.join(1);
  world.answer(World::submission(1));
  CHECK(count_starts(World::to_agents(world.turn(seconds(2)))) == 1);
  CHECK(count_starts(World::to_agents(world.turn(milliseconds(500)))) == 0);
  CHECK(count_starts(World::to_agents(world.turn(seconds(2)))) == 1);
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_heartbeat()->set_number(1);
  pb::HeldAttempt& held = *message.mutable_heartbeat()->add_held();
  *held.mutable_attempt() = wire::to_proto(AttemptKey{{1}, {1}, {1}});
  held.set_phase(pb::RUNNING);
  world.tell(message);
  world.turn();
  CHECK(count_starts(World::to_agents(world.turn(seconds(3)))) == 0);
}

TEST_CASE("loop: a silent agent is suspected, then lost, and its session ends with it") {
  World world;
  const std::uint64_t session = world.join(1);
  world.answer(World::submission(1));
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
  const auto messages = World::to_agents(world.turn());
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].has_who_are_you());
}

TEST_CASE("loop: an agent that says goodbye is lost at once") {
  World world;
  const std::uint64_t session = world.join(1);
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_goodbye();
  world.tell(message);
  world.turn();
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kLost);
}

TEST_CASE("loop: an ended sweep that has left the memory can be asked about and controlled") {
  World world;
  const std::uint64_t session = world.join(1);
  world.answer(World::submission(1));
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

  const pb::ClientReply wrong = world.answer(World::control("last", pb::PAUSE));
  CHECK(wrong.code() == static_cast<int>(Errc::kWrongState));
  pb::ClientRequest show;
  show.mutable_show_trial()->set_selector("mnist-lr/best");
  const pb::ClientReply trial = world.answer(show);
  CHECK(trial.code() == 0);
  CHECK(trial.trial().row().value() == 0.25);
}

TEST_CASE("loop: with commits for each message every batch holds one") {
  World world;
  world.options.batch_messages_max = 1;
  world.start();
  world.ask(World::submission());
  world.ask(World::submission());
  CHECK(world.turn().size() == 1);
  CHECK(world.turn().size() == 1);
  CHECK(world.turn().empty());
}

TEST_CASE("loop: it runs until somebody wants it to stop") {
  World world;
  world.doors.stop = true;
  CHECK(world.loop->run().ok());
}

TEST_CASE("loop: a disk that was full for logs alone is healed, and not asked at every turn") {
  World world;
  world.journal.logs_failed = true;
  world.turn(seconds(5));
  CHECK(world.journal.heals == 1);
  world.turn(milliseconds(100));
  CHECK(world.journal.heals == 1);
  CHECK_FALSE(world.loop->degraded());
  world.journal.logs_failed = false;
  world.turn(seconds(5));
  CHECK(world.journal.heals == 1);
}

TEST_CASE("loop: proposals of many slots take several turns, and all come") {
  World world;
  world.join(600);
  world.answer(World::submission(1000));
  const std::size_t first = world.loop->state().sweeps.at(SweepId{1}).trials.size();
  CHECK(first > 0);
  CHECK(first < 600);
  for (int i = 0; i < 20; ++i) {
    world.turn();
  }
  CHECK(world.loop->state().sweeps.at(SweepId{1}).trials.size() >= 600);
}

TEST_CASE(
    "loop: on a disk with little room submissions are refused with what to do, and it heals") {
  World world;
  const std::uint64_t session = world.join(2);
  world.answer(World::submission(3));
  world.disk.now.free_bytes = 1ULL << 30;
  world.turn(seconds(1));
  CHECK(world.loop->state().storage == core::StorageLevel::kLow);
  const pb::ClientReply refused = world.answer(World::submission());
  CHECK(refused.code() == static_cast<int>(Errc::kUnavailable));
  CHECK(refused.message().find("free some space there") != std::string::npos);
  world.report(session, {{1}, {1}, {1}}, 1, 0.5);
  world.end(session, {{1}, {1}, {1}}, 1);
  CHECK(count_starts(World::to_agents(world.turn())) == 0);

  pb::ClientRequest list;
  list.mutable_list_sweeps();
  CHECK(world.answer(list).sweeps().notice().find("1.0 GiB of 100.0 GiB") != std::string::npos);
  pb::ClientRequest show;
  show.mutable_show_sweep()->set_selector("1");
  CHECK(world.answer(show).sweep().waiting().find("nothing new is started") != std::string::npos);
  pb::ClientRequest info;
  info.mutable_server_info();
  const pb::ServerDetail server = world.answer(info).server();
  CHECK(server.storage() == "low");
  CHECK(server.disk_free_bytes() == 1ULL << 30);
  CHECK(server.health().find("almost full") != std::string::npos);

  // It is known after a restart, too, and changes when it has changed.
  world.start();
  CHECK(world.loop->state().storage == core::StorageLevel::kLow);
  world.disk.now.free_bytes = 50ULL << 30;
  world.turn(seconds(2));
  CHECK(world.loop->state().storage == core::StorageLevel::kPlenty);
  CHECK(world.answer(World::submission()).code() == 0);
  CHECK(world.answer(info).server().health() == "ok");
}

TEST_CASE("loop: a full disk gives up the reserve, and gets it back when the store is healed") {
  World world;
  world.disk.wanted = 256 << 20;
  world.turn(seconds(1));
  REQUIRE(world.disk.ballast == 256 << 20);
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.disk.now.free_bytes = 0;
  CHECK(world.answer(World::submission()).code() == static_cast<int>(Errc::kUnavailable));
  CHECK(world.disk.releases == 1);
  world.turn(seconds(60));
  CHECK(world.loop->degraded());
  world.journal.failure.reset();
  world.turn(seconds(4));
  CHECK_FALSE(world.loop->degraded());
  CHECK(world.disk.ballast == 0);
  world.disk.now.free_bytes = 50ULL << 30;
  world.turn(seconds(2));
  CHECK(world.disk.ballast == 256 << 20);
}

TEST_CASE("loop: a store that is not healed 30 seconds after there is room ends the loop") {
  World world;
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.answer(World::submission());
  Result<void> last;
  int second = 0;
  for (; second < 60 && last.ok(); ++second) {
    world.clock.pass(seconds(1));
    last = world.loop->turn();
  }
  REQUIRE_FALSE(last.ok());
  CHECK(second >= 30);
  CHECK(second <= 32);
  CHECK(last.error().code != Errc::kUnavailable);
}

TEST_CASE("loop: an error of healing that is no lack of room ends the loop") {
  World world;
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.answer(World::submission());
  world.journal.failure = Error{Errc::kUnexpected, "input/output error"};
  world.clock.pass(seconds(4));
  CHECK_FALSE(world.loop->turn().ok());
}

TEST_CASE("loop: the store is written out once an hour") {
  World world;
  world.turn(seconds(3000));
  CHECK(world.journal.flushes == 0);
  world.turn(seconds(700));
  CHECK(world.journal.flushes == 1);
  world.turn(seconds(10));
  CHECK(world.journal.flushes == 1);
}

TEST_CASE("loop: a backup is begun elsewhere, and asked about") {
  World world;
  pb::ClientRequest start;
  start.mutable_start_backup()->set_folder("/b");
  CHECK(world.answer(start).backup().phase() == "copying files");
  CHECK(world.backups.asked == std::vector<std::string>{"/b"});
  world.backups.now.phase = "failed";
  world.backups.now.failure = Error{Errc::kCorrupt, "damaged"};
  pb::ClientRequest show;
  show.mutable_show_backup();
  const pb::BackupDetail failed = world.answer(show).backup();
  CHECK(failed.code() == static_cast<int>(Errc::kCorrupt));
  CHECK(failed.message() == "damaged");
  world.backups.refusal = Error{Errc::kWrongState, "under way"};
  CHECK(world.answer(start).code() == static_cast<int>(Errc::kWrongState));
}

TEST_CASE("loop: a removal is answered after its commit, again after a restart, and rows go") {
  World world;
  CHECK(world.answer(World::submission()).submitted().sweep() == 1);
  world.answer(World::control("1", pb::KILL));
  pb::ClientRequest remove;
  remove.set_id_low(77);
  remove.mutable_remove_sweep()->set_selector("last");
  world.ask(remove);
  const pb::ClientReply reply = World::client_reply(world.turn());
  CHECK(world.diary == std::vector<std::string>{"commit", "send"});
  CHECK(reply.removed().sweep() == 1);
  CHECK(world.journal.headers()->empty());
  CHECK(world.loop->state().sweeps.empty());
  world.turn(seconds(1));
  CHECK(world.journal.records({1}, 0, 100)->empty());
  world.start();
  CHECK(world.answer(remove).removed().trials() == reply.removed().trials());
  pb::ClientRequest show;
  show.mutable_show_sweep()->set_selector("1");
  CHECK(world.answer(show).message() == "sweep 1 was removed");
  CHECK(world.answer(World::submission()).submitted().sweep() == 2);
}

TEST_CASE("loop: a sweep that ends and is removed in one turn is gone for who asks in it") {
  World world;
  CHECK(world.answer(World::submission()).submitted().sweep() == 1);
  world.ask(World::control("1", pb::KILL));
  pb::ClientRequest remove;
  remove.set_id_low(77);
  remove.mutable_remove_sweep()->set_selector("1");
  world.ask(remove);
  pb::ClientRequest show;
  show.set_id_low(78);
  show.mutable_show_sweep()->set_selector("1");
  world.ask(show);
  std::vector<std::string> messages;
  for (const auto& message : world.turn()) {
    pb::ClientReply reply;
    REQUIRE(wire::decode(message.bytes, message.bytes.size(), reply).ok());
    messages.push_back(reply.message());
  }
  CHECK(std::find(messages.begin(), messages.end(), "sweep 1 was removed") != messages.end());
  CHECK(world.loop->state().sweeps.empty());
}

TEST_CASE("loop: gc runs elsewhere, when somebody asks, and is asked about") {
  World world;
  pb::ClientRequest start;
  start.mutable_start_gc();
  CHECK(world.answer(start).gc().run() == 1);
  REQUIRE(world.gc.orders.size() == 1);  // at the end of that turn
  world.gc.end(daemon::GcResult{2, 30, 1, 9, {}, false});
  world.turn();
  pb::ClientRequest show;
  show.mutable_show_gc();
  const pb::GcDetail done = world.answer(show).gc();
  CHECK(done.phase() == "done");
  CHECK(done.files() == 2);
  CHECK(done.kept_bytes() == 9);
  world.answer(World::submission());
  start.mutable_start_gc()->set_dry_run(true);
  start.mutable_start_gc()->add_without("1");
  CHECK(world.answer(start).code() == static_cast<int>(Errc::kWrongState));  // it runs
  world.answer(World::control("1", pb::KILL));
  CHECK(world.answer(start).gc().dry_run());
  CHECK(world.gc.orders.back().wish.without == std::vector<SweepId>{{1}});
}
