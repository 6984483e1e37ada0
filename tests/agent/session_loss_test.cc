// What an agent does about a daemon that has lost what it had on disk.
#include "tests/agent/session_bench.h"
#include "wire/store_place.h"

using namespace sweepd;
using namespace sweepd::agent;
using namespace sweepd::agent::test;

namespace {

// The daemon starts anew, and says how far it has the reports of the first attempt.
void come_back(Bench& bench, std::uint64_t reports) {
  pb::DaemonMessage who = from_daemon();
  who.mutable_who_are_you();
  bench.hear(who);
  bench.tick(seconds(1));
  pb::DaemonMessage ok = bench.hello_ok(8);
  pb::ReportsAck& ack = *ok.mutable_hello_ok()->add_reports();
  *ack.mutable_attempt() = wire::to_proto(kFirst);
  ack.set_seq(reports);
  bench.hear(ok);
}

pb::DaemonMessage beat_ack(const Bench& bench, std::uint64_t stored) {
  pb::DaemonMessage message = from_daemon();
  message.mutable_heartbeat_ack()->set_number(bench.heartbeat() ? bench.heartbeat()->number() : 0);
  message.mutable_heartbeat_ack()->set_stored(stored);
  return message;
}

// An attempt with five reports, all of them acknowledged.
Bench five_stored() {
  Bench bench;
  bench.register_agent();
  bench.hear(start_of(kFirst));
  bench.report(kFirst, 5);
  bench.tick();
  bench.hear(reports_ack(kFirst, 5));
  return bench;
}

}  // namespace

TEST_CASE("session: the largest place of a daemon's store that it was told is said at each Hello") {
  Remembered remembered;
  remembered.stored = 40;
  Bench bench(remembered);
  bench.tick();
  CHECK_EQ(bench.messages.front().hello().stored_seen(), 40);
  pb::DaemonMessage ok = bench.hello_ok();
  ok.mutable_hello_ok()->set_stored(30);  // a store that went back
  bench.hear(ok);
  bench.hear(beat_ack(bench, 55));
  bench.hear(beat_ack(bench, 50));
  pb::DaemonMessage who = from_daemon();
  who.mutable_who_are_you();
  bench.hear(who);
  bench.tick(seconds(1));
  REQUIRE_EQ(bench.count(pb::AgentMessage::kHello), 1);
  CHECK_EQ(bench.messages.front().hello().stored_seen(), 55);
}

TEST_CASE("session: a place goes to the ledger with other rows, and by itself once a minute") {
  Bench bench;
  bench.tick();
  pb::DaemonMessage ok = bench.hello_ok();
  ok.mutable_hello_ok()->set_stored(30);
  bench.hear(ok);
  REQUIRE_EQ(bench.ordered<RememberStored>().size(), 1);
  CHECK_EQ(bench.ordered<RememberStored>().front().stored, 30);
  bench.hear(beat_ack(bench, 31));
  CHECK(bench.commands.empty());
  bench.hear(start_of(kFirst));
  REQUIRE_EQ(bench.commands.size(), 2);
  CHECK_EQ(bench.ordered<RememberStored>().front().stored, 31);
  bench.hear(beat_ack(bench, 32));
  bench.tick(seconds(58));
  CHECK(bench.commands.empty());
  bench.tick(seconds(2));
  REQUIRE_EQ(bench.ordered<RememberStored>().size(), 1);
  CHECK_EQ(bench.ordered<RememberStored>().front().stored, 32);
  bench.tick(seconds(120));
  CHECK(bench.ordered<RememberStored>().empty());
}

TEST_CASE("session: reports that a daemon had stored and has lost are read once more, and sent") {
  Bench bench = five_stored();
  come_back(bench, 3);
  REQUIRE_EQ(bench.ordered<Reread>().size(), 1);
  CHECK_EQ(bench.ordered<Reread>().front().attempt, kFirst);
  CHECK(bench.reported_seqs().empty());  // there are none before they are read
  bench.report(kFirst, 5);
  bench.session.reread(kFirst);
  bench.tick();
  CHECK_EQ(bench.reported_seqs(), std::vector<std::uint64_t>{4, 5});
  bench.report(kFirst, 1);
  bench.tick();
  CHECK_EQ(bench.reported_seqs(), std::vector<std::uint64_t>{6});
}

TEST_CASE(
    "session: a daemon that has what it had is sent nothing again; an older word is no loss") {
  Bench bench = five_stored();
  come_back(bench, 5);
  CHECK(bench.ordered<Reread>().empty());
  bench.hear([] {
    pb::DaemonMessage late = reports_ack(kFirst, 2);
    late.set_session(8);
    return late;
  }());
  CHECK(bench.ordered<Reread>().empty());
}

namespace {

// That a daemon that has come back with three reports of five is told the others, and the end.
void check_told_in_full(Bench& bench) {
  REQUIRE_EQ(bench.ordered<Reread>().size(), 1);
  bench.report(kFirst, 5);
  bench.session.reread(kFirst);
  bench.tick(seconds(1));
  CHECK_EQ(bench.reported_seqs(), std::vector<std::uint64_t>{4, 5});
  REQUIRE_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  CHECK_EQ(bench.messages.back().ended().reports_last(), 5);
  CHECK_EQ(bench.messages.back().ended().failure().code(), pb::REASON_NONE);
}

}  // namespace

TEST_CASE("session: reports are read again for an end that waits to be acknowledged, too") {
  Bench bench = five_stored();
  REQUIRE(bench.session.ended(end_of(kFirst)));
  come_back(bench, 3);
  check_told_in_full(bench);
}

TEST_CASE("session: an end whose reports are gone on both sides gives its attempt back") {
  pb::AttemptEnded end = end_of(kFirst);
  end.set_reports_last(5);
  Bench bench({0, false, {}, {end}});
  bench.register_agent();
  come_back(bench, 3);
  REQUIRE_EQ(bench.ordered<Reread>().size(), 1);
  bench.report(kFirst, 4);  // the spool was torn
  bench.session.reread(kFirst);
  bench.tick();
  CHECK(bench.reported_seqs().empty());
  REQUIRE_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  CHECK_EQ(bench.messages.back().ended().failure().code(), pb::AGENT_LOST);
}

TEST_CASE("session: what an earlier run of the program was told is over is never started again") {
  Remembered remembered;
  remembered.done = {kFirst};
  Bench bench(remembered);
  bench.register_agent();
  bench.hear(start_of(kFirst));
  CHECK(bench.ordered<Launch>().empty());
  CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  bench.hear(start_of(kSecond));
  CHECK_EQ(bench.ordered<Launch>().size(), 1);
}

TEST_CASE(
    "session: another daemon altogether is told of no store but its own, and has its own numbers") {
  const std::uint64_t one = wire::to_number({7, 0, 900});
  const std::uint64_t other = wire::to_number({3, 0, 5});
  Remembered remembered;
  remembered.stored = one;
  remembered.done = {kFirst};
  Bench bench(remembered);
  bench.tick();
  pb::DaemonMessage ok = bench.hello_ok();
  ok.mutable_hello_ok()->set_stored(other);
  bench.hear(ok);
  REQUIRE_EQ(bench.ordered<RememberStored>().size(), 1);
  CHECK_EQ(bench.ordered<RememberStored>().front().stored, other);
  bench.hear(start_of(kFirst));
  CHECK_EQ(bench.ordered<Launch>().size(), 1);
}

TEST_CASE("session: an end whose outputs the daemon misses is told again after a new collection") {
  Bench bench = five_stored();
  REQUIRE(bench.session.ended(end_of(kFirst)));
  bench.tick();
  REQUIRE_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  for (int i = 0; i < 3; ++i) {
    bench.hear(outputs_missing(kFirst));
    CHECK_EQ(bench.ordered<Recollect>().size(), i == 0 ? 1 : 0);
    CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 0);
    bench.tick(seconds(5));
    CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 0);
  }
  pb::AttemptEnded anew = end_of(kFirst);
  anew.set_tree_digest("def");
  anew.set_exit_code(9);
  const auto told = bench.session.ended(anew);
  REQUIRE(told);
  CHECK_EQ(told->tree_digest(), "def");
  CHECK_EQ(told->exit_code(), end_of(kFirst).exit_code());
  CHECK_EQ(told->reports_last(), 5);
  CHECK_FALSE(bench.session.ended(anew));
  bench.tick();
  REQUIRE_EQ(bench.count(pb::AgentMessage::kEnded), 1);
  CHECK_EQ(bench.messages.back().ended().tree_digest(), "def");
}

TEST_CASE("session: outputs are missed only of an attempt that has ended") {
  Bench bench = five_stored();
  bench.hear(outputs_missing(kFirst));
  bench.hear(outputs_missing(kSecond));
  CHECK(bench.ordered<Recollect>().empty());
  REQUIRE(bench.session.ended(end_of(kFirst)));
  bench.tick();
  CHECK_EQ(bench.count(pb::AgentMessage::kEnded), 1);
}

TEST_CASE("session: what a daemon gave up, and has lost that it did, is given back to it") {
  Bench bench = five_stored();
  bench.hear(reports_ack(kFirst, 0, true));
  bench.tick();
  come_back(bench, 3);
  CHECK(bench.ordered<Reread>().empty());  // its reports are not kept
  const auto told = bench.session.ended(end_of(kFirst));
  REQUIRE(told);
  CHECK_EQ(told->failure().code(), pb::AGENT_LOST);
  bench.tick();
  REQUIRE_EQ(bench.count(pb::AgentMessage::kEnded), 1);
}

TEST_CASE("session: what had ended when a daemon gave it up is told in full once that is lost") {
  Bench bench = five_stored();
  REQUIRE(bench.session.ended(end_of(kFirst)));
  bench.tick();
  bench.hear(reports_ack(kFirst, 0, true));
  come_back(bench, 3);
  check_told_in_full(bench);
}
