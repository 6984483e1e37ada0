// A store that went back: who tells the loop, and whom it tells.
#include "tests/daemon/loop_bench.h"

using namespace sweepd;
using daemon::test::LoopBench;

namespace {

pb::AgentMessage hello(LoopBench& world, std::uint64_t seen, const std::string& name = "box") {
  pb::AgentMessage message;
  pb::Hello& body = *message.mutable_hello();
  body.set_protocol(wire::kProtocolVersion);
  body.set_uuid("u-" + name);
  body.set_name(name);
  body.set_incarnation(1);
  body.set_number(++world.hellos);
  body.add_slots()->set_kind(pb::CPU);
  body.set_stored_seen(seen);
  return message;
}

// Says Hello and gives the place of the store that it is answered.
std::uint64_t joined(LoopBench& world, std::uint64_t seen, const std::string& name = "box") {
  world.tell(hello(world, seen, name));
  for (const pb::DaemonMessage& reply : LoopBench::to_agents(world.turn())) {
    if (reply.has_hello_ok()) {
      return reply.hello_ok().stored();
    }
  }
  FAIL("no welcome");
  return 0;
}

pb::ServerDetail server(LoopBench& world) {
  world.turn();
  pb::ClientRequest info;
  info.mutable_server_info();
  return world.answer(info).server();
}

}  // namespace

TEST_CASE("loop: agents are told the number of the last record on disk, and it grows") {
  LoopBench world;
  const std::uint64_t first = joined(world, 0);
  CHECK(first == world.journal.next_seq() - 1);
  world.answer(LoopBench::submission());
  CHECK(joined(world, first) > first);
}

TEST_CASE("loop: a loss is found by who knows more, journaled once, and said to people") {
  LoopBench world;
  const std::uint64_t known = joined(world, 0);
  world.answer(LoopBench::submission());
  CHECK(server(world).records_lost() == 0);
  CHECK(server(world).health() == "ok");

  world.start();
  const std::uint64_t at_start = world.journal.next_seq() - 1 - 1;  // less the note of the start
  const std::uint64_t told = joined(world, at_start + 20);
  CHECK(told > at_start + 20);
  CHECK(told > known);
  CHECK(server(world).records_lost() == 20);
  CHECK(server(world).health().starts_with(
      "the store went back: at least 20 records that agents were told of are gone"));
  const auto losses = [&] {
    std::size_t count = 0;
    const auto history = world.journal.records({}, 0, 1000);
    for (const daemon::SequencedRecord& one : *history) {
      count += std::holds_alternative<core::StoreWentBack>(one.record) ? 1U : 0U;
    }
    return count;
  };
  CHECK(losses() == 1);
  joined(world, at_start + 30, "other");
  joined(world, told);
  CHECK(losses() == 1);

  // At the next start it is known: whoever comes back late cries no wolf, and health is about now.
  world.start();
  joined(world, at_start + 40, "late");
  joined(world, told);
  CHECK(losses() == 1);
  CHECK(server(world).records_lost() == 20);
  CHECK(server(world).health().find("nothing is started for ") != std::string::npos);
}

TEST_CASE("loop: a loss that could not be written is found again") {
  LoopBench world;
  world.start();
  const std::uint64_t at_start = world.journal.next_seq() - 1;
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.tell(hello(world, at_start + 20));
  CHECK(LoopBench::to_agents(world.turn()).empty());
  world.journal.failure.reset();
  world.turn(seconds(4));
  CHECK_FALSE(world.loop->degraded());
  joined(world, at_start + 20);
  CHECK(server(world).records_lost() == 20);
}

TEST_CASE("loop: that agents obey a newer daemon is said to people, too") {
  LoopBench world;
  pb::AgentMessage ahead = hello(world, 0);
  ahead.mutable_hello()->set_term_seen(9);
  world.tell(ahead);
  world.turn();
  CHECK(server(world).health().starts_with(
      "agents obey a daemon of term 9, and this one is of term 7"));
}

namespace {

// The daemon starts again after its machine did, which was off for so long.
void reboot(LoopBench& world, Duration off) {
  world.options.before = world.clock.at;
  world.clock.pass(off);
  world.clock.at.boot_id = "another boot";
  world.start();
}

}  // namespace

TEST_CASE("loop: after a restart of the machine agents are awaited, after one of the daemon not") {
  LoopBench world;
  world.join(1);
  world.options.before = world.clock.at;
  world.clock.pass(seconds(5));
  world.start();
  CHECK(world.loop->state().awaited.empty());
  world.options.before = {};  // a store that has no commit
  world.start();
  CHECK(world.loop->state().awaited.empty());
  reboot(world, seconds(5));
  CHECK(world.loop->state().awaited == std::set<AgentId>{{1}});
  CHECK(server(world).health().find("until agent box is back") != std::string::npos);
  world.join(1);
  CHECK(world.loop->state().awaited.empty());
}

TEST_CASE(
    "loop: what was left of older leases is waited for in full, whatever the wall clock says") {
  LoopBench world;
  world.join(1);
  world.options.rules.lease = seconds(60);
  world.clock.pass(seconds(1));
  world.start();  // agents may hold leases of 900 s
  const Instant over = world.loop->state().leases_over;
  REQUIRE(over >= world.clock.at.now + seconds(900));
  world.clock.pass(seconds(10));
  const Duration left = over - world.clock.at.now;
  reboot(world, seconds(2 * 86'400));
  CHECK(world.loop->state().leases_over == world.clock.at.now + left);
  // Nobody is lost before that: what it runs may go on under the old lease.
  world.turn(seconds(600));
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kSuspect);
  world.turn(left);
  CHECK(world.loop->state().agents.at({1}).state == core::AgentState::kLost);
}

TEST_CASE("loop: agents are awaited, too, when the start that says so finds no room at first") {
  LoopBench world;
  world.join(1);
  world.journal.failure = Error{Errc::kUnavailable, "no space left on device"};
  world.disk.now.free_bytes = 0;
  reboot(world, seconds(5));
  CHECK(world.loop->degraded());
  CHECK(world.loop->state().awaited.empty());
  world.journal.failure.reset();
  world.disk.now.free_bytes = 50ULL << 30;
  world.turn(seconds(4));
  CHECK_FALSE(world.loop->degraded());
  CHECK(world.loop->state().awaited == std::set<AgentId>{{1}});
}
