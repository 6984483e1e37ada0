// How an agent registers, with whom, and what it obeys.
#include "tests/agent/session_bench.h"

using namespace sweepd;
using namespace sweepd::agent;
using namespace sweepd::agent::test;

TEST_CASE("session: Hello is repeated ever more slowly until it is answered") {
  Bench bench;
  bench.tick();
  REQUIRE_EQ(bench.count(pb::AgentMessage::kHello), 1);
  CHECK_EQ(bench.messages.front().session(), 0);
  CHECK_EQ(bench.messages.front().hello().uuid(), "uuid");
  bench.tick();
  CHECK(bench.messages.empty());
  int hellos = 0;
  for (int ms = 0; ms < 60'000; ms += 10) {
    bench.tick(milliseconds(10));
    hellos += bench.count(pb::AgentMessage::kHello);
  }
  CHECK_GE(hellos, 10);
  CHECK_LE(hellos, 20);
  bench.register_agent();
  CHECK(bench.session.registered());
  CHECK_EQ(bench.count(pb::AgentMessage::kHeartbeat), 1);
  CHECK_EQ(bench.count(pb::AgentMessage::kHello), 0);
}

TEST_CASE("session: only the newest Hello is believed, and the lease runs from when it was sent") {
  Bench bench;
  bench.tick();
  const pb::DaemonMessage first = bench.hello_ok();
  bench.tick(seconds(1));
  REQUIRE_EQ(bench.count(pb::AgentMessage::kHello), 1);
  const Instant sent = bench.now;
  // What starts in the session of the first the daemon would give up when it reads the second.
  bench.hear(first);
  CHECK_FALSE(bench.session.registered());
  bench.hear(start_of(kFirst));
  CHECK(bench.ordered<Launch>().empty());
  bench.now = bench.now + milliseconds(100);
  bench.hear(bench.hello_ok());
  bench.hear(start_of(kFirst));
  CHECK_EQ(bench.session.lease_end(kFirst), sent + seconds(60));
}

TEST_CASE("session: an answer to no Hello of this run opens no session") {
  Bench bench;
  bench.tick();
  pb::DaemonMessage ok = bench.hello_ok();
  ok.mutable_hello_ok()->set_hello(99);
  bench.hear(ok);
  CHECK_FALSE(bench.session.registered());
}

TEST_CASE("session: what the daemon wants killed at registration is stopped and discarded") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.hear(start_of(kSecond));
  pb::DaemonMessage who = from_daemon();
  who.mutable_who_are_you();
  bench.hear(who);
  bench.tick(seconds(1));
  pb::DaemonMessage ok = bench.hello_ok(8);
  *ok.mutable_hello_ok()->add_kill() = wire::to_proto(kSecond);
  bench.hear(ok);
  REQUIRE_EQ(bench.ordered<Stop>().size(), 1);
  CHECK_EQ(bench.ordered<Stop>().front().attempt, kSecond);
  CHECK(bench.ordered<Stop>().front().discard);
}

TEST_CASE("session: WhoAreYou makes it say Hello again with everything it holds") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.report(kFirst, 2);
  bench.tick(seconds(1));
  pb::DaemonMessage who = from_daemon();
  who.mutable_who_are_you();
  bench.hear(who);
  REQUIRE_EQ(bench.count(pb::AgentMessage::kHello), 1);
  const pb::Hello& hello = bench.messages.front().hello();
  REQUIRE_EQ(hello.held_size(), 1);
  CHECK_EQ(hello.held(0).reports_last(), 2);
  bench.hear(who);  // of the same burst
  CHECK(bench.messages.empty());
  pb::DaemonMessage ok = bench.hello_ok(9);
  pb::ReportsAck& ack = *ok.mutable_hello_ok()->add_reports();
  *ack.mutable_attempt() = wire::to_proto(kFirst);
  ack.set_seq(1);
  bench.hear(ok);
  CHECK_EQ(bench.reported_seqs(), std::vector<std::uint64_t>{2});
  CHECK_EQ(bench.messages.front().session(), 9);
}

TEST_CASE("session: orders of another session are refused") {
  Bench bench;
  bench.register_agent();
  pb::DaemonMessage start = start_of(kFirst);
  start.set_session(6);
  bench.hear(start);
  CHECK(bench.commands.empty());
  CHECK(bench.session.holds_nothing());
}

TEST_CASE("session: orders of a smaller term than it has seen are refused") {
  Bench bench;
  bench.register_agent();
  pb::DaemonMessage start = start_of(kFirst);
  start.set_term(5);
  bench.hear(start);
  REQUIRE_EQ(bench.commands.size(), 2);
  CHECK_EQ(std::get<RememberTerm>(bench.commands.front()).term, 5);
  pb::DaemonMessage stale = start_of(kSecond);
  stale.set_term(4);
  bench.hear(stale);
  CHECK(bench.commands.empty());
}

TEST_CASE("session: a refused agent waits before it asks again, and says why once") {
  Bench bench;
  bench.tick();
  pb::DaemonMessage rejected = from_daemon(0);
  rejected.mutable_hello_rejected()->set_sentence("too old");
  bench.hear(rejected);
  CHECK_EQ(bench.session.take_rejection(), "too old");
  CHECK_FALSE(bench.session.take_rejection());
  bench.tick(seconds(29));
  CHECK(bench.messages.empty());
  bench.tick(seconds(2));
  CHECK_EQ(bench.count(pb::AgentMessage::kHello), 1);
}

TEST_CASE(
    "session: slots that change while a Hello is under way are told, and it is not believed") {
  Bench bench;
  bench.tick();
  const pb::DaemonMessage answer = bench.hello_ok();
  bench.session.set_slots(bench.now, {pb::Slot(), pb::Slot()}, "");
  bench.hear(answer);  // of an agent without slots
  CHECK_FALSE(bench.session.registered());
  bench.tick(seconds(2));
  REQUIRE_EQ(bench.count(pb::AgentMessage::kHello), 1);
  CHECK_EQ(bench.messages.front().hello().slots_size(), 2);
  bench.hear(bench.hello_ok());
  CHECK(bench.session.registered());
}

TEST_CASE("session: slots that change in a session make it say Hello again, with a reason") {
  Bench bench;
  bench.register_agent();
  bench.session.set_slots(bench.now, {}, "no room");
  CHECK_FALSE(bench.session.registered());
  bench.tick(seconds(2));
  REQUIRE_EQ(bench.count(pb::AgentMessage::kHello), 1);
  CHECK_EQ(bench.messages.front().hello().labels().at("withheld"), "no room");
}

TEST_CASE("session: the word of a daemon of a smaller term that refuses it is for people only") {
  Remembered remembered;
  remembered.term = 7;
  Bench bench(remembered);
  bench.tick();
  REQUIRE_EQ(bench.count(pb::AgentMessage::kHello), 1);
  pb::DaemonMessage refusal = from_daemon(0, 4);
  refusal.mutable_hello_rejected()->set_sentence("its state folder is older");
  bench.hear(refusal);
  CHECK_EQ(bench.session.take_rejection().value_or(""), "its state folder is older");
  CHECK_FALSE(bench.session.take_rejection());
  bench.tick(seconds(10));
  CHECK_EQ(bench.count(pb::AgentMessage::kHello), 1);  // it goes on asking
}

TEST_CASE("session: asked who it is by a daemon of a smaller term, it says so and is told") {
  Bench bench;
  bench.register_agent();
  pb::DaemonMessage newer = from_daemon();
  newer.set_term(9);
  newer.mutable_heartbeat_ack();
  bench.hear(newer);
  pb::DaemonMessage stranger = from_daemon(kSession, 4);
  stranger.mutable_who_are_you();
  bench.hear(stranger);
  CHECK_FALSE(bench.session.registered());
  bench.tick(seconds(1));
  CHECK_EQ(bench.count(pb::AgentMessage::kHello), 1);
}

TEST_CASE("session: the lease of what is held is the one that the last Hello was answered with") {
  Bench bench;
  bench.register_agent(2000, 600'000);
  pb::DaemonMessage start = start_of(kFirst);
  start.mutable_start()->set_lease_ms(600'000);
  bench.hear(start);
  CHECK_EQ(bench.session.lease_end(kFirst), bench.now + seconds(600));
  pb::DaemonMessage who = from_daemon();
  who.mutable_who_are_you();
  bench.hear(who);
  bench.tick(seconds(1));
  bench.hear(bench.hello_ok(8, 2, 2000, 8000));
  CHECK_EQ(bench.session.lease_end(kFirst), bench.now + seconds(8));
}
