// Files that grow, the environment of a trial, the state folder, working folders, settings.
#include "agent/config.h"
#include "agent/doors/tail.h"
#include "agent/runner/environment.h"
#include "agent/runner/find_program.h"
#include "agent/runner/work_folders.h"
#include "agent/state_folder.h"
#include "agent/trash.h"
#include "agent/utf8.h"
#include "base/settings_file.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/sweepd-files-XXXXXX";
    path = ::mkdtemp(name);
  }

  ~Folder() { fs::remove_all(path); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name, std::ios::app | std::ios::binary) << text;
    return path + "/" + name;
  }

  std::string path;
};

using Lines = std::vector<std::string>;

std::size_t entries(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("tail: lines are given when they are whole, once, from a file that may come later") {
  const Folder folder;
  Tail tail(folder.path + "/log");
  CHECK(tail.read_lines(1000).empty());
  folder.write("log", "one\ntw");
  CHECK_EQ(tail.read_lines(1000), Lines{"one"});
  CHECK(tail.read_lines(1000).empty());
  folder.write("log", "o\n\nthree");
  CHECK_EQ(tail.read_lines(1000), Lines{"two", ""});
  CHECK_EQ(tail.take_rest(), "three");
  CHECK_EQ(tail.take_rest(), "");
}

TEST_CASE("tail: a large file is read in pieces, and says that there is more") {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    text += std::to_string(i) + "\n";
  }
  Tail tail(folder.write("log", text));
  std::size_t lines = tail.read_lines(100'000).size();
  CHECK(tail.more());
  CHECK_LT(lines, 50'000);
  while (tail.more()) {
    lines += tail.read_lines(100'000).size();
  }
  CHECK_EQ(lines, 50'000);
}

TEST_CASE("tail: of an endless line only the end is kept, and a FIFO is not waited for") {
  const Folder folder;
  Tail tail(folder.write("log", std::string(1'000'000, 'x') + "end\n"));
  const Lines lines = tail.read_lines(10'000'000);
  REQUIRE_EQ(lines.size(), 1);
  CHECK_LE(lines[0].size(), kTailLineBytesMax);
  CHECK(lines[0].ends_with("xend"));
  REQUIRE_EQ(::system(("mkfifo " + folder.path + "/fifo").c_str()), 0);
  CHECK(Tail(folder.path + "/fifo").read_lines(10).empty());
}

TEST_CASE("tail: the last lines of a file are as many as asked for") {
  const Folder folder;
  const std::string path = folder.write("err", "a\nb\nc\nd\n");
  CHECK_EQ(last_lines(path, {2, 100}), "c\nd\n");
  CHECK_EQ(last_lines(path, {9, 100}), "a\nb\nc\nd\n");
  CHECK_EQ(last_lines(path, {9, 3}), "\nd\n");
  CHECK_EQ(last_lines(folder.write("open", "a\nb"), {1, 100}), "b");
  CHECK_EQ(last_lines(folder.path + "/none", {9, 100}), "");
}

TEST_CASE("environment: a trial gets what product.md promises, and the sweep file wins") {
  pb::StartAttempt order;
  order.mutable_attempt()->set_sweep(12);
  order.mutable_attempt()->set_trial(7);
  order.mutable_attempt()->set_attempt(2);
  order.set_cpus(3);
  pb::EnvVar& variable = *order.add_env();
  variable.set_name("PYTHONUNBUFFERED");
  variable.set_value("0");
  const AttemptPaths paths = paths_of("/s", {{12}, {7}, {2}});
  CHECK_EQ(paths.work, "/s/work/12-7-2");
  std::vector<pb::Slot> slots(2);
  slots[0].set_kind(pb::GPU);
  slots[0].set_uuid("GPU-a");
  slots[1].set_kind(pb::GPU);
  slots[1].set_uuid("GPU-b");
  for (const char* name : {"SWEEPD_OUTPUTS", "CUDA_VISIBLE_DEVICES", "SWEEPD_DEADLINE"}) {
    pb::EnvVar& taken = *order.add_env();
    taken.set_name(name);
    taken.set_value("stolen");
  }
  const Environment gpus = environment_of({order, paths, slots, WallTime{5'000'000}},
                                          {{"HOME", "/h"}, {"CUDA_VISIBLE_DEVICES", "7"}});
  const Environment expected = {{"HOME", "/h"},
                                {"SWEEPD_SWEEP_ID", "12"},
                                {"SWEEPD_TRIAL_ID", "7"},
                                {"SWEEPD_ATTEMPT", "2"},
                                {"SWEEPD_PARAMS", "/s/side/12-7-2.params.json"},
                                {"SWEEPD_METRICS", "/s/side/12-7-2.metrics.jsonl"},
                                {"SWEEPD_OUTPUTS", "/s/work/12-7-2/outputs"},
                                {"SWEEPD_LOGS", "/s/work/12-7-2/logs"},
                                {"SWEEPD_DEADLINE", "5"},
                                {"CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b"},
                                {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"},
                                {"OMP_NUM_THREADS", "3"},
                                {"PYTHONUNBUFFERED", "0"}};
  CHECK_EQ(gpus, expected);
  slots.resize(1);
  slots[0].set_kind(pb::CPU);
  slots[0].clear_uuid();
  const Environment cpu = environment_of({order, paths, slots, std::nullopt},
                                         {{"CUDA_VISIBLE_DEVICES", "7"}, {"SWEEPD_DEADLINE", "9"}});
  CHECK_EQ(cpu.at("CUDA_VISIBLE_DEVICES"), "");
  CHECK_FALSE(cpu.contains("SWEEPD_DEADLINE"));
}

TEST_CASE("environment: the agent's placeholders are replaced, all else stays byte for byte") {
  pb::StartAttempt order;
  const AttemptPaths paths = paths_of("/s", {{1}, {1}, {1}});
  for (const char* argument : {"--out=${outputs}/m",
                               "${logs}",
                               "${env.A}${env.A}",
                               "${other} $$ $${outputs} $x ${",
                               "",
                               "a$$${outputs}",
                               "bp$$${outputs}",
                               "b$${outputs}${outputs}"}) {
    order.add_argv(argument);
  }
  const auto arguments = arguments_of(order, paths, {{"A", "${outputs}"}});
  REQUIRE(arguments.ok());
  CHECK_EQ(*arguments,
           Lines{"--out=/s/work/1-1-1/outputs/m",
                 "/s/work/1-1-1/logs",
                 "${outputs}${outputs}",
                 "${other} $ ${outputs} $x ${",
                 "",
                 "a$/s/work/1-1-1/outputs",
                 "bp$/s/work/1-1-1/outputs",
                 "b${outputs}/s/work/1-1-1/outputs"});
  order.add_argv("${env.HOMES}");
  const auto unknown = arguments_of(order, paths, {{"A", ""}, {"HOME", "/h"}});
  REQUIRE_FALSE(unknown.ok());
  CHECK_EQ(unknown.error().message,
           "${env.HOMES}: no such variable on this agent; did you mean ${env.HOME}");
  CHECK_FALSE(arguments_of({}, paths, {}).ok());
}

TEST_CASE("state folder: one agent has it, and its identity stays") {
  const Folder folder;
  std::string uuid;
  {
    const auto first = StateFolder::open(folder.path + "/state");
    REQUIRE(first.ok());
    uuid = first->uuid();
    CHECK_EQ(uuid.size(), 32);
    const auto second = StateFolder::open(folder.path + "/state");
    REQUIRE_FALSE(second.ok());
    CHECK_EQ(second.error().code, Errc::kWrongState);
    CHECK(second.error().message.find("--state") != std::string::npos);
  }
  const auto again = StateFolder::open(folder.path + "/state");
  REQUIRE(again.ok());
  CHECK_EQ(again->uuid(), uuid);
  CHECK_FALSE(StateFolder::open("/proc/nothing").ok());
}

TEST_CASE("state folder: whoever only looks at its lock keeps no agent from starting") {
  const Folder folder;
  REQUIRE(StateFolder::open(folder.path + "/state").ok());
  const int looks = ::open((folder.path + "/state/lock").c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE_EQ(::flock(looks, LOCK_SH | LOCK_NB), 0);
  std::thread done([looks] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ::close(looks);
  });
  CHECK(StateFolder::open(folder.path + "/state").ok());
  done.join();
}

TEST_CASE("trash: a deep folder goes a little at a time, whatever it forbids") {
  const Folder folder;
  fs::create_directories(folder.path + "/trash");
  fs::create_directories(folder.path + "/x/a/b/c");
  for (int i = 0; i < 20; ++i) {
    folder.write("x/a/b/" + std::to_string(i), "x");
  }
  fs::create_directory_symlink("/etc", folder.path + "/x/etc");
  fs::permissions(folder.path + "/x/a", fs::perms::none);
  Trash trash(folder.path + "/trash");
  trash.add(folder.path + "/x");
  CHECK_FALSE(fs::exists(folder.path + "/x"));
  CHECK_FALSE(trash.step(3));
  int steps = 1;
  while (!trash.step(3)) {
    REQUIRE_LT(++steps, 100);
  }
  CHECK_GT(steps, 5);
  CHECK_EQ(entries(folder.path + "/trash"), 0);
  CHECK(fs::exists("/etc/passwd"));
  trash.add(folder.path + "/never-was");
  CHECK(trash.empty());
}

TEST_CASE("work folders: what was left in one is not in the next") {
  const Folder folder;
  fs::create_directories(folder.path + "/trash");
  Trash trash(folder.path + "/trash");
  WorkFolders folders(folder.path, trash);
  const std::string work = folder.path + "/1-1-1";
  const auto fresh = [&] {
    REQUIRE(folders.make(work).ok());
    CHECK_EQ(entries(work), 2);
    CHECK_EQ(entries(work + "/outputs"), 0);
    CHECK_EQ(entries(work + "/logs"), 0);
  };
  fresh();
  folder.write("1-1-1/file", "x");
  folder.write("1-1-1/outputs/model", "x");
  fs::create_symlink("/etc/passwd", work + "/logs/link");
  folders.give_back(work);
  CHECK(trash.empty());
  fresh();
  fs::create_directories(work + "/outputs/deep");
  folders.give_back(work);
  CHECK_FALSE(trash.empty());
  fresh();
  fs::permissions(work + "/logs", fs::perms::owner_read);
  folders.give_back(work);
  fresh();
  CHECK_EQ(fs::status(work + "/logs").permissions(), fs::perms(0755));
  fs::remove(work + "/logs");
  folders.give_back(work);
  fresh();
  fs::remove_all(work);
  folders.give_back(work);
  fresh();
  CHECK(fs::exists("/etc/passwd"));
}

TEST_CASE("config: the example file says the defaults and names every setting") {
  const std::string path = SWEEPD_SOURCE_DIR "/configs/agent.toml";
  const Config usual = default_config();
  Config config = usual;
  config.server.clear();
  config.nvml.clear();
  config.containment.clear();
  config.nice = 0;
  config.grace_ms = 0;
  REQUIRE(read_config(path, config).ok());
  CHECK_EQ(config.nvml, usual.nvml);
  CHECK_EQ(config.containment, usual.containment);
  CHECK_EQ(config.nice, usual.nice);
  CHECK_EQ(config.grace_ms, usual.grace_ms);
  CHECK_EQ(config.log_level, usual.log_level);
  CHECK(config.labels.empty());
  const std::string text = *sweepd::read_settings(path);
  for (const char* key : {"server",
                          "state",
                          "name",
                          "cpu_slots",
                          "nvml",
                          "shim",
                          "containment",
                          "nice",
                          "grace",
                          "disk_low",
                          "log_level"}) {
    CAPTURE(key);
    const std::string line = std::string(key) + " = ";
    CHECK((text.find("\n" + line) != std::string::npos ||
           text.find("\n# " + line) != std::string::npos));
  }
}

TEST_CASE("config: faults name line and key") {
  Config config = default_config();
  const Folder folder;
  const std::string good =
      folder.write("good.toml",
                   "server = \"tcp://h:1\"\ncpu_slots = 3\ngrace = \"500ms\"\n"
                   "disk_low = \"3GiB\"\nlog_level = \"debug\"\n[labels]\nzone = \"a\"\n");
  REQUIRE(read_config(good, config).ok());
  CHECK_EQ(config.server, "tcp://h:1");
  CHECK_EQ(config.cpu_slots, 3);
  CHECK_EQ(config.grace_ms, 500);
  CHECK_EQ(config.disk_low_bytes, 3ULL << 30);
  CHECK_EQ(config.log_level, LogLevel::kDebug);
  CHECK_EQ(config.labels.at("zone"), "a");
  const auto fault = [&](const std::string& name, const std::string& text) {
    const auto read = read_config(folder.write(name, text), config);
    return read.ok() ? "" : read.error().message.substr(folder.path.size() + 1);
  };
  CHECK_EQ(fault("a", "\ncpu_slot = 3\n"),
           "a:2: 'cpu_slot' is no setting; did you mean 'cpu_slots'?");
  CHECK_EQ(fault("b", "cpu_slots = -1\n"), "b:1: 'cpu_slots' must be a whole number from 0 up");
  CHECK_EQ(fault("c", "grace = 10\n"), "c:1: 'grace' must be a string");
  CHECK_EQ(fault("d", "grace = \"10\"\n"),
           "d:1: 'grace' must be a duration like \"10s\" or \"500ms\"");
  CHECK_NE(fault("e", "x ="), "");
  CHECK_EQ(fault("f", "grace = \"100000m\"\n"), "f:1: 'grace' must be at most a day");
  CHECK_EQ(fault("g", "disk_low = \"5\"\n"),
           "g:1: 'disk_low' must be a size like \"500MiB\" or \"20GiB\"");
  CHECK_EQ(read_config(folder.path + "/none", config).error().message,
           fmt::format("cannot read the settings file '{}/none': No such file or directory",
                       folder.path));
  CHECK_EQ(read_config(folder.path, config).error().message,
           fmt::format("cannot read the settings file '{}': it is a folder", folder.path));
}

TEST_CASE("utf8: what is valid stays, every other byte becomes a question mark") {
  CHECK_EQ(as_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
           "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK_EQ(as_utf8("\xff\xc3"), "??");
  CHECK_EQ(as_utf8("\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80"), "?? ??? ????");
  CHECK_EQ(as_utf8("\xe2\x82x"), "??x");
  CHECK_EQ(as_utf8(std::string_view("\0x", 2)), std::string("\0x", 2));
}

TEST_CASE("find program: the nearest name in the path is what was meant") {
  const Folder folder;
  folder.write("pyhton-tool", "");
  CHECK_EQ(nearest_program("python-tool", "/nowhere:" + folder.path), "pyhton-tool");
  CHECK_FALSE(nearest_program("something-else", folder.path));
}
