// What an agent says and does: registration, orders, reports, ends, leases, whatever gets lost.
#include "agent/session.h"

#include "wire/protocol.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

constexpr AttemptKey kFirst{{1}, {1}, {1}};
constexpr AttemptKey kSecond{{1}, {2}, {1}};
constexpr std::uint64_t kSession = 7;

pb::DaemonMessage from_daemon(std::uint64_t session = kSession, std::uint64_t term = 1) {
  pb::DaemonMessage message;
  message.set_session(session);
  message.set_term(term);
  return message;
}

pb::DaemonMessage start_of(const AttemptKey& key) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_start()->mutable_attempt() = wire::to_proto(key);
  message.mutable_start()->add_slots(0);
  return message;
}

pb::DaemonMessage stop_of(const AttemptKey& key, std::uint64_t grace_ms = 5000) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_stop()->mutable_attempt() = wire::to_proto(key);
  message.mutable_stop()->set_grace_ms(grace_ms);
  return message;
}

pb::DaemonMessage reports_ack(const AttemptKey& key, std::uint64_t seq, bool fenced = false) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_reports_ack()->mutable_attempt() = wire::to_proto(key);
  message.mutable_reports_ack()->set_seq(seq);
  message.mutable_reports_ack()->set_fenced(fenced);
  return message;
}

pb::DaemonMessage ended_ack(const AttemptKey& key) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_ended_ack()->mutable_attempt() = wire::to_proto(key);
  return message;
}

pb::AttemptEnded end_of(const AttemptKey& key) {
  pb::AttemptEnded end;
  *end.mutable_attempt() = wire::to_proto(key);
  end.set_started(true);
  return end;
}

// A session with a clock, and what it said and ordered since it was last asked.
struct Bench {
  explicit Bench(const Remembered& remembered = {})
      : session({"uuid", "a", "boot", "0", 1, {}, 2, 1024}, {}, remembered) {}

  void tick(Duration span = {}) {
    now = now + span;
    session.tick(now);
    messages = session.take_messages();
    commands = session.take_commands();
    for (const pb::AgentMessage& message : messages) {
      hello_number = message.has_hello() ? message.hello().number() : hello_number;
    }
  }

  // Answers the last Hello.
  pb::DaemonMessage hello_ok(std::uint64_t session_number = kSession,
                             std::uint64_t term = 1,
                             std::uint32_t heartbeat_ms = 2000,
                             std::uint64_t lease_ms = 60'000) const {
    pb::DaemonMessage message = from_daemon(session_number, term);
    message.mutable_hello_ok()->set_heartbeat_ms(heartbeat_ms);
    message.mutable_hello_ok()->set_lease_ms(lease_ms);
    message.mutable_hello_ok()->set_hello(hello_number);
    return message;
  }

  void hear(const pb::DaemonMessage& message) {
    session.receive(now, message);
    tick();
  }

  void register_agent(std::uint32_t heartbeat_ms = 2000, std::uint64_t lease_ms = 60'000) {
    tick();
    hear(hello_ok(kSession, 1, heartbeat_ms, lease_ms));
  }

  void report(const AttemptKey& key, int count) {
    for (int i = 0; i < count; ++i) {
      pb::Report report;
      pb::Metric& metric = *report.add_metrics();
      metric.set_name("loss");
      metric.set_value(1);
      session.reported(key, report);
    }
  }

  template <typename Wanted>
  std::vector<Wanted> ordered() const {
    std::vector<Wanted> out;
    for (const Command& command : commands) {
      if (const auto* wanted = std::get_if<Wanted>(&command)) {
        out.push_back(*wanted);
      }
    }
    return out;
  }

  std::vector<std::uint64_t> reported_seqs() const {
    std::vector<std::uint64_t> out;
    for (const pb::AgentMessage& message : messages) {
      for (const pb::Report& report : message.reports().reports()) {
        out.push_back(report.seq());
      }
    }
    return out;
  }

  int count(pb::AgentMessage::BodyCase body) const {
    int found = 0;
    for (const pb::AgentMessage& message : messages) {
      found += message.body_case() == body ? 1 : 0;
    }
    return found;
  }

  const pb::Heartbeat* heartbeat() const {
    for (const pb::AgentMessage& message : messages) {
      if (message.has_heartbeat()) {
        return &message.heartbeat();
      }
    }
    return nullptr;
  }

  Session session;
  Instant now{1'000'000'000};
  std::uint64_t hello_number = 0;
  std::vector<pb::AgentMessage> messages;
  std::vector<Command> commands;
};

}  // namespace

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

TEST_CASE("session: a Start for an attempt that is over does nothing") {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  CHECK(bench.session.ended(end_of(kFirst)));
  bench.hear(ended_ack(kFirst));
  CHECK_EQ(bench.ordered<Forget>().size(), 1);
  CHECK(bench.session.holds_nothing());
  bench.hear(start_of(kFirst));
  CHECK(bench.commands.empty());
  CHECK(bench.session.holds_nothing());
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

TEST_CASE("session: the lease runs from when the Hello that is answered was sent") {
  Bench bench;
  bench.tick();
  const pb::DaemonMessage first = bench.hello_ok();
  const Instant sent = bench.now;
  bench.tick(seconds(1));
  CHECK_EQ(bench.count(pb::AgentMessage::kHello), 1);
  bench.hear(first);
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
  bench.hear(stop_of(kFirst));
  CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 0);
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
