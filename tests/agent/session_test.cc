// What an agent says and does: orders, reports, ends, leases, whatever gets lost.
#include "tests/agent/session_bench.h"

#include <algorithm>
#include <cmath>
#include <string>

using namespace sweepd;
using namespace sweepd::agent;
using namespace sweepd::agent::test;

TEST_CASE("session: a Start that comes twice launches once") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  REQUIRE_EQ(bench.ordered<Launch>().size(), 1);
  REQUIRE(bench.heartbeat() != nullptr);
  CHECK_EQ(bench.heartbeat()->held_size(), 1);
  bench.hear(start_of(kFirst));
  CHECK(bench.commands.empty());
  CHECK_MESSAGE(bench.heartbeat() != nullptr, "the daemon repeats the order until it sees it held");
}

TEST_CASE("session: an order for an attempt whose end was acknowledged is answered, not obeyed") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  CHECK(bench.session.ended(end_of(kFirst)));
  bench.hear(ended_ack(kFirst));
  CHECK_EQ(bench.ordered<Forget>().size(), 1);
  CHECK(bench.session.holds_nothing());
  // A daemon that has lost the end orders it again, or gives its number once more.
  for (const pb::DaemonMessage& order : {start_of(kFirst), stop_of(kFirst)}) {
    bench.hear(order);
    CHECK(bench.commands.empty());
    REQUIRE_EQ(bench.count(pb::AgentMessage::kEnded), 1);
    const auto told = std::find_if(bench.messages.begin(),
                                   bench.messages.end(),
                                   [](const auto& message) { return message.has_ended(); });
    CHECK_FALSE(told->ended().started());
    CHECK_EQ(told->ended().failure().code(), pb::STOPPED_BY_AGENT);
    bench.hear(ended_ack(kFirst));
    CHECK(bench.session.holds_nothing());
  }
}

TEST_CASE("session: an attempt of an earlier run is held, and goes on being it") {
  Remembered remembered;
  remembered.term = 3;
  remembered.unfinished = {{start_of(kFirst).start(), std::nullopt},
                           {start_of(kSecond).start(), end_of(kSecond)}};
  Bench bench(remembered);
  bench.tick();
  const pb::Hello hello = bench.messages.front().hello();
  REQUIRE_EQ(hello.held_size(), 2);
  CHECK_EQ(hello.held(0).phase(), pb::RUNNING);
  CHECK_EQ(hello.held(1).phase(), pb::FINISHING);
  CHECK_EQ(hello.term_seen(), 3);
  // Nobody here knows when its lease ends: its shim does.
  CHECK_FALSE(bench.session.lease_end(kFirst).has_value());
  bench.hear(bench.hello_ok(kSession, 3));
  CHECK_EQ(bench.session.lease_end(kFirst), bench.now + seconds(60));
  pb::DaemonMessage start = start_of(kFirst);
  start.set_term(3);
  bench.hear(start);
  CHECK(bench.ordered<Launch>().empty());
  REQUIRE(bench.session.ended(end_of(kFirst)));
  bench.tick();
  CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 1);
}

TEST_CASE("session: reports that an earlier run delivered are numbered and not sent again") {
  Remembered remembered;
  remembered.unfinished = {{start_of(kFirst).start(), std::nullopt}};
  Bench bench(remembered);
  bench.tick();
  pb::DaemonMessage ok = bench.hello_ok();
  pb::ReportsAck& ack = *ok.mutable_hello_ok()->add_reports();
  *ack.mutable_attempt() = wire::to_proto(kFirst);
  ack.set_seq(3);
  bench.hear(ok);
  bench.report(kFirst, 5);
  bench.tick();
  CHECK_EQ(bench.reported_seqs(), std::vector<std::uint64_t>{4, 5});
}

TEST_CASE("session: an end that an earlier run did not deliver is delivered as it was") {
  pb::AttemptEnded end = end_of(kFirst);
  end.set_reports_last(5);
  end.set_tree_digest("abc");
  Bench bench({0, false, {}, {end}});
  bench.register_agent();
  REQUIRE_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  CHECK_EQ(bench.messages.front().ended().SerializeAsString(), end.SerializeAsString());
}

TEST_CASE("session: a Stop before its Start leaves a tombstone that refuses the Start") {
  Bench bench;
  bench.register_agent();
  bench.hear(stop_of(kFirst));
  REQUIRE_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  CHECK_FALSE(bench.messages.front().ended().started());
  CHECK(bench.messages.front().ended().stopped());
  bench.hear(start_of(kFirst));
  CHECK(bench.commands.empty());
  bench.hear(ended_ack(kFirst));
  bench.hear(start_of(kFirst));
  CHECK(bench.ordered<Launch>().empty());
}

TEST_CASE("session: a Stop is passed on once, and again only when it is faster") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.hear(stop_of(kFirst, 5000));
  REQUIRE_EQ(bench.ordered<Stop>().size(), 1);
  CHECK_EQ(bench.ordered<Stop>().front().grace, seconds(5));
  CHECK_FALSE(bench.ordered<Stop>().front().failure);
  bench.hear(stop_of(kFirst, 5000));
  CHECK(bench.commands.empty());
  bench.hear(stop_of(kFirst, 0));
  CHECK_EQ(bench.ordered<Stop>().size(), 1);
  bench.session.phase_reached(kFirst, pb::FINISHING);
  bench.hear(stop_of(kSecond));
  CHECK(bench.commands.empty());
}

TEST_CASE("session: reports are numbered, sent at once, and sent again until they are stored") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.report(kFirst, 3);
  bench.tick();
  CHECK_EQ(bench.reported_seqs(), std::vector<std::uint64_t>{1, 2, 3});
  bench.tick(milliseconds(500));
  CHECK(bench.reported_seqs().empty());
  bench.hear(reports_ack(kFirst, 2));
  CHECK_FALSE(bench.session.reports_delivered(kFirst));
  bench.tick(milliseconds(1100));
  CHECK_EQ(bench.reported_seqs(), std::vector<std::uint64_t>{3});
  bench.hear(reports_ack(kFirst, 1));  // overtaken
  CHECK_FALSE(bench.session.reports_delivered(kFirst));
  bench.hear(reports_ack(kFirst, 3));
  CHECK(bench.session.reports_delivered(kFirst));
  bench.tick(seconds(5));
  CHECK(bench.reported_seqs().empty());
}

TEST_CASE("session: an acknowledgement of what was never sent acknowledges nothing more") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.report(kFirst, 1);
  bench.hear(reports_ack(kFirst, 99));
  bench.report(kFirst, 1);
  bench.tick();
  CHECK_EQ(bench.reported_seqs(), std::vector<std::uint64_t>{2});
}

TEST_CASE("session: many reports go in messages that the daemon takes, within a window") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.report(kFirst, 20'000);
  CHECK_FALSE(bench.session.wants_reports(kFirst));
  bench.tick();
  CHECK_EQ(bench.reported_seqs().size(), 8 * 512);
  for (const pb::AgentMessage& message : bench.messages) {
    CHECK_LE(message.ByteSizeLong(), 256 * 1024);
  }
  std::uint64_t stored = 0;
  while (!bench.session.reports_delivered(kFirst)) {
    stored += bench.reported_seqs().size();
    bench.hear(reports_ack(kFirst, stored));
  }
  CHECK_EQ(stored, 20'000);
  CHECK(bench.session.wants_reports(kFirst));
}

TEST_CASE("session: the end names the last report and is repeated until it is acknowledged") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.report(kFirst, 2);
  bench.tick();
  bench.hear(reports_ack(kFirst, 2));
  const auto end = bench.session.ended(end_of(kFirst));
  REQUIRE(end);
  CHECK_EQ(end->reports_last(), 2);
  bench.tick();
  CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  bench.tick(milliseconds(100));
  CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 0);
  bench.tick(milliseconds(1000));
  CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  bench.report(kFirst, 1);  // too late: the end has named the last
  bench.tick();
  CHECK(bench.reported_seqs().empty());
  bench.hear(ended_ack(kFirst));
  bench.tick(seconds(10));
  CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 0);
}

TEST_CASE("session: an acknowledged end of an attempt that has not ended changes nothing") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.hear(ended_ack(kFirst));
  CHECK(bench.commands.empty());
  CHECK_FALSE(bench.session.holds_nothing());
}

TEST_CASE("session: a fenced attempt is stopped, and what it reports is dropped") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.report(kFirst, 2);
  bench.tick();
  bench.hear(reports_ack(kFirst, 0, true));
  REQUIRE_EQ(bench.ordered<Stop>().size(), 1);
  CHECK(bench.ordered<Stop>().front().discard);
  CHECK(bench.session.reports_delivered(kFirst));
  bench.hear(reports_ack(kFirst, 0, true));
  CHECK(bench.commands.empty());
  bench.report(kFirst, 5);
  bench.tick(seconds(2));
  CHECK(bench.reported_seqs().empty());
}

TEST_CASE("session: the lease runs from when the answered heartbeat was sent") {
  Bench bench;
  bench.register_agent(2000, 10'000);
  bench.hear(start_of(kFirst));
  const Instant registered = bench.now;
  CHECK_EQ(*bench.session.lease_end(kFirst), registered + seconds(10));
  bench.tick(seconds(2));
  REQUIRE(bench.heartbeat() != nullptr);
  pb::DaemonMessage ack = from_daemon();
  ack.mutable_heartbeat_ack()->set_number(bench.heartbeat()->number());
  bench.now = bench.now + seconds(3);
  bench.hear(ack);
  CHECK_EQ(*bench.session.lease_end(kFirst), registered + seconds(12));
  bench.hear(ack);
  CHECK_EQ(*bench.session.lease_end(kFirst), registered + seconds(12));
}

TEST_CASE("session: at the end of the lease everything that runs is stopped and goes back") {
  Bench bench;
  bench.register_agent(2000, 10'000);
  bench.hear(start_of(kFirst));
  bench.hear(start_of(kSecond));
  bench.session.phase_reached(kSecond, pb::FINISHING);
  bench.tick(milliseconds(9'999));
  CHECK(bench.ordered<Stop>().empty());
  CHECK_LE(bench.session.next_wake(), bench.now + milliseconds(1));
  bench.tick(milliseconds(1));
  REQUIRE_EQ(bench.ordered<Stop>().size(), 1);
  CHECK_EQ(bench.ordered<Stop>().front().attempt, kFirst);
  CHECK_EQ(bench.ordered<Stop>().front().failure->code(), pb::AGENT_LOST);
  bench.hear(start_of({{1}, {3}, {1}}));
  CHECK(bench.ordered<Launch>().empty());
}

TEST_CASE("session: changes of phase within a turn share one heartbeat, and never go back") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.session.phase_reached(kFirst, pb::RUNNING);
  bench.session.phase_reached(kFirst, pb::STOPPING);
  bench.session.phase_reached(kFirst, pb::RUNNING);
  bench.tick();
  REQUIRE_EQ(bench.count(pb::AgentMessage::kHeartbeat), 1);
  CHECK_EQ(bench.heartbeat()->held(0).phase(), pb::STOPPING);
  bench.tick();
  CHECK(bench.messages.empty());
}

TEST_CASE("session: leaving stops what runs, lets what is over be delivered, takes nothing new") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.hear(start_of(kSecond));
  bench.session.phase_reached(kSecond, pb::FINISHING);
  bench.session.leave(seconds(3));
  bench.tick();
  REQUIRE_EQ(bench.ordered<Stop>().size(), 1);
  CHECK_EQ(bench.ordered<Stop>().front().attempt, kFirst);
  CHECK_EQ(bench.ordered<Stop>().front().grace, seconds(3));
  CHECK_EQ(bench.ordered<Stop>().front().failure->code(), pb::STOPPED_BY_AGENT);
  bench.hear(start_of({{1}, {3}, {1}}));
  CHECK(bench.ordered<Launch>().empty());
  bench.session.say_goodbye("stopped");
  bench.tick();
  CHECK_EQ(bench.count(pb::AgentMessage::kGoodbye), 1);
}
