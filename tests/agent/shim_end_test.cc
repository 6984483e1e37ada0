// How attempts of a shim come to their end, with an agent and without.
#include "tests/agent/shim_bench.h"

using namespace sweepd;
using namespace sweepd::agent;
using namespace sweepd::shim_bench;
using shimpb::Notice;

TEST_CASE("shim: why it was stopped is said before the exit, to the next agent, too") {
  Bench bench;
  bench.run("trap 'sleep 0.2; exit 3' TERM; echo ready; sleep 600 & wait");
  REQUIRE(bench.printed("ready"));
  pb::Reason why;
  why.set_code(pb::STOPPED_BY_AGENT);
  why.set_sentence("the agent was stopped");
  bench.slot->stop(seconds(20), why);
  bench.slot->let_go();
  REQUIRE(eventually([&] { return std::filesystem::exists(bench.folder + "/farewell"); }));
  const auto said = read_farewell(bench.folder + "/farewell");
  REQUIRE_EQ(said.size(), 4);
  CHECK_EQ(said[1].stopped().failure().code(), pb::STOPPED_BY_AGENT);
  CHECK_EQ(said[2].exited().code(), 3);
}

TEST_CASE("shim: a stop reaches a shim that had no room for it, once it goes on") {
  Bench bench;
  bench.run("echo ready; sleep 600");
  REQUIRE(bench.printed("ready"));
  ::kill(bench.slot->pid(), SIGSTOP);
  for (int i = 0; i < 5000; ++i) {
    bench.slot->set_lease({INT64_MAX});
  }
  bench.slot->stop({}, {});
  ::kill(bench.slot->pid(), SIGCONT);
  std::vector<Notice> said;
  CHECK(eventually([&] {
    bench.slot->repeat_stop();
    const auto now = bench.slot->read().notices;
    said.insert(said.end(), now.begin(), now.end());
    return !said.empty() && said.back().has_empty();
  }));
}

TEST_CASE("shim: closed, it ends its tree and itself, and the slot's lock is free") {
  Bench bench;
  bench.run(kHostile);
  REQUIRE(bench.printed("ready"));
  bench.slot->close();
  ShimSlot next({0, bench.folder + "/0", SWEEPD_SHIM, {}});
  CHECK(eventually([&] {
    next.read();
    next.ensure(true);
    return next.state() == ShimSlot::State::kIdle;
  }));
  CHECK_EQ(bench.alive(), 0);
  next.close();
}

TEST_CASE("shim: without an agent its attempt goes on, and the next agent hears everything") {
  Bench bench;
  bench.run("echo ready; echo 'loss: 0.5'; read -r < <(sleep 0.5); echo 'loss: 0.25'; sleep 600");
  REQUIRE(bench.printed("ready"));
  const pid_t pid = bench.slot->pid();
  bench.slot->let_go();
  REQUIRE(bench.printed("0.25"));
  bench.slot->ensure(true);
  CHECK_EQ(bench.slot->state(), ShimSlot::State::kGreeting);
  ShimSlot::Heard heard;
  REQUIRE(eventually([&] {
    heard = bench.slot->read();
    return heard.found.has_value();
  }));
  CHECK_EQ(heard.found, kAttempt);
  CHECK_EQ(bench.slot->state(), ShimSlot::State::kBusy);
  CHECK_EQ(bench.slot->pid(), pid);
  bench.slot->stop({}, {});
  const auto said = bench.until(Notice::kEmpty);
  heard.notices.insert(heard.notices.end(), said.begin(), said.end());
  CHECK_EQ(bench.find(heard.notices, Notice::kStarted).started().pid() > 0, true);
  CHECK_EQ(bench.find(heard.notices, Notice::kExited).exited().signal(), SIGKILL);
  SpoolReader spool(bench.folder + "/spool");
  CHECK_EQ(spool.read(4096).size(), 2);
  CHECK(spool.closed());
  // It may be of an older version, so another one takes its place.
  CHECK(eventually([&] {
    bench.slot->read();
    bench.slot->ensure(true);
    return bench.slot->state() == ShimSlot::State::kIdle && bench.slot->pid() != pid;
  }));
}

TEST_CASE("shim: a hyperparameter that the program prints back is no metric") {
  Bench bench;
  shimpb::Run run = bench.request(
      {"/bin/bash", "-c", "echo \"lr: $SWEEPD_PARAM_lr loss: 0.5 acc: 0.9\"; echo 'lr: 0.05'"});
  run.add_env("SWEEPD_PARAM_lr=0.1");
  run.add_env("SWEEPD_PARAM_optimizer=adam");
  REQUIRE(bench.slot->run(kAttempt, run).ok());
  bench.until(Notice::kEmpty);
  SpoolReader spool(bench.folder + "/spool");
  const auto reports = spool.read(4096);
  REQUIRE_EQ(reports.size(), 2);
  CHECK_EQ(reports[0].metrics_size(), 2);
  CHECK_EQ(reports[1].metrics(0).name(), "lr");
  CHECK_EQ(reports[1].metrics(0).value(), 0.05);
}

TEST_CASE("shim: an attempt that ends while there is no agent leaves its last words in a file") {
  Bench bench;
  bench.run("echo ready; read -r < <(sleep 0.3); echo '{\"loss\": 1}' >> $SWEEPD_METRICS; exit 7");
  REQUIRE(bench.printed("ready"));
  bench.slot->let_go();
  REQUIRE(eventually([&] { return std::filesystem::exists(bench.folder + "/farewell"); }));
  const auto said = read_farewell(bench.folder + "/farewell");
  CHECK_EQ(bench.find(said, Notice::kExited).exited().code(), 7);
  CHECK_EQ(said.back().kind_case(), Notice::kEmpty);
  SpoolReader spool(bench.folder + "/spool");
  CHECK_EQ(spool.read(4096).size(), 1);
  CHECK(spool.closed());
  CHECK_EQ(spool.metric_names(), std::vector<std::string>{"loss"});
  bench.slot->ensure(true);
  CHECK(eventually([&] {
    bench.slot->read();
    bench.slot->ensure(true);
    return bench.slot->state() == ShimSlot::State::kIdle;
  }));
}

TEST_CASE("shim: no last words are left of an attempt whose files were cleared away") {
  Bench bench;
  bench.run("true");
  bench.until(Notice::kEmpty);
  std::filesystem::remove(bench.folder + "/spool");
  const pid_t pid = bench.slot->pid();
  bench.slot->let_go();
  CHECK(eventually([pid] { return ::waitpid(pid, nullptr, WNOHANG) == pid; }));
  CHECK_FALSE(std::filesystem::exists(bench.folder + "/farewell"));
}

TEST_CASE("shim: an attempt that is silent for too long is ended; one that speaks is not") {
  Bench bench;
  shimpb::Run run = bench.request({"/bin/bash", "-c", "echo ready; sleep 600"});
  run.set_silence_ms(300);
  REQUIRE(bench.slot->run(kAttempt, run).ok());
  auto heard = bench.until(Notice::kEmpty);
  CHECK(bench.find(heard, Notice::kSilent).has_silent());
  run = bench.request(
      {"/bin/bash", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 0.1; echo x >&2; done"});
  run.set_silence_ms(500);
  REQUIRE(bench.slot->run(kAttempt, run).ok());
  heard = bench.until(Notice::kEmpty);
  CHECK_EQ(bench.find(heard, Notice::kExited).exited().code(), 0);
  CHECK_EQ(heard.size(), 3);
}

TEST_CASE("shim: trial_time ends an attempt, agent or not") {
  Bench bench;
  shimpb::Run run = bench.request({"/bin/bash", "-c", "echo ready; sleep 600"});
  run.set_trial_time_ms(300);
  REQUIRE(bench.slot->run(kAttempt, run).ok());
  bench.slot->let_go();
  REQUIRE(eventually([&] { return std::filesystem::exists(bench.folder + "/farewell"); }));
  const auto said = read_farewell(bench.folder + "/farewell");
  CHECK(bench.find(said, Notice::kTimedOut).has_timed_out());
}

TEST_CASE("shim: a tree whose lease ends is killed without the agent's doing") {
  Bench bench;
  bench.run("trap '' TERM; echo ready; sleep 600");
  REQUIRE(bench.printed("ready"));
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  bench.slot->set_lease({now.tv_sec * 1'000'000 + now.tv_nsec / 1000 + 200'000});
  const auto heard = bench.until(Notice::kEmpty);
  CHECK_EQ(heard[heard.size() - 3].kind_case(), Notice::kLapsed);
  CHECK_EQ(bench.alive(), 0);
}

TEST_CASE("shim: a killed shim takes the program with it, and the slot says that it is in doubt") {
  Bench bench;
  bench.run("echo ready; sleep 600");
  REQUIRE(bench.printed("ready"));
  ::kill(bench.slot->pid(), SIGKILL);
  CHECK(eventually([&] { return bench.slot->read().gone; }));
  CHECK_EQ(bench.slot->attempt(), kAttempt);
}
