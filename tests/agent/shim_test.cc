// The shim with real processes: whatever an attempt leaves behind is gone.
#include "agent/runner/farewell.h"
#include "agent/runner/shim_slot.h"
#include "agent/runner/spool_reader.h"
#include "wire/protocol.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;
using shimpb::Notice;
using Kind = shimpb::Notice::KindCase;

namespace {

constexpr AttemptKey kAttempt{{1}, {1}, {1}};
const std::string kUuid = fmt::format("{:012}", ::getpid());  // groups of this test alone

bool eventually(const std::function<bool()>& condition, int seconds_max = 20) {
  for (int i = 0; i < seconds_max * 100; ++i) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// A slot with a shim in a folder of its own, and processes that can be told apart by a mark.
struct Bench {
  explicit Bench(const Containment& containment = {}) {
    char name[] = "/tmp/sweepd-shim-XXXXXX";
    folder = ::mkdtemp(name);
    mark = fmt::format("sweepd_mark_{}", folder.substr(folder.size() - 6));
    slot.emplace(ShimSlot::Options{0, folder + "/0", SWEEPD_SHIM, containment});
    slot->ensure(true);
  }

  ~Bench() {
    if (slot) {
      slot->close();
    }
    eventually([this] { return alive() == 0; }, 5);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    std::filesystem::remove_all(folder);
  }

  void run(const std::string& script) { run_argv({"/bin/bash", "-c", script}); }

  shimpb::Run request(const std::vector<std::string>& argv) const {
    shimpb::Run run;
    *run.mutable_attempt() = wire::to_proto(kAttempt);
    run.mutable_argv()->Assign(argv.begin(), argv.end());
    run.add_env("PATH=/usr/bin:/bin");
    run.add_env("MARK=" + mark);
    run.add_env("SWEEPD_METRICS=" + folder + "/metrics");
    run.set_cwd(folder);
    run.set_stdout_path(folder + "/stdout");
    run.set_stderr_path(folder + "/stderr");
    run.set_metrics_path(folder + "/metrics");
    run.set_spool_path(folder + "/spool");
    run.set_farewell_path(folder + "/farewell");
    run.mutable_metrics()->set_jsonl(true);
    run.mutable_metrics()->set_stdout_rules(true);
    run.set_objective("loss");
    run.set_nice(10);
    run.set_leftover_grace_ms(100);
    run.set_grace_ms(100);
    return run;
  }

  void run_argv(const std::vector<std::string>& argv) {
    REQUIRE(slot->run(kAttempt, request(argv)).ok());
  }

  // Everything said until (and with) a notice of the kind; fails after 20 seconds.
  std::vector<Notice> until(Kind kind) {
    std::vector<Notice> heard;
    const bool came = eventually([&] {
      const ShimSlot::Heard now = slot->read();
      heard.insert(heard.end(), now.notices.begin(), now.notices.end());
      return now.gone || std::any_of(heard.begin(), heard.end(), [kind](const Notice& notice) {
               return notice.kind_case() == kind;
             });
    });
    REQUIRE(came);
    return heard;
  }

  Notice find(const std::vector<Notice>& heard, Kind kind) {
    for (const Notice& notice : heard) {
      if (notice.kind_case() == kind) {
        return notice;
      }
    }
    FAIL("no such notice");
    return {};
  }

  // Living processes that carry the mark in their environment, wherever they hang in the tree.
  int alive() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "environ", std::ios::binary);
      std::ostringstream text;
      text << file.rdbuf();
      count += text.str().find(mark) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  std::string output() const {
    std::ostringstream text;
    text << std::ifstream(folder + "/stdout").rdbuf();
    return text.str();
  }

  bool printed(const std::string& word) const {
    return eventually([&] { return output().find(word) != std::string::npos; });
  }

  std::string folder;
  std::string mark;
  std::optional<ShimSlot> slot;
};

// The time that a process has used, in ticks of 10 ms.
std::int64_t ticks_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string word;
  std::int64_t ticks = 0;
  for (int field = 1; file >> word; ++field) {
    ticks += field == 14 || field == 15 ? std::atoll(word.c_str()) : 0;
  }
  return ticks;
}

// Ignores TERM and HUP; a child that does, too; a daemon by double fork in a session of its own;
// and one that forks on and on.
constexpr const char* kHostile = R"(
  trap '' TERM HUP INT
  (trap '' TERM; sleep 600) &
  setsid bash -c 'trap "" TERM; (setsid sleep 600 &) ; sleep 600' &
  (setsid bash -c 'trap "" TERM; while true; do (setsid sleep 600 &); sleep 0.02; done' &)
  sleep 0.3
  echo ready
  sleep 600
)";

}  // namespace

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
