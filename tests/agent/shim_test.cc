// The shim with real processes: whatever an attempt leaves behind is gone.
#include "tests/agent/shim_bench.h"

using namespace sweepd;
using namespace sweepd::agent;
using namespace sweepd::shim_bench;
using shimpb::Notice;

TEST_CASE("shim: a program runs in its folder with its streams in files and its exit code told") {
  Bench bench;
  REQUIRE_EQ(bench.slot->state(), ShimSlot::State::kIdle);
  bench.run("pwd; nice; echo oops >&2; ls /proc/self/fd | wc -l; ulimit -c; exit 3");
  const auto heard = bench.until(Notice::kEmpty);
  REQUIRE_EQ(heard.size(), 3);
  CHECK_EQ(heard[0].kind_case(), Notice::kStarted);
  CHECK_EQ(heard[1].kind_case(), Notice::kExited);
  CHECK_EQ(heard[1].exited().code(), 3);
  CHECK_EQ(heard[1].exited().signal(), 0);
  // Three streams, the slot's lock and the folder that ls reads: nothing else of the shim is open.
  CHECK_EQ(bench.output(), bench.folder + "\n10\n5\n0\n");
  CHECK_EQ(bench.slot->state(), ShimSlot::State::kIdle);
}

TEST_CASE("shim: a shim that refuses an order says that it is free, too") {
  Bench bench;
  shimpb::Order order;
  order.mutable_start();
  REQUIRE(shim::send(bench.slot->fd(), order));  // without a run
  const auto heard = bench.until(Notice::kEmpty);
  REQUIRE_EQ(heard.size(), 2);
  CHECK_EQ(heard[0].kind_case(), Notice::kExecError);
  CHECK_EQ(heard[0].exec_error().error(), EINVAL);
}

TEST_CASE("shim: notices that find no room are said later, in order") {
  Bench bench;
  shimpb::Order order;
  order.mutable_start();
  for (int i = 0; i < 2000; ++i) {
    while (!shim::send(bench.slot->fd(), order)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  int heard = 0;
  CHECK(eventually([&] {
    for (const Notice& notice : bench.slot->read().notices) {
      CHECK_EQ(notice.kind_case(), heard % 2 == 0 ? Notice::kExecError : Notice::kEmpty);
      ++heard;
    }
    return heard == 4000;
  }));
}

TEST_CASE("shim: one shim serves attempt after attempt") {
  Bench bench;
  const pid_t pid = bench.slot->pid();
  for (int i = 0; i < 20; ++i) {
    bench.run_argv({"true"});
    bench.until(Notice::kEmpty);
  }
  CHECK_EQ(bench.slot->pid(), pid);
}

TEST_CASE("shim: when nothing runs it sleeps") {
  Bench bench;
  for (int round = 0; round < 2; ++round) {
    bench.run("echo x; echo '{\"loss\": 1}' >> $SWEEPD_METRICS");
    bench.until(Notice::kEmpty);
    const std::int64_t before = ticks_of(bench.slot->pid());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CHECK_LE(ticks_of(bench.slot->pid()) - before, 2);
  }
}

TEST_CASE("shim: a signal that ended the program is told") {
  Bench bench;
  bench.run("kill -SEGV $$");
  CHECK_EQ(bench.find(bench.until(Notice::kEmpty), Notice::kExited).exited().signal(), SIGSEGV);
}

TEST_CASE("shim: what cannot be executed is told with errno and name") {
  Bench bench;
  bench.run_argv({"no-such-program"});
  const Notice missing = bench.find(bench.until(Notice::kEmpty), Notice::kExecError);
  CHECK_EQ(missing.exec_error().error(), ENOENT);
  CHECK_EQ(missing.exec_error().what(), "no-such-program");
  std::ofstream(bench.folder + "/script") << "echo hi\n";
  bench.run_argv({"./script"});
  CHECK_EQ(bench.find(bench.until(Notice::kEmpty), Notice::kExecError).exec_error().error(),
           EACCES);
  std::filesystem::permissions(bench.folder + "/script", std::filesystem::perms::owner_all);
  bench.run_argv({"./script"});
  CHECK_EQ(bench.find(bench.until(Notice::kEmpty), Notice::kExecError).exec_error().error(),
           ENOEXEC);
  bench.run_argv({"true"});
  bench.until(Notice::kEmpty);
}

TEST_CASE("shim: what the box is short of is told apart, and the shim is free again") {
  Bench bench;
  std::filesystem::create_directory(bench.folder + "/spool");
  bench.run("true");
  const auto said = bench.until(Notice::kEmpty);
  const shimpb::ExecError failed = bench.find(said, Notice::kExecError).exec_error();
  CHECK(failed.of_box());
  CHECK_EQ(failed.error(), EISDIR);
  CHECK_EQ(failed.what(), bench.folder + "/spool");
  std::filesystem::remove(bench.folder + "/spool");
  bench.run_argv({"nowhere-to-be-found"});
  CHECK_FALSE(bench.find(bench.until(Notice::kEmpty), Notice::kExecError).exec_error().of_box());
}

TEST_CASE("shim: a stop ends a tree that ignores TERM, forks away and changes its session") {
  for (const std::string_view kind : {"cgroup", "pid-namespace", "subreaper"}) {
    CAPTURE(kind);
    const Containment containment = Containment::find(kind, kUuid);
    if (containment.name() != kind) {
      MESSAGE("skipped: this machine has no ", kind);
      continue;
    }
    Bench bench(containment);
    for (int round = 0; round < 2; ++round) {  // the second time its shim has been outside the cage
      bench.run(kHostile);
      REQUIRE(bench.printed("ready"));
      CHECK_GE(bench.alive(), 6);
      const auto start = std::chrono::steady_clock::now();
      bench.slot->stop(milliseconds(300), {});
      const auto heard = bench.until(Notice::kEmpty);
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(15));
      CHECK_EQ(bench.find(heard, Notice::kExited).exited().signal(), SIGKILL);
      CHECK_EQ(bench.alive(), 0);
      std::filesystem::remove(bench.folder + "/stdout");
    }
    bench.run("exit 3");
    CHECK_EQ(bench.find(bench.until(Notice::kEmpty), Notice::kExited).exited().code(), 3);
    containment.clear_away();
  }
}

TEST_CASE("shim: killed, it takes a tree in a namespace with it, and one in a group can be ended") {
  for (const std::string_view kind : {"cgroup", "pid-namespace"}) {
    CAPTURE(kind);
    const Containment containment = Containment::find(kind, kUuid);
    if (containment.name() != kind) {
      MESSAGE("skipped: this machine has no ", kind);
      continue;
    }
    Bench bench(containment);
    bench.run(kHostile);
    REQUIRE(bench.printed("ready"));
    ::kill(bench.slot->pid(), SIGKILL);
    CHECK(eventually([&] { return bench.slot->read().gone; }));
    containment.kill_slot(0);
    CHECK(eventually([&] { return bench.alive() == 0; }, 5));
    containment.clear_away();
  }
}

TEST_CASE("shim: in a namespace a program sees itself in /proc, under a number of its slot") {
  const Containment containment = Containment::find("pid-namespace", kUuid);
  if (containment.kind() != Containment::Kind::kPidNamespace) {
    MESSAGE("skipped: this machine has no namespaces for us");
    return;
  }
  Bench bench(containment);
  bench.run(
      "readlink /proc/self | sed s/^10[0-9]*$/high/; ls -d /proc/$$ > /dev/null && echo there");
  bench.until(Notice::kEmpty);
  CHECK_EQ(bench.output(), "high\nthere\n");
}

TEST_CASE("shim: who connects is told which process the shim is, wherever it lives") {
  for (const std::string_view kind : {"cgroup", "pid-namespace", "subreaper"}) {
    CAPTURE(kind);
    Bench bench(Containment::find(kind, kUuid));
    bench.run("echo ready; sleep 600");
    REQUIRE(bench.printed("ready"));
    const pid_t pid = bench.slot->pid();
    bench.slot->let_go();
    bench.slot->ensure(true);
    CHECK(eventually([&] { return bench.slot->read().found.has_value(); }));
    CHECK_EQ(bench.slot->pid(), pid);
    bench.slot->stop({}, {});
    bench.until(Notice::kEmpty);
  }
}

TEST_CASE("shim: a program that heeds TERM ends within its grace, in its own way") {
  Bench bench;
  bench.run("trap 'echo saved; exit 5' TERM; echo ready; while true; do sleep 0.05; done");
  REQUIRE(bench.printed("ready"));
  bench.slot->stop(seconds(20), {});
  CHECK_EQ(bench.find(bench.until(Notice::kEmpty), Notice::kExited).exited().code(), 5);
  CHECK(bench.printed("saved"));
}

TEST_CASE("shim: a second, faster stop overtakes the first") {
  Bench bench;
  bench.run("trap '' TERM; echo ready; sleep 600");
  REQUIRE(bench.printed("ready"));
  bench.slot->stop(seconds(600), {});
  bench.slot->stop({}, {});
  bench.until(Notice::kEmpty);
  CHECK_EQ(bench.alive(), 0);
}

TEST_CASE("shim: what a program leaves running when it ends is ended before the slot is empty") {
  Bench bench;
  bench.run("trap '' TERM; (setsid sleep 600 &) ; sleep 600 & exit 0");
  const auto heard = bench.until(Notice::kEmpty);
  CHECK_EQ(bench.find(heard, Notice::kExited).exited().code(), 0);
  CHECK_EQ(bench.alive(), 0);
}

TEST_CASE("shim: the spool numbers reports as they come, and is cut where it is whole") {
  Bench bench;
  shimpb::Run run =
      bench.request({"/bin/bash",
                     "-c",
                     "for i in 1 2 3; do echo \"{\\\"loss\\\": $i}\" >> $SWEEPD_METRICS; "
                     "sleep 0.05; done; echo acc: 0.5"});
  REQUIRE(bench.slot->run(kAttempt, run).ok());
  bench.until(Notice::kEmpty);
  SpoolReader spool(bench.folder + "/spool");
  const auto reports = spool.read(4096);
  REQUIRE_EQ(reports.size(), 4);
  for (int i = 0; i < 3; ++i) {
    CHECK_EQ(reports[static_cast<std::size_t>(i)].metrics(0).value(), i + 1);
  }
  CHECK_EQ(reports[3].metrics(0).name(), "acc");
  CHECK(spool.closed());
  CHECK_EQ(spool.metric_names(), std::vector<std::string>{"acc", "loss"});
}

TEST_CASE("shim: arguments and environment of a megabyte arrive whole") {
  Bench bench;
  shimpb::Run run =
      bench.request({"/bin/bash", "-c", "echo ${#BIG} ${#1}", "x", std::string(100'000, 'a')});
  run.add_env("BIG=" + std::string(120'000, 'b'));
  for (int i = 0; i < 8; ++i) {
    run.add_env(fmt::format("X{}={}", i, std::string(100'000, 'c')));
  }
  REQUIRE(bench.slot->run(kAttempt, run).ok());
  bench.until(Notice::kEmpty);
  CHECK_EQ(bench.output(), "120000 100000\n");
}
