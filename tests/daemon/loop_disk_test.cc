// The loop when the disk fails or is full: what failed lets nothing out, and heals by itself.
#include "tests/daemon/loop_bench.h"

using namespace sweepd;
using daemon::Loop;
using daemon::Outgoing;
using daemon::test::count_starts;
using daemon::test::LoopBench;
using daemon::test::sample_spec;

TEST_CASE(
    "loop: on a full disk nothing is acknowledged, changes are refused, questions are answered, "
    "and it heals") {
  LoopBench world;
  const std::uint64_t session = world.join(1);
  world.answer(LoopBench::submission());
  const core::State before = world.loop->state();
  const AttemptKey first{{1}, {1}, {1}};

  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.disk.now.free_bytes = 0;
  world.report(session, first, 1, 0.5);
  world.ask(LoopBench::control("1", pb::PAUSE), "c2");
  auto sent = world.turn();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].peer == "c2");
  const pb::ClientReply refusal = LoopBench::client_reply(sent);
  CHECK(refusal.code() == static_cast<int>(Errc::kUnavailable));
  CHECK(refusal.message() == "disk full on /srv/state: free some space; nothing was lost");
  CHECK(world.loop->degraded());
  CHECK(world.loop->state() == before);  // the memory is what the disk is

  world.report(session, first, 1, 0.5);
  CHECK(world.turn().empty());
  CHECK(world.answer(LoopBench::submission()).code() == static_cast<int>(Errc::kUnavailable));
  pb::ClientRequest info;
  info.mutable_server_info();
  CHECK(world.answer(info).server().health().find("disk full on /srv/state") == 0);
  pb::AgentMessage heartbeat;
  heartbeat.set_session(session);
  heartbeat.mutable_heartbeat()->set_number(1);
  world.tell(heartbeat);
  sent = world.turn();  // agents keep their leases: nobody else can be given their work
  REQUIRE(sent.size() == 1);
  CHECK(LoopBench::to_agents(sent)[0].has_heartbeat_ack());

  world.turn(seconds(2000));  // however long it takes, nobody is declared lost meanwhile
  world.journal.failure.reset();
  world.disk.now.free_bytes = 50ULL << 30;
  world.turn(seconds(4));
  CHECK_FALSE(world.loop->degraded());
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kConnected);
  world.report(session, first, 1, 0.5);
  const auto messages = LoopBench::to_agents(world.turn());
  REQUIRE_FALSE(messages.empty());
  CHECK(messages.back().reports_ack().seq() == 1);
  CHECK(world.answer(info).server().health() == "ok");
}

TEST_CASE("loop: what a start decides and has no room for is decided when there is, first of all") {
  LoopBench world;
  CHECK(world.loop->state().lease == seconds(900));
  world.options.rules.lease = seconds(60);
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.disk.now.free_bytes = 0;
  world.start();
  CHECK(world.loop->degraded());
  CHECK(world.loop->state().lease == seconds(900));
  world.turn(seconds(4));
  CHECK(world.loop->state().lease == seconds(900));
  world.journal.failure.reset();
  world.disk.now.free_bytes = 50ULL << 30;
  world.turn(seconds(4));
  CHECK_FALSE(world.loop->degraded());
  CHECK(world.loop->state().lease == seconds(60));
  CHECK(world.loop->state().leases_over > Instant{seconds(900).us});
}

TEST_CASE("loop: any other failure of the disk ends the loop with nothing sent") {
  LoopBench world;
  world.join(1);
  world.journal.failure = Error{Errc::kUnexpected, "input/output error"};
  world.ask(LoopBench::submission());
  world.doors.sent.clear();
  world.clock.pass(milliseconds(1));
  const auto turned = world.loop->turn();
  REQUIRE_FALSE(turned.ok());
  CHECK(turned.error().message == "input/output error");
  CHECK(world.doors.sent.empty());
}

TEST_CASE("loop: a disk that was full for logs alone is healed, and not asked at every turn") {
  LoopBench world;
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

TEST_CASE("loop: a store that healing could not open again is waited for like any full disk") {
  LoopBench world;
  const std::uint64_t session = world.join(1);
  world.answer(LoopBench::submission());
  const core::State before = world.loop->state();
  // Only logs met the full disk; healing closed the store, and found no room to open it.
  world.journal.logs_failed = true;
  world.journal.closed = true;
  world.journal.failure = Error{Errc::kUnavailable, "there is no room to open the store"};
  world.disk.now.free_bytes = 0;
  world.report(session, {{1}, {1}, {1}}, 1, 0.5);
  CHECK(world.turn(seconds(4)).empty());
  CHECK(world.loop->degraded());
  CHECK(world.answer(LoopBench::control("1", pb::PAUSE)).code() ==
        static_cast<int>(Errc::kUnavailable));
  CHECK(world.loop->state() == before);
  world.turn(seconds(4));
  world.journal.failure.reset();
  world.journal.closed = false;
  world.journal.logs_failed = false;
  world.disk.now.free_bytes = 50ULL << 30;
  world.turn(seconds(4));
  CHECK_FALSE(world.loop->degraded());
  world.report(session, {{1}, {1}, {1}}, 1, 0.5);
  const auto messages = LoopBench::to_agents(world.turn());
  REQUIRE_FALSE(messages.empty());
  CHECK(messages.back().reports_ack().seq() == 1);
}

TEST_CASE("loop: a store that is read for long is healed when that is done, and nobody gives up") {
  LoopBench world;
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.answer(LoopBench::submission());
  world.journal.failure.reset();
  world.journal.unhealed = Error{Errc::kWrongState, "the store is being read"};
  for (int second = 0; second < 300; ++second) {
    world.turn(seconds(1));
  }
  CHECK(world.loop->degraded());
  pb::ClientRequest info;
  info.mutable_server_info();
  CHECK(world.answer(info).server().health().find(
            "when what reads the store, like a backup, is done") != std::string::npos);
  world.journal.unhealed.reset();
  world.turn(seconds(4));
  CHECK_FALSE(world.loop->degraded());
  CHECK(world.answer(info).server().health() == "ok");
}

TEST_CASE(
    "loop: on a disk with little room submissions are refused with what to do, and it heals") {
  LoopBench world;
  const std::uint64_t session = world.join(2);
  world.answer(LoopBench::submission(3));
  world.disk.now.free_bytes = 1ULL << 30;
  world.turn(seconds(1));
  CHECK(world.loop->state().storage == core::StorageLevel::kLow);
  const pb::ClientReply refused = world.answer(LoopBench::submission());
  CHECK(refused.code() == static_cast<int>(Errc::kUnavailable));
  CHECK(refused.message().find("free some space there") != std::string::npos);
  world.report(session, {{1}, {1}, {1}}, 1, 0.5);
  world.end(session, {{1}, {1}, {1}}, 1);
  CHECK(count_starts(LoopBench::to_agents(world.turn())) == 0);

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
  CHECK(world.answer(LoopBench::submission()).code() == 0);
  CHECK(world.answer(info).server().health() == "ok");
}

TEST_CASE("loop: a full disk gives up the reserve, and gets it back when the store is healed") {
  LoopBench world;
  world.disk.wanted = 256 << 20;
  world.turn(seconds(1));
  REQUIRE(world.disk.ballast == 256 << 20);
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.disk.now.free_bytes = 0;
  CHECK(world.answer(LoopBench::submission()).code() == static_cast<int>(Errc::kUnavailable));
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
  LoopBench world;
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.answer(LoopBench::submission());
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
  LoopBench world;
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.answer(LoopBench::submission());
  world.journal.failure = Error{Errc::kUnexpected, "input/output error"};
  world.clock.pass(seconds(4));
  CHECK_FALSE(world.loop->turn().ok());
}

TEST_CASE("loop: the store is written out once an hour") {
  LoopBench world;
  world.turn(seconds(3000));
  CHECK(world.journal.flushes == 0);
  world.turn(seconds(700));
  CHECK(world.journal.flushes == 1);
  world.turn(seconds(10));
  CHECK(world.journal.flushes == 1);
}
