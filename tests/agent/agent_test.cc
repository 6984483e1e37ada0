// The whole agent: orders, reports, logs, outputs and ends of real programs.
#include "tests/agent/agent_house.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace sweepd;
using namespace sweepd::agent_house;

TEST_CASE("agent: an attempt's reports, logs and outputs are delivered before its end") {
  House house;
  house.start_agent();
  CHECK_EQ(house.daemon->hello.name(), "box");
  CHECK_EQ(house.daemon->hello.slots_size(), 1);
  house.daemon->start(house.order(kFirst, R"(
    echo '{"loss": 0.5, "epoch": 1}' >> $SWEEPD_METRICS
    echo 'loss: 0.4999 acc: 0.9'
    echo model > outputs/model.bin
    echo log > logs/run.log
    cat $SWEEPD_PARAMS
    echo bad luck >&2
    printf '{"loss": 0.25}' >> $SWEEPD_METRICS
    exit 3
  )"));
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK(end->started());
  CHECK_EQ(end->exit_code(), 3);
  CHECK_FALSE(end->stopped());
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
  CHECK_EQ(end->stderr_tail(), "bad luck\n");
  CHECK_EQ(end->tree_files(), 2);
  CHECK_EQ(end->tree_bytes(), 10);
  CHECK(house.daemon->blobs.contains(end->tree_digest()));
  CHECK_EQ(end->reports_last(), house.daemon->reports[kFirst].size());
  CHECK_EQ(shown(house.daemon->reports[kFirst]),
           "1: loss=0.5 epoch=1; 2: loss=0.25; 3: acc=0.9; 4: lr=0.1; ");
  CHECK_EQ(house.daemon->logs[std::pair(kFirst, int(pb::STDOUT))],
           "loss: 0.4999 acc: 0.9\n{\"lr\": 0.1}");
  CHECK_EQ(house.daemon->logs[std::pair(kFirst, int(pb::STDERR))], "bad luck\n");
  CHECK(house.daemon->serve_until([&] { return !fs::exists(house.folder + "/state/work/1-1-1"); }));
}

TEST_CASE("agent: a Start that is repeated runs the program once") {
  House house;
  house.start_agent(2);
  const auto order = house.order(kFirst, "echo x >> " + house.folder + "/ran");
  for (int i = 0; i < 10; ++i) {
    house.daemon->start(order);
  }
  REQUIRE(house.daemon->wait_for_end(kFirst));
  for (int i = 0; i < 10; ++i) {
    house.daemon->start(order);
  }
  house.daemon->start(house.order(kSecond, "true"));
  REQUIRE(house.daemon->wait_for_end(kSecond));
  CHECK_EQ(content_of(house.folder + "/ran"), "x\n");
}

TEST_CASE("agent: logs arrive while the program runs") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, "echo one; sleep 600"));
  CHECK(house.daemon->serve_until(
      [&] { return house.daemon->logs[std::pair(kFirst, int(pb::STDOUT))] == "one\n"; }));
  CHECK(house.daemon->serve_until([&] { return house.daemon->phases[kFirst] == pb::RUNNING; }));
  house.daemon->stop(kFirst, 0);
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK(end->stopped());
  CHECK_EQ(end->signal(), SIGKILL);
}

TEST_CASE("agent: a slot is free while the outputs of its last attempt wait for the daemon") {
  House house;
  house.start_agent();
  house.daemon->bulk_away = true;
  house.daemon->start(house.order(kFirst, "echo x > outputs/x"));
  CHECK(house.daemon->serve_until([&] { return house.daemon->phases[kFirst] == pb::FINISHING; }));
  house.daemon->start(house.order(kSecond, "echo $$ > " + house.folder + "/second"));
  CHECK(house.appears("second"));
  CHECK_FALSE(house.daemon->ended.contains(kFirst));
  house.daemon->bulk_away = false;
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
  CHECK_EQ(end->tree_files(), 1);
}

TEST_CASE("agent: what cannot be collected fails no trial, and is named") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, R"(
    echo model > outputs/model.bin
    ln -s /etc/passwd outputs/secrets
    ln -s nowhere logs/latest
  )"));
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
  CHECK_EQ(end->tree_files(), 1);
  CHECK_EQ(end->uncollected(),
           "not collected: 2 of the folders' entries: logs/latest (a link that leads nowhere), "
           "outputs/secrets (a link to something outside of the folder)");
}

TEST_CASE("agent: outputs that the daemon never takes stay on the box, and the trial is as good") {
  House house;
  house.start_agent();
  house.daemon->refuses_blobs = Errc::kInvalidArgument;
  house.daemon->start(house.order(kFirst, "echo model > outputs/model.bin"));
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
  CHECK_EQ(end->exit_code(), 0);
  CHECK(end->tree_digest().empty());
  const std::string kept = house.folder + "/state/kept/1-1-1";
  CHECK_MESSAGE(end->uncollected().ends_with("they are kept in " + kept + " on the agent"),
                end->uncollected());
  CHECK(house.daemon->serve_until([&] { return !fs::exists(house.folder + "/state/work/1-1-1"); }));
  CHECK_EQ(content_of(kept + "/outputs/model.bin"), "model\n");
  house.kill_agent();
  house.start_agent();
  house.daemon->refuses_blobs.reset();
  house.daemon->start(house.order(kSecond, "echo model > outputs/model.bin"));
  REQUIRE(house.daemon->wait_for_end(kSecond));
  CHECK_EQ(content_of(kept + "/outputs/model.bin"), "model\n");
}

TEST_CASE("agent: a daemon without room is asked again until it takes the outputs") {
  House house;
  house.start_agent();
  house.daemon->refuses_blobs = Errc::kUnavailable;
  house.daemon->start(house.order(kFirst, "echo model > outputs/model.bin"));
  CHECK(house.daemon->serve_until([&] { return house.daemon->refusals >= 2; }));
  house.daemon->refuses_blobs.reset();
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->tree_files(), 1);
  CHECK_EQ(end->uncollected(), "");
}

TEST_CASE("agent: a silent trial is ended, and told why") {
  House house;
  house.start_agent();
  pb::StartAttempt order = house.order(kFirst, "sleep 600");
  order.set_silence_ms(300);
  house.daemon->start(order);
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::SILENT);
  CHECK_EQ(end->failure().sentence(), "neither a metric nor output for 0.3 s");
}

TEST_CASE("agent: asked to stop, it hands its trials back and says goodbye") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, "echo $$ > " + house.folder + "/pid; sleep 600 & wait"));
  REQUIRE(house.appears("pid"));
  ::kill(house.agent, SIGTERM);
  CHECK_EQ(house.wait_for_exit(), 0);
  REQUIRE(house.daemon->ended.contains(kFirst));
  CHECK_EQ(house.daemon->ended[kFirst].failure().code(), pb::STOPPED_BY_AGENT);
  CHECK_EQ(house.daemon->hello.slots_size(), 0);  // what it gave back is not given to it again
  CHECK(house.daemon->serve_until([&] { return !house.daemon->goodbye.empty(); }));
  CHECK_FALSE(house.alive("pid"));
}

TEST_CASE("agent: asked to stop with nothing to do, it says goodbye at once") {
  House house;
  house.start_agent();
  REQUIRE(house.daemon->serve_until([&] { return house.logged("registered=true"); }));
  ::kill(house.agent, SIGTERM);
  CHECK_EQ(house.wait_for_exit(), 0);
  CHECK(house.daemon->serve_until([&] { return !house.daemon->goodbye.empty(); }));
  CHECK_EQ(house.daemon->hello.slots_size(), 1);  // it did not register anew for that
}

TEST_CASE("agent: asked to stop, it still delivers what a trial left that had ended by itself") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, R"(
    echo model > outputs/model.bin
    echo 'loss: 0.5'
    (trap '' TERM; echo up > $SWEEPD_LOGS/child; sleep 600) &
    while [ ! -s $SWEEPD_LOGS/child ]; do sleep 0.05; done
  )"));
  REQUIRE(house.daemon->serve_until([&] { return house.logged("exited code=0"); }));
  ::kill(house.agent, SIGTERM);
  CHECK_EQ(house.wait_for_exit(), 0);
  REQUIRE(house.daemon->ended.contains(kFirst));
  const pb::AttemptEnded& end = house.daemon->ended[kFirst];
  CHECK_EQ(end.failure().code(), pb::REASON_NONE);
  CHECK_EQ(end.tree_files(), 2);
  CHECK_EQ(end.reports_last(), 1);
}

TEST_CASE("agent: a box that cannot begin an attempt says that it is the box") {
  House house;
  house.start_agent();
  fs::create_directories(house.folder + "/state/side/1-1-1.spool");
  house.daemon->start(house.order(kFirst, "true"));
  auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::AGENT_ERROR);
  CHECK_FALSE(end->started());
  fs::create_directories(house.folder + "/state/work/1-2-1/left");
  house.daemon->start(house.order(kSecond, "true"));
  end = house.daemon->wait_for_end(kSecond);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::AGENT_ERROR);
  CHECK(house.daemon->serve_until([&] { return !fs::exists(house.folder + "/state/work/1-2-1"); }));
}

TEST_CASE("agent: an order for a slot that it does not offer comes back unharmed") {
  House house;
  house.start_agent();
  pb::StartAttempt order = house.order(kFirst, "true");
  order.set_slots(0, 1);
  house.daemon->start(order);
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::STOPPED_BY_AGENT);
  CHECK_EQ(end->failure().sentence(), "this agent has no slot 1");
}

TEST_CASE("agent: without room on its disk a box offers no slots, and says why") {
  House house;
  std::ofstream(house.folder + "/agent.toml") << "disk_low = \"900TiB\"\n";
  house.start_agent(1, {"--config", house.folder + "/agent.toml"});
  CHECK(
      house.daemon->serve_until([&] { return house.daemon->hello.labels().contains("withheld"); }));
  CHECK_EQ(house.daemon->hello.slots_size(), 0);
  CHECK_EQ(house.daemon->hello.labels().at("withheld"), "less than 989.6 TB of disk are free");
}

TEST_CASE("agent: trial_time ends a program, and is told as the reason") {
  House house;
  house.start_agent();
  pb::StartAttempt order = house.order(kFirst, "sleep 600");
  order.set_trial_time_ms(200);
  house.daemon->start(order);
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::TIMEOUT);
  CHECK_EQ(end->failure().sentence(), "trial_time of 0.2 s is over");
  CHECK_FALSE(end->stopped());
}

TEST_CASE("agent: what cannot be started says why, and the slot takes the next") {
  House house;
  house.start_agent();
  pb::StartAttempt order = house.order(kFirst, "");
  order.clear_argv();
  order.add_argv("bsah");
  house.daemon->start(order);
  auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_FALSE(end->started());
  CHECK_EQ(end->failure().code(), pb::EXEC_ERROR);
  CHECK_EQ(end->failure().sentence(),
           "cannot execute 'bsah': No such file or directory; did you mean 'bash'");
  order.set_argv(0, "caf\xe9");
  *order.mutable_attempt() = wire::to_proto({{1}, {4}, {1}});
  house.daemon->start(order);
  end = house.daemon->wait_for_end({{1}, {4}, {1}});
  REQUIRE(end);
  CHECK_EQ(end->failure().sentence(), "cannot execute 'caf?': No such file or directory");
  house.daemon->start(house.order({{1}, {3}, {1}}, "true"));
  CHECK(house.daemon->wait_for_end({{1}, {3}, {1}}));
}

TEST_CASE("agent: a snapshot is the working folder, fresh for each attempt") {
  House house;
  fs::create_directories(house.folder + "/code/pkg");
  std::ofstream(house.folder + "/code/run.sh")
      << "#!/bin/bash\ncat pkg/data; echo spoilt > pkg/data\n";
  std::ofstream(house.folder + "/code/pkg/data") << "fresh\n";
  fs::permissions(house.folder + "/code/run.sh", fs::perms(0755));
  const auto local = blobs::scan_folder({.folder = house.folder + "/code", .only = {}});
  REQUIRE(local.ok());
  for (std::size_t i = 0; i < local->sources.size(); ++i) {
    house.daemon->blobs[local->tree.files[i].digest] = content_of(local->sources[i]);
  }
  const std::string manifest = *blobs::encode_tree(local->tree);
  const std::string digest = blobs::digest_of(manifest);
  house.daemon->blobs[digest] = manifest;
  house.start_agent();
  for (const AttemptKey& key : {kFirst, kSecond}) {
    pb::StartAttempt order = house.order(key, "");
    order.clear_argv();
    order.add_argv("./run.sh");
    order.set_snapshot_digest(digest);
    house.daemon->start(order);
    const auto end = house.daemon->wait_for_end(key);
    REQUIRE(end);
    CHECK_EQ(end->failure().sentence(), "");
    CHECK_EQ(house.daemon->logs[std::pair(key, int(pb::STDOUT))], "fresh\n");
  }
}
