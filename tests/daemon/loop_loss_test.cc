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
