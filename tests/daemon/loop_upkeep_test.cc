// What the loop has done elsewhere or between its turns: backups, removals, gc.
#include "tests/daemon/loop_bench.h"

using namespace sweepd;
using daemon::Loop;
using daemon::Outgoing;
using daemon::test::count_starts;
using daemon::test::LoopBench;
using daemon::test::sample_spec;

TEST_CASE("loop: a backup is begun elsewhere, and asked about") {
  LoopBench world;
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
  LoopBench world;
  CHECK(world.answer(LoopBench::submission()).submitted().sweep() == 1);
  world.answer(LoopBench::control("1", pb::KILL));
  pb::ClientRequest remove;
  remove.set_id_low(77);
  remove.mutable_remove_sweep()->set_selector("last");
  world.ask(remove);
  const pb::ClientReply reply = LoopBench::client_reply(world.turn());
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
  CHECK(world.answer(LoopBench::submission()).submitted().sweep() == 2);
}

TEST_CASE("loop: a sweep that ends and is removed in one turn is gone for who asks in it") {
  LoopBench world;
  CHECK(world.answer(LoopBench::submission()).submitted().sweep() == 1);
  world.ask(LoopBench::control("1", pb::KILL));
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
  LoopBench world;
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
  world.answer(LoopBench::submission());
  start.mutable_start_gc()->set_dry_run(true);
  start.mutable_start_gc()->add_without("1");
  CHECK(world.answer(start).code() == static_cast<int>(Errc::kWrongState));  // it runs
  world.answer(LoopBench::control("1", pb::KILL));
  CHECK(world.answer(start).gc().dry_run());
  CHECK(world.gc.orders.back().wish.without == std::vector<SweepId>{{1}});
}

TEST_CASE("loop: files that run.keep lets go are looked for soon, when that is on the disk") {
  LoopBench world;
  pb::ClientRequest submit = LoopBench::submission(2);
  submit.mutable_submit()->mutable_spec()->mutable_run()->set_keep(1);
  CHECK(world.answer(submit).submitted().sweep() == 1);
  const std::uint64_t session = world.join(2);
  world.turn(seconds(100));
  for (std::uint32_t trial = 1; trial <= 2; ++trial) {
    const AttemptKey key{{1}, {trial}, {1}};
    world.report(session, key, 1, 0.5 * trial);
    world.end(session, key, 1, std::string(64, 'a'));
  }
  world.turn();
  REQUIRE(core::find_attempt(world.loop->state(), {{1}, {2}, {1}})->outputs_dropped);
  world.turn(seconds(9));
  CHECK(world.gc.orders.empty());
  world.turn(seconds(1));
  CHECK(world.gc.orders.size() == 1);
}
