// A shim in a folder of its own, as its tests see it.
#pragma once

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

namespace sweepd::shim_bench {

using namespace agent;  // NOLINT(google-build-using-namespace): of tests
using shimpb::Notice;
using Kind = shimpb::Notice::KindCase;

inline constexpr AttemptKey kAttempt{{1}, {1}, {1}};
inline const std::string kUuid = fmt::format("{:012}", ::getpid());  // groups of this test alone

inline bool eventually(const std::function<bool()>& condition, int seconds_max = 20) {
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
    // A shim that ends may still write its last words.
    eventually([this] {
      std::error_code error;
      std::filesystem::remove_all(folder, error);
      return !error;
    });
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
inline std::int64_t ticks_of(pid_t pid) {
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
inline constexpr const char* kHostile = R"(
  trap '' TERM HUP INT
  (trap '' TERM; sleep 600) &
  setsid bash -c 'trap "" TERM; (setsid sleep 600 &) ; sleep 600' &
  (setsid bash -c 'trap "" TERM; while true; do (setsid sleep 600 &); sleep 0.02; done' &)
  sleep 0.3
  echo ready
  sleep 600
)";

}  // namespace sweepd::shim_bench
