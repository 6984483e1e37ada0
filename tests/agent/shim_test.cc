// The shim with real processes: whatever an attempt leaves behind is gone.
#include "agent/runner/shim_slot.h"
#include "agent/shim/process_tree.h"

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
using shim::Notice;
using shim::NoticeKind;

namespace {

constexpr AttemptKey kAttempt{{1}, {1}, {1}};

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
  Bench() {
    char name[] = "/tmp/sweepd-shim-XXXXXX";
    folder = ::mkdtemp(name);
    mark = fmt::format("sweepd_mark_{}", folder.substr(folder.size() - 6));
    slot.emplace(ShimSlot::Options{0, folder + "/lock", SWEEPD_SHIM});
    slot->ensure();
  }

  ~Bench() {
    slot.reset();
    eventually([this] { return alive() == 0; }, 5);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    std::filesystem::remove_all(folder);
  }

  void run(const std::string& script) { run_argv({"/bin/bash", "-c", script}); }

  void run_argv(std::vector<std::string> argv) {
    shim::RunRequest request;
    request.argv = std::move(argv);
    request.env = {"PATH=/usr/bin:/bin", "MARK=" + mark};
    request.cwd = folder;
    request.stdout_path = folder + "/stdout";
    request.stderr_path = folder + "/stderr";
    request.nice = 10;
    request.leftover_grace_ms = 100;
    REQUIRE(slot->run(kAttempt, request).ok());
  }

  // Everything said until (and with) a notice of the kind; fails after 20 seconds.
  std::vector<Notice> until(NoticeKind kind) {
    std::vector<Notice> heard;
    const bool came = eventually([&] {
      bool gone = false;
      for (const Notice& notice : slot->read(gone)) {
        heard.push_back(notice);
      }
      return gone || std::any_of(heard.begin(), heard.end(), [kind](const Notice& notice) {
               return notice.kind == kind;
             });
    });
    REQUIRE(came);
    return heard;
  }

  Notice find(const std::vector<Notice>& heard, NoticeKind kind) {
    for (const Notice& notice : heard) {
      if (notice.kind == kind) {
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
  const auto heard = bench.until(NoticeKind::kEmpty);
  REQUIRE_EQ(heard.size(), 3);
  CHECK_EQ(heard[0].kind, NoticeKind::kStarted);
  CHECK_EQ(heard[1].kind, NoticeKind::kExited);
  CHECK_EQ(heard[1].a, 3);
  CHECK_EQ(heard[1].b, 0);
  // Three streams, the slot's lock and the folder that ls reads: nothing else of the shim is open.
  CHECK_EQ(bench.output(), bench.folder + "\n10\n5\n0\n");
  CHECK_EQ(bench.slot->state(), ShimSlot::State::kIdle);
}

TEST_CASE("shim: a shim that refuses an order says that it is free, too") {
  Bench bench;
  REQUIRE(shim::send(bench.slot->fd(), shim::Order{shim::OrderKind::kRun, 0, 0}));  // without one
  const auto heard = bench.until(NoticeKind::kEmpty);
  REQUIRE_EQ(heard.size(), 2);
  CHECK_EQ(heard[0].kind, NoticeKind::kExecError);
  CHECK_EQ(heard[0].a, EINVAL);
}

TEST_CASE("shim: notices that find no room are said later, in order") {
  Bench bench;
  for (int i = 0; i < 2000; ++i) {
    while (!shim::send(bench.slot->fd(), shim::Order{shim::OrderKind::kRun, 0, 0})) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  int heard = 0;
  CHECK(eventually([&] {
    bool gone = false;
    for (const Notice& notice : bench.slot->read(gone)) {
      CHECK_EQ(notice.kind, heard % 2 == 0 ? NoticeKind::kExecError : NoticeKind::kEmpty);
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
    bench.until(NoticeKind::kEmpty);
  }
  CHECK_EQ(bench.slot->pid(), pid);
}

TEST_CASE("shim: a signal that ended the program is told") {
  Bench bench;
  bench.run("kill -SEGV $$");
  CHECK_EQ(bench.find(bench.until(NoticeKind::kEmpty), NoticeKind::kExited).b, SIGSEGV);
}

TEST_CASE("shim: what cannot be executed is told with errno and name") {
  Bench bench;
  bench.run_argv({"no-such-program"});
  const Notice missing = bench.find(bench.until(NoticeKind::kEmpty), NoticeKind::kExecError);
  CHECK_EQ(missing.a, ENOENT);
  CHECK_EQ(std::string(missing.text), "no-such-program");
  std::ofstream(bench.folder + "/script") << "echo hi\n";
  bench.run_argv({"./script"});
  CHECK_EQ(bench.find(bench.until(NoticeKind::kEmpty), NoticeKind::kExecError).a, EACCES);
  std::filesystem::permissions(bench.folder + "/script", std::filesystem::perms::owner_all);
  bench.run_argv({"./script"});
  CHECK_EQ(bench.find(bench.until(NoticeKind::kEmpty), NoticeKind::kExecError).a, ENOEXEC);
  bench.run_argv({"true"});
  bench.until(NoticeKind::kEmpty);
}

TEST_CASE("shim: a stop ends a tree that ignores TERM, forks away and changes its session") {
  Bench bench;
  bench.run(kHostile);
  REQUIRE(bench.printed("ready"));
  CHECK_GE(bench.alive(), 6);
  bench.slot->stop(milliseconds(300));
  const auto heard = bench.until(NoticeKind::kEmpty);
  CHECK_EQ(bench.find(heard, NoticeKind::kExited).b, SIGKILL);
  CHECK_EQ(bench.alive(), 0);
}

TEST_CASE("shim: a program that heeds TERM ends within its grace, in its own way") {
  Bench bench;
  bench.run("trap 'echo saved; exit 5' TERM; echo ready; while true; do sleep 0.05; done");
  REQUIRE(bench.printed("ready"));
  bench.slot->stop(seconds(20));
  CHECK_EQ(bench.find(bench.until(NoticeKind::kEmpty), NoticeKind::kExited).a, 5);
  CHECK(bench.printed("saved"));
}

TEST_CASE("shim: a second, faster stop overtakes the first") {
  Bench bench;
  bench.run("trap '' TERM; echo ready; sleep 600");
  REQUIRE(bench.printed("ready"));
  bench.slot->stop(seconds(600));
  bench.slot->stop(Duration{});
  bench.until(NoticeKind::kEmpty);
  CHECK_EQ(bench.alive(), 0);
}

TEST_CASE("shim: what a program leaves running when it ends is ended before the slot is empty") {
  Bench bench;
  bench.run("trap '' TERM; (setsid sleep 600 &) ; sleep 600 & exit 0");
  const auto heard = bench.until(NoticeKind::kEmpty);
  CHECK_EQ(bench.find(heard, NoticeKind::kExited).a, 0);
  CHECK_EQ(bench.alive(), 0);
}

TEST_CASE(
    "shim: when the agent is gone its tree is ended, then it ends and the slot's lock is free") {
  Bench bench;
  bench.run(kHostile);
  REQUIRE(bench.printed("ready"));
  bench.slot->close();
  ShimSlot next({0, bench.folder + "/lock", SWEEPD_SHIM});
  next.ensure();
  CHECK_EQ(next.state(), ShimSlot::State::kLocked);
  CHECK(eventually([&] {
    next.ensure();
    return next.state() == ShimSlot::State::kIdle;
  }));
  CHECK_EQ(bench.alive(), 0);
}

TEST_CASE("shim: a tree whose lease ends is killed without the agent's doing") {
  Bench bench;
  bench.run("trap '' TERM; echo ready; sleep 600");
  REQUIRE(bench.printed("ready"));
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  bench.slot->set_lease({now.tv_sec * 1'000'000 + now.tv_nsec / 1000 + 200'000});
  const auto heard = bench.until(NoticeKind::kEmpty);
  CHECK_EQ(heard[heard.size() - 3].kind, NoticeKind::kLapsed);
  CHECK_EQ(bench.alive(), 0);
}

TEST_CASE("shim: a killed shim takes the program with it, and the slot says that it is in doubt") {
  Bench bench;
  bench.run("echo ready; sleep 600");
  REQUIRE(bench.printed("ready"));
  ::kill(bench.slot->pid(), SIGKILL);
  bool gone = false;
  CHECK(eventually([&] {
    bench.slot->read(gone);
    return gone;
  }));
  CHECK_EQ(bench.slot->attempt(), kAttempt);
}

TEST_CASE("shim: arguments and environment of a megabyte arrive whole") {
  Bench bench;
  shim::RunRequest request;
  request.argv = {"/bin/bash", "-c", "echo ${#BIG} ${#1}", "x", std::string(100'000, 'a')};
  request.env = {"BIG=" + std::string(120'000, 'b')};
  for (int i = 0; i < 8; ++i) {
    request.env.push_back(fmt::format("X{}={}", i, std::string(100'000, 'c')));
  }
  request.cwd = "/";
  request.stdout_path = bench.folder + "/stdout";
  request.stderr_path = bench.folder + "/stderr";
  REQUIRE(bench.slot->run(kAttempt, request).ok());
  bench.until(NoticeKind::kEmpty);
  CHECK_EQ(bench.output(), "120000 100000\n");
}

TEST_CASE("shim: a request survives its encoding, and no part of it is taken for one") {
  shim::RunRequest request;
  request.argv = {"a", "", std::string("b\0c", 3)};
  request.env = {"A=1"};
  request.cwd = "/x";
  request.stdout_path = "o";
  request.stderr_path = "e";
  request.nice = -5;
  request.leftover_grace_ms = 7;
  const std::string bytes = shim::encode(request);
  REQUIRE(shim::decode(bytes));
  CHECK_EQ(*shim::decode(bytes), request);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(shim::decode(std::string_view(bytes).substr(0, size)));
  }
  CHECK_FALSE(shim::decode(bytes + "x"));
}
