// The whole agent, killed: what its trials and their shims do, and what it finds when it is back.
#include "base/limits.h"
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

TEST_CASE("agent: killed, its trials go on; back, it takes them over and starts nothing twice") {
  House house;
  house.start_agent();
  const auto order = house.order(
      kFirst,
      fmt::format("echo '{{\"loss\": 1}}' >> $SWEEPD_METRICS; echo one; echo $$ > {0}/pid;"
                  "echo x >> {0}/ran; while [ ! -e {0}/go ]; do sleep 0.02; done;"
                  "echo '{{\"loss\": 2}}' >> $SWEEPD_METRICS; echo two;"
                  "echo model > outputs/model; exit 3",
                  house.folder));
  house.daemon->start(order);
  REQUIRE(house.appears("ran"));
  REQUIRE(house.daemon->serve_until([&] { return house.daemon->reports[kFirst].size() == 1; }));
  house.kill_agent();
  CHECK(house.alive("pid"));
  house.start_agent();
  CHECK(house.alive("pid"));
  CHECK_EQ(house.daemon->hello.incarnation(), 2);
  REQUIRE_EQ(house.daemon->hello.held_size(), 1);
  CHECK_EQ(house.daemon->hello.held(0).phase(), pb::RUNNING);
  house.daemon->start(order);
  std::ofstream(house.folder + "/go") << "";
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
  CHECK_EQ(end->exit_code(), 3);
  CHECK_EQ(end->tree_files(), 1);
  CHECK_EQ(end->reports_last(), 2);
  CHECK_EQ(shown(house.daemon->reports[kFirst]), "1: loss=1; 2: loss=2; ");
  CHECK_EQ(house.daemon->logs[std::pair(kFirst, int(pb::STDOUT))], "one\ntwo\n");
  house.daemon->start(house.order(kSecond, "true"));
  REQUIRE(house.daemon->wait_for_end(kSecond));
  CHECK_EQ(content_of(house.folder + "/ran"), "x\n");
}

TEST_CASE("agent: killed before it handed an attempt to a shim, it begins it anew, once") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, "sleep 600"));
  REQUIRE(house.daemon->serve_until([&] { return house.daemon->phases[kFirst] == pb::RUNNING; }));
  house.daemon->start(house.order(kSecond, "echo x >> " + house.folder + "/ran"));
  REQUIRE(house.daemon->serve_until([&] { return house.daemon->phases.contains(kSecond); }));
  house.kill_agent();
  house.start_agent();
  CHECK_FALSE(fs::exists(house.folder + "/ran"));
  house.daemon->stop(kFirst, 0);
  const auto end = house.daemon->wait_for_end(kSecond);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
  CHECK_EQ(content_of(house.folder + "/ran"), "x\n");
}

TEST_CASE("agent: a trial that ended while the agent was away is delivered when it is back") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(
      kFirst,
      fmt::format("touch {0}/ran; while [ ! -e {0}/go ]; do sleep 0.02; done; echo x > outputs/x;"
                  "echo 'loss: 0.5'; echo gone > {0}/over",
                  house.folder)));
  REQUIRE(house.appears("ran"));
  house.kill_agent();
  std::ofstream(house.folder + "/go") << "";
  REQUIRE(house.appears("over"));
  REQUIRE(house.appears("state/side/1-1-1.farewell"));
  house.start_agent();
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
  CHECK_EQ(end->exit_code(), 0);
  CHECK_EQ(end->tree_files(), 1);
  CHECK_EQ(shown(house.daemon->reports[kFirst]), "1: loss=0.5; ");
  house.daemon->start(house.order(kSecond, "true"));
  REQUIRE(house.daemon->wait_for_end(kSecond));
}

TEST_CASE("agent: killed again and again, it loses no trial and no report") {
  House house;
  house.start_agent(2);
  for (const AttemptKey& key : {kFirst, kSecond}) {
    pb::StartAttempt order = house.order(
        key,
        fmt::format("for i in $(seq 40); do echo \"{{\\\"loss\\\": $i}}\" >> $SWEEPD_METRICS;"
                    "echo $i; sleep 0.05; done; touch {}/done-$SWEEPD_TRIAL_ID",
                    house.folder));
    order.set_slots(0, key.trial.value - 1);
    house.daemon->start(order);
  }
  for (int i = 0; i < 8; ++i) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(40 * (i + 1));
    house.daemon->serve_until([&] { return std::chrono::steady_clock::now() >= until; });
    house.kill_agent();
    house.start_agent(2);
  }
  for (const AttemptKey& key : {kFirst, kSecond}) {
    const auto end = house.daemon->wait_for_end(key);
    REQUIRE(end);
    CHECK_EQ(end->failure().code(), pb::REASON_NONE);
    CHECK_EQ(end->exit_code(), 0);
    REQUIRE_EQ(house.daemon->reports[key].size(), 40);
    for (std::size_t i = 0; i < 40; ++i) {
      CHECK_EQ(house.daemon->reports[key][i].metrics(0).value(), static_cast<double>(i + 1));
    }
    CHECK_EQ(house.daemon->logs[std::pair(key, int(pb::STDOUT))].size(), 9 * 2 + 31 * 3);
  }
}

TEST_CASE(
    "agent: killed under a program that reports too fast, it finds every report that is left") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(
      kFirst,
      fmt::format("seq -f 'loss: %.0f' 50000; while [ ! -e {}/go ]; do sleep 0.02; done;"
                  "seq -f 'loss: %.0f' 50000; echo 'loss: 0.5'",
                  house.folder)));
  const std::vector<pb::Report>& reports = house.daemon->reports[kFirst];
  REQUIRE(house.daemon->serve_until([&] { return !reports.empty(); }));
  house.kill_agent();
  std::ofstream(house.folder + "/go") << "";
  house.start_agent();
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->reports_last(), reports.size());
  CHECK_EQ(end->reports_last() + end->thinned(), 100'001);
  CHECK_GE(reports.size(), limits::kReportBurst);
  CHECK_LT(reports.size(), 10'000);
  CHECK_EQ(reports.back().metrics(0).value(), 0.5);
}

TEST_CASE("agent: ended for an upgrade it leaves its trials running for the next") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, "echo $$ > " + house.folder + "/pid; sleep 600 & wait"));
  REQUIRE(house.appears("pid"));
  ::kill(house.agent, SIGUSR2);
  CHECK_EQ(house.wait_for_exit(), 0);
  CHECK(house.daemon->goodbye.empty());
  CHECK(house.alive("pid"));
  house.start_agent();
  house.daemon->stop(kFirst, 0);
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK(end->stopped());
  CHECK_FALSE(house.alive("pid"));
}

TEST_CASE("agent: asked to stop and then killed, it has failed no trial") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(
      kFirst,
      "trap 'sleep 0.5; exit 143' TERM; echo $$ > " + house.folder + "/pid; sleep 600 & wait"));
  REQUIRE(house.appears("pid"));
  ::kill(house.agent, SIGTERM);
  REQUIRE(house.daemon->serve_until([&] { return house.daemon->phases[kFirst] == pb::STOPPING; }));
  house.kill_agent();
  house.start_agent();
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::STOPPED_BY_AGENT);
}

TEST_CASE("agent: a trial on a slot that is offered no more is taken over all the same") {
  House house;
  house.start_agent(2);
  pb::StartAttempt order =
      house.order(kFirst, "echo $$ > " + house.folder + "/pid; sleep 600 & wait");
  order.set_slots(0, 1);
  house.daemon->start(order);
  REQUIRE(house.appears("pid"));
  house.kill_agent();
  house.start_agent(1);
  CHECK_EQ(house.daemon->hello.slots_size(), 1);
  CHECK(house.alive("pid"));
  house.daemon->stop(kFirst, 0);
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK(end->stopped());
  CHECK_FALSE(house.alive("pid"));
}

TEST_CASE("agent: a trial is lost when its shim is killed while the agent is away") {
  House house;
  house.start_agent();
  house.daemon->start(
      house.order(kFirst, fmt::format("echo $$ > {0}/pid; sleep 600 & wait", house.folder)));
  REQUIRE(house.appears("pid"));
  house.kill_agent();
  ::kill(house.shim(), SIGKILL);
  house.start_agent();
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::AGENT_RESTARTED);
  CHECK_FALSE(house.alive("pid"));
  house.daemon->start(house.order(kSecond, "true"));
  REQUIRE(house.daemon->wait_for_end(kSecond));
}

TEST_CASE("agent: a supervisor that stands still does not keep its trial alive beyond the lease") {
  House house;
  house.daemon->lease_ms = 1500;
  house.start_agent();
  house.daemon->start(
      house.order(kFirst,
                  fmt::format("(setsid sleep 600 & echo $! > {0}/child); echo $$ > {0}/pid;"
                              "sleep 600 & wait",
                              house.folder)));
  REQUIRE(house.appears("pid"));
  ::kill(house.shim(), SIGSTOP);
  house.daemon->acknowledge_heartbeats = false;
  CHECK(house.daemon->serve_until([&] { return !house.alive("pid") && !house.alive("child"); }));
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::AGENT_LOST);
}

TEST_CASE("agent: what a trial left is ended when agent and shim were killed together") {
  // With the slot's lock, without it, and without the environment that tells whose it is.
  for (const std::string runner :
       {"setsid bash", "exec 4>&-; setsid bash", "env -i setsid /bin/bash"}) {
    CAPTURE(runner);
    House house;
    house.start_agent();
    house.daemon->start(house.order(kFirst,
                                    fmt::format("({1} -c 'trap \"\" TERM; echo $$ > {0}/orphan;"
                                                " sleep 600 & wait') & wait",
                                                house.folder,
                                                runner)));
    REQUIRE(house.appears("orphan"));
    ::kill(house.agent, SIGSTOP);  // it would end the rest at once
    ::kill(house.shim(), SIGKILL);
    house.kill_agent();
    REQUIRE(house.alive("orphan"));
    house.start_agent();
    CHECK_EQ(house.daemon->hello.slots_size(), 1);
    CHECK_FALSE(house.alive("orphan"));
    house.daemon->start(house.order(kSecond, "true"));
    CHECK(house.daemon->wait_for_end(kSecond));
  }
}

TEST_CASE("agent: an end that was not acknowledged survives kill -9 of the agent") {
  House house;
  house.start_agent();
  house.daemon->acknowledge_ends = false;
  house.daemon->start(house.order(kFirst, "echo '{\"loss\": 1}' >> $SWEEPD_METRICS; exit 4"));
  REQUIRE(house.daemon->wait_for_end(kFirst));
  house.kill_agent();
  house.daemon->ended.clear();
  house.daemon->acknowledge_ends = true;
  house.start_agent();
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->exit_code(), 4);
  CHECK_EQ(end->reports_last(), 1);
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
}

TEST_CASE("agent: a killed shim fails no trial and leaves nothing running") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(
      kFirst,
      fmt::format("setsid bash -c 'echo $$ > {0}/orphan; sleep 600' & wait", house.folder)));
  REQUIRE(house.appears("orphan"));
  ::kill(house.shim(), SIGKILL);
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::AGENT_RESTARTED);
  CHECK_FALSE(house.alive("orphan"));
  house.daemon->start(house.order(kSecond, "true"));
  CHECK(house.daemon->wait_for_end(kSecond));
}

TEST_CASE("agent: reports that the daemon has lost come again from the spool, after the end, too") {
  House house;
  house.start_agent();
  house.daemon->says_reports = true;
  house.daemon->place = 77;
  const auto order = house.order(
      kFirst,
      fmt::format("for i in 1 2 3; do echo \"{{\\\"loss\\\": $i}}\" >> $SWEEPD_METRICS; done;"
                  "echo x >> {0}/ran; while [ ! -e {0}/go ]; do sleep 0.02; done",
                  house.folder));
  const std::string all = "1: loss=1; 2: loss=2; 3: loss=3; ";
  const auto all_there = [&] {
    return house.daemon->reports[kFirst].size() == 3;
  };
  house.daemon->start(order);
  REQUIRE(house.daemon->serve_until(all_there));

  house.daemon->reports[kFirst].resize(1);
  pb::DaemonMessage who;
  who.mutable_who_are_you();
  house.daemon->send(who);
  REQUIRE(house.daemon->serve_until(all_there));
  CHECK_EQ(shown(house.daemon->reports[kFirst]), all);

  house.daemon->acknowledge_ends = false;
  std::ofstream(house.folder + "/go") << "";
  REQUIRE(house.daemon->wait_for_end(kFirst));
  house.kill_agent();
  house.daemon->reports[kFirst].resize(1);
  house.start_agent();
  CHECK_EQ(house.daemon->hello.stored_seen(), 77);
  REQUIRE(house.daemon->serve_until(all_there));
  CHECK_EQ(shown(house.daemon->reports[kFirst]), all);
  house.daemon->ended.clear();
  house.daemon->acknowledge_ends = true;
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::REASON_NONE);
  CHECK_EQ(end->reports_last(), 3);

  // Its number is used up, for the next run of the program, too.
  for (int run = 0; run < 2; ++run) {
    house.daemon->ended.clear();
    house.daemon->start(order);
    const auto refused = house.daemon->wait_for_end(kFirst);
    REQUIRE(refused);
    CHECK_EQ(refused->failure().code(), pb::STOPPED_BY_AGENT);
    CHECK_FALSE(refused->started());
    house.kill_agent();
    house.start_agent();
  }
  CHECK_EQ(content_of(house.folder + "/ran"), "x\n");
}

TEST_CASE("agent: outputs that the daemon lost before the end was taken are sent again") {
  House house;
  house.start_agent();
  pb::StartAttempt order =
      house.order(kFirst, "mkdir results; echo r > results/r; echo m > outputs/model; exit 3");
  order.add_outputs("results");
  house.daemon->acknowledge_ends = false;
  house.daemon->start(order);
  const auto told = house.daemon->wait_for_end(kFirst);
  REQUIRE(told);
  CHECK_EQ(told->tree_files(), 2);
  const std::map<std::string, std::string> sent = house.daemon->blobs;
  const auto lose_and_look = [&] {
    house.daemon->blobs.clear();
    house.daemon->ended.clear();
    house.daemon->looks_for_outputs = true;
  };
  SUBCASE("by the agent that told it") {
    lose_and_look();
  }
  SUBCASE("by the next run of the agent, which has no order of it any more") {
    house.kill_agent();
    lose_and_look();
    house.start_agent();
  }
  house.daemon->acknowledge_ends = true;
  const auto again = house.daemon->wait_for_end(kFirst);
  REQUIRE(again);
  CHECK_EQ(house.daemon->outputs_missed, 1);
  CHECK_EQ(wire::encode(*again), wire::encode(*told));
  CHECK(house.daemon->blobs == sent);
  CHECK(house.daemon->serve_until([&] { return !fs::exists(house.folder + "/state/work/1-1-1"); }));
}

TEST_CASE("agent: outputs that nobody has any more, or no disk keeps, hold no end up") {
  House house;
  house.start_agent();
  house.daemon->acknowledge_ends = false;
  house.daemon->start(house.order(kFirst, "echo m > outputs/model; exit 3"));
  REQUIRE(house.daemon->wait_for_end(kFirst));
  house.daemon->ended.clear();
  house.daemon->looks_for_outputs = true;
  std::string says;
  int asked = 1;
  SUBCASE("somebody cleared the folder") {
    house.daemon->blobs.clear();
    fs::remove_all(house.folder + "/state/work/1-1-1/outputs");
    says = "the daemon does not have the outputs any more, nor has the agent";
  }
  SUBCASE("the daemon takes them and does not have them") {
    house.daemon->spoils_blobs = true;
    says = fmt::format(
        "outputs were not collected: the daemon takes them, and then does not have "
        "them; they are kept in {}/state/kept/1-1-1 on the agent",
        house.folder);
    asked = 6;
  }
  house.daemon->acknowledge_ends = true;
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->exit_code(), 3);
  CHECK(end->tree_digest().empty());
  CHECK_EQ(end->tree_files(), 0);
  CHECK_EQ(end->uncollected(), says);
  CHECK_EQ(house.daemon->outputs_missed, asked);
}

TEST_CASE("agent: reports that its disk spoiled do not keep an attempt from ending") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(
      kFirst,
      fmt::format("echo '{{\"loss\": 1}}' >> $SWEEPD_METRICS; while [ ! -e {0}/go ]; do "
                  "sleep 0.02; done; echo '{{\"loss\": 2}}' >> $SWEEPD_METRICS",
                  house.folder)));
  const std::string spool = house.folder + "/state/side/1-1-1.spool";
  REQUIRE(house.daemon->serve_until([&] { return house.daemon->reports[kFirst].size() == 1; }));
  house.kill_agent();
  SUBCASE("a byte is another one") {
    std::fstream(spool, std::ios::in | std::ios::out | std::ios::binary).seekp(10).put('?');
  }
  SUBCASE("the file is gone") {
    fs::remove(spool);
  }
  house.start_agent();
  std::ofstream(house.folder + "/go") << "";
  const auto end = house.daemon->wait_for_end(kFirst);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::AGENT_ERROR);
  CHECK_EQ(end->failure().sentence(), "the agent's disk did not keep the reports of the attempt");
  house.daemon->start(house.order(kSecond, "true"));
  REQUIRE(house.daemon->wait_for_end(kSecond));
}
