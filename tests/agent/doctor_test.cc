// `sweep-agent doctor`: each thing that is broken has a message and an exit code of its own.
#include "agent/doctor/doctor.h"

#include "agent/doctor/report.h"
#include "agent/state_folder.h"
#include "base/clocks.h"
#include "base/limits.h"
#include "blobs/bulk_session.h"
#include "tests/agent/fake_gpus.h"
#include "wire/endpoint.h"
#include "wire/protocol.h"
#include "wire/socket.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

using wire::Door;

// A port of this machine, held without an answer.
class Listener {
 public:
  explicit Listener(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = at(port);
    bound_ = ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
             ::listen(socket_, 16) == 0;
  }

  ~Listener() { ::close(socket_); }

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  bool bound() const { return bound_; }

 private:
  static sockaddr_in at(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  int socket_;
  bool bound_ = false;
};

// The first of three ports that are free now.
int free_ports() {
  for (int port = 21000 + ::getpid() % 4000 * 4; port < 60000; port += 4) {
    const Listener first(port);
    const Listener second(port + 1);
    const Listener third(port + 2);
    if (first.bound() && second.bound() && third.bound()) {
      return port;
    }
  }
  return 0;
}

// How a daemon is not well.
struct Manner {
  std::chrono::milliseconds thinks = {};  // before it answers on the control port
  bool bulk_silent = false;
};

// Answers at all three doors as sweepd does.
class Daemon {
 public:
  explicit Daemon(int port, pb::ServerDetail detail = healthy(), Manner manner = {})
      : endpoint_(*wire::Endpoint::parse(fmt::format("tcp://127.0.0.1:{}", port))),
        detail_(std::move(detail)),
        manner_(manner),
        thread_([this] { serve(); }) {
    while (!ready_) {
      std::this_thread::yield();
    }
  }

  ~Daemon() {
    over_ = true;
    thread_.join();
  }

  static pb::ServerDetail healthy() {
    pb::ServerDetail detail;
    detail.set_version(SWEEPD_VERSION);
    detail.set_protocol(wire::kProtocolVersion);
    detail.set_wall_us(read_clocks().wall.us);
    return detail;
  }

 private:
  void serve() {
    wire::Context context;
    auto control = *wire::Router::bind(
        context, endpoint_.address(Door::kControl), {limits::kControlMessageBytesMax, 10});
    auto bulk =
        *wire::Router::bind(context, endpoint_.address(Door::kBulk), blobs::bulk_socket_options());
    auto client = *wire::Router::bind(
        context, endpoint_.address(Door::kClient), {limits::kClientMessageBytesMax, 10});
    ready_ = true;
    while (!over_) {
      std::vector<wire::PollItem> items = {
          {.router = &control}, {.router = &bulk}, {.router = &client}};
      wire::poll(items, std::chrono::milliseconds(20));
      if (const auto asked = control.receive()) {
        pb::AgentMessage message;
        CHECK(wire::decode(asked->bytes, limits::kControlMessageBytesMax, message).ok());
        CHECK_FALSE(message.has_hello());  // nothing is registered
        pb::DaemonMessage answer;
        answer.mutable_who_are_you();
        std::this_thread::sleep_for(manner_.thinks);
        control.send(asked->peer, wire::encode(answer));
      }
      if (const auto asked = bulk.receive(); asked && !manner_.bulk_silent) {
        pb::BulkReply answer;
        answer.mutable_missing();
        bulk.send(asked->peer, wire::encode(answer));
      }
      if (const auto asked = client.receive()) {
        pb::ClientReply answer;
        *answer.mutable_server() = detail_;
        client.send(asked->peer, wire::encode(answer));
      }
    }
  }

  wire::Endpoint endpoint_;
  pb::ServerDetail detail_;
  Manner manner_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

// A box on which everything is well but the daemon, at three ports of its own.
struct Box {
  Box() {
    config.state = folder / "state";
    config.shim = SWEEPD_SHIM;
    config.nvml = "/nowhere/libnvidia-ml.so.1";
    config.server = fmt::format("tcp://127.0.0.1:{}", port);
  }

  int examine() {
    found.clear();
    const auto begin = std::chrono::steady_clock::now();
    const int code =
        agent::examine(config, "", [&](const Finding& finding) { found[finding.check] = finding; });
    took = std::chrono::steady_clock::now() - begin;
    return code;
  }

  // What a check found, which must be so and say what to do.
  std::string failed(Check check) {
    REQUIRE(found.contains(check));
    CHECK(found[check].outcome == Outcome::kFailed);
    CHECK_FALSE(found[check].advice.empty());
    return found[check].text;
  }

  std::string warned(Check check) {
    REQUIRE(found.contains(check));
    CHECK(found[check].outcome == Outcome::kWarning);
    CHECK_FALSE(found[check].advice.empty());
    return found[check].text;
  }

  bool not_tried(Check check) { return found[check].outcome == Outcome::kNotTried; }

  const testing::Folder folder;
  const int port = free_ports();
  Config config = default_config();
  std::map<Check, Finding> found;
  std::chrono::steady_clock::duration took{};
};

}  // namespace

TEST_CASE("doctor: on a box that can work everything is ok, and nothing is left behind") {
  Box box;
  const Daemon daemon(box.port);
  CHECK_EQ(box.examine(), 0);
  CHECK_EQ(box.found.size(), 15);
  for (const auto& [check, finding] : box.found) {
    CHECK_MESSAGE(finding.outcome == Outcome::kOk, name_of(check), ": ", finding.text);
    CHECK_FALSE(finding.text.empty());
  }
  CHECK(box.folder.files().empty());
}

TEST_CASE("doctor: settings that cannot be read end it with 10") {
  std::vector<Finding> found;
  const int code = examine(Error{Errc::kInvalidArgument, "agent.toml:1: 'x' is no setting"},
                           "agent.toml",
                           [&](const Finding& finding) { found.push_back(finding); });
  CHECK_EQ(code, 10);
  REQUIRE_EQ(found.size(), 1);
  CHECK_EQ(found.front().text, "agent.toml:1: 'x' is no setting");
}

TEST_CASE("doctor: what is wrong with the box has a code each, and hides nothing behind it") {
  Box box;
  box.config.server = "nonsense";  // no daemon is waited for
  CHECK_EQ(box.examine(), 14);
  CHECK(box.failed(Check::kAddress).find("'nonsense'") != std::string::npos);
  CHECK(box.not_tried(Check::kClock));
  box.config.disk_low_bytes = 900ULL << 40;
  CHECK_EQ(box.examine(), 13);
  CHECK(box.failed(Check::kDisk).ends_with("no slot would be offered"));
  box.folder.write("file", "x");
  box.config.state = box.folder / "file/state";
  CHECK_EQ(box.examine(), 12);
  CHECK_EQ(box.failed(Check::kState), (box.folder / "file") + " is no folder");
  box.config.state = "/proc/none/state";
  CHECK_EQ(box.examine(), 12);
  CHECK(box.failed(Check::kState).starts_with("cannot write in "));
  box.config.shim = "/nowhere/sweep-shim";
  CHECK_EQ(box.examine(), 11);
  CHECK(box.failed(Check::kShim).starts_with("cannot execute /nowhere/sweep-shim"));
}

TEST_CASE("doctor: a state folder that a running agent holds is as it should be") {
  Box box;
  box.config.server = "nonsense";
  {
    const Result<StateFolder> held = StateFolder::open(box.config.state);
    REQUIRE(held.ok());
    box.examine();
    CHECK(box.found[Check::kState].outcome == Outcome::kOk);
    CHECK_EQ(
        box.found[Check::kState].text,
        fmt::format(
            "{} is used by the sweep-agent that runs (process {})", box.config.state, ::getpid()));
  }
  box.examine();
  CHECK_EQ(box.found[Check::kState].text,
           box.config.state + " can be written, and no sweep-agent uses it");
}

TEST_CASE("doctor: a name that does not resolve is told as one, within three seconds") {
  Box box;
  box.config.server = "tcp://no-such-host.invalid:7700";
  CHECK_EQ(box.examine(), 15);
  CHECK(box.failed(Check::kName).starts_with("'no-such-host.invalid' does not resolve: "));
  CHECK(box.not_tried(Check::kControlPort));
  CHECK(box.took < std::chrono::milliseconds(4000));
}

TEST_CASE("doctor: an address of another machine is not dialled, and the tunnel is told") {
  Box box;
  box.config.server = "tcp://192.0.2.1:7700";
  CHECK_EQ(box.examine(), 16);
  CHECK(box.found[Check::kName].outcome == Outcome::kOk);
  CHECK(box.failed(Check::kTunnel).find("ssh -N -L 7700:127.0.0.1:7700") != std::string::npos);
  CHECK(box.not_tried(Check::kControlPort));
  CHECK(box.took < std::chrono::milliseconds(1000));
}

TEST_CASE("doctor: each closed port is named, with its own code") {
  Box box;
  CHECK_EQ(box.examine(), 17);
  CHECK_EQ(box.failed(Check::kControlPort),
           fmt::format("tcp://127.0.0.1:{} cannot be reached: Connection refused", box.port));
  CHECK(box.not_tried(Check::kDaemon));
  const Listener control(box.port);
  CHECK_EQ(box.examine(), 18);
  CHECK(box.found[Check::kControlPort].outcome == Outcome::kOk);
  CHECK(box.failed(Check::kBulkPort).find(std::to_string(box.port + 1)) != std::string::npos);
  const Listener bulk(box.port + 1);
  CHECK_EQ(box.examine(), 19);
  CHECK(box.failed(Check::kClientPort).find(std::to_string(box.port + 2)) != std::string::npos);
  box.config.server = "ipc://" + box.folder.path();
  CHECK_EQ(box.examine(), 17);
  CHECK_EQ(box.failed(Check::kControlPort),
           fmt::format("ipc://{}/control cannot be reached: No such file or directory",
                       box.folder.path()));
}

TEST_CASE("doctor: something that listens and says nothing is no daemon, within three seconds") {
  Box box;
  const Listener control(box.port);
  const Listener bulk(box.port + 1);
  const Listener client(box.port + 2);
  CHECK_EQ(box.examine(), 20);
  CHECK_EQ(
      box.failed(Check::kDaemon),
      fmt::format("tcp://127.0.0.1:{} is open, and no sweepd answered there in 3.0 s", box.port));
  CHECK(box.not_tried(Check::kVersion));
  CHECK(box.took < std::chrono::milliseconds(4000));
}

TEST_CASE("doctor: both ports of the daemon together have three seconds to answer") {
  Box box;
  const Daemon daemon(box.port, Daemon::healthy(), {std::chrono::milliseconds(2000), true});
  CHECK_EQ(box.examine(), 20);
  CHECK(box.failed(Check::kDaemon)
            .starts_with(fmt::format("tcp://127.0.0.1:{} is open, and no sweepd answered there in ",
                                     box.port + 1)));
  CHECK(box.took < std::chrono::milliseconds(4000));
}

TEST_CASE("doctor: another protocol fails, another version and another time are warnings") {
  Box box;
  pb::ServerDetail detail = Daemon::healthy();
  detail.set_protocol(9);
  {
    const Daemon daemon(box.port, detail);
    CHECK_EQ(box.examine(), 21);
    CHECK(box.failed(Check::kVersion).find("(protocol 9)") != std::string::npos);
  }
  detail = Daemon::healthy();
  detail.set_version("9.9");
  detail.set_wall_us(read_clocks().wall.us + 100'000'000);
  const Daemon daemon(box.port, detail);
  CHECK_EQ(box.examine(), 0);
  CHECK(box.warned(Check::kVersion).starts_with("the daemon is sweepd 9.9"));
  CHECK(box.warned(Check::kClock).find(" s ahead of this machine's") != std::string::npos);
}

TEST_CASE("doctor: GPUs are told with what is withheld, and those that do not answer fail") {
  Box box;
  box.config.server = "nonsense";
  box.config.nvml = SWEEPD_FAKE_NVML;
  const FakeGpus fake("2");
  fake.say("processes 1 7\n");
  box.examine();
  CHECK_EQ(box.found[Check::kGpus].text,
           "2 GPUs and 0 CPU slots, driver 535.00; GPU 0 (GPU-1) Fake H200; GPU 1 (GPU-2) Fake "
           "H200");
  box.config.busy_gpus = WithholdBusy{};
  box.examine();
  CHECK(box.warned(Check::kGpus)
            .ends_with(
                "; withheld now: GPU 1 (GPU-2): 1 process of others, 128.0 of 128.0 GiB free"));
  fake.say("processes 0 7\nlost 1\n");
  box.examine();
  CHECK_EQ(
      box.warned(Check::kGpus),
      "1 GPU and 0 CPU slots, driver 535.00; GPU 0 (GPU-1) Fake H200; GPU 1 is left out: GPU is "
      "lost (15); withheld now: GPU 0 (GPU-1): 1 process of others, 128.0 of 128.0 GiB free");
  fake.say("fail 9\n");
  box.examine();
  CHECK_EQ(box.failed(Check::kGpus), "NVML does not start: driver not loaded (9)");
  box.config.nvml = "/nowhere/libnvidia-ml.so.1";
  box.config.cpu_slots = 0;
  box.examine();
  CHECK(box.warned(Check::kGpus).starts_with("no GPU and 0 CPU slots: "));
}

TEST_CASE("doctor: a line for people says what to do below it; JSON has all of it") {
  const Finding finding{Check::kName, Outcome::kFailed, "it does not resolve", "spell it"};
  CHECK_EQ(line_of(finding),
           "FAILED     name          it does not resolve\n"
           "                         -> spell it\n");
  CHECK_EQ(line_of({Check::kControlPort, Outcome::kNotTried, "x"}), "not tried  control port  x\n");
  CHECK_EQ(json_of({finding}, 15),
           "{\n  \"exit_code\": 15,\n  \"checks\": [\n    {\n      \"check\": \"name\",\n"
           "      \"code\": 15,\n      \"outcome\": \"failed\",\n"
           "      \"text\": \"it does not resolve\",\n      \"advice\": \"spell it\"\n    }\n"
           "  ]\n}\n");
}

TEST_CASE("doctor: the program exits with the code of the first check that failed") {
  const Box box;
  const std::string command = fmt::format("{} doctor --server {} --state {} >{} 2>&1",
                                          SWEEPD_AGENT,
                                          box.config.server,
                                          box.config.state,
                                          box.folder / "said");
  const int status = std::system(command.c_str());
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), 17);
  const std::string said = box.folder.read("said");
  CHECK(said.find("FAILED     control port  tcp://") != std::string::npos);
  const std::string wrong = fmt::format(
      "{} doctor --config /nowhere/agent.toml --json >{} 2>&1", SWEEPD_AGENT, box.folder / "said");
  CHECK_EQ(WEXITSTATUS(std::system(wrong.c_str())), 10);
  CHECK(box.folder.read("said").starts_with("{\n  \"exit_code\": 10"));
}

TEST_CASE("doctor: wrong options end it with 2 and are named, whatever the file holds") {
  const testing::Folder folder;
  folder.write("agent.toml", "x = 1\n");
  const auto run = [&](const std::string& options) {
    const std::string command =
        fmt::format("{} doctor {} >{} 2>&1", SWEEPD_AGENT, options, folder / "said");
    return WEXITSTATUS(std::system(command.c_str()));
  };
  CHECK_EQ(run("--busy-gpus nonsense"), 2);
  CHECK(folder.read("said").starts_with("sweep-agent: --busy-gpus 'nonsense' is none of "));
  CHECK_EQ(run("--log-level loud --config " + (folder / "agent.toml")), 2);
  CHECK_EQ(folder.read("said"),
           "sweep-agent: log level 'loud' is none of debug, info, warn, error\n");
  CHECK_EQ(run("--log-level debug --config " + (folder / "agent.toml")), 10);
  CHECK(folder.read("said").starts_with("FAILED     settings "));
}

TEST_CASE("doctor: a GPU that is lost fails only where the masks leave no other") {
  Box box;
  box.config.server = "nonsense";
  box.config.nvml = SWEEPD_FAKE_NVML;
  const FakeGpus fake("3");
  fake.say("lost 1\n");
  ::setenv("CUDA_VISIBLE_DEVICES", "2", 1);
  box.examine();
  CHECK_EQ(
      box.warned(Check::kGpus),
      "1 GPU and 0 CPU slots, driver 535.00; GPU 2 (GPU-3) Fake H200; GPU 1 is left out: GPU is "
      "lost (15); left out by CUDA_VISIBLE_DEVICES=2: GPU 0 (GPU-1)");
  ::setenv("CUDA_VISIBLE_DEVICES", "1", 1);
  box.examine();
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  CHECK(box.failed(Check::kGpus).find("GPU 1 is left out: GPU is lost (15)") != std::string::npos);
  CHECK(box.found[Check::kGpus].text.find("'1' is not the name of one GPU") != std::string::npos);
  fake.say("lost 0\nlost 1\nlost 2\n");
  box.examine();
  CHECK(box.failed(Check::kGpus).find("GPU 0 is left out: GPU is lost (15)") != std::string::npos);
}

TEST_CASE("doctor: a library that hangs is told within three seconds, and keeps nobody") {
  const Box box;
  const Daemon daemon(box.port);
  const FakeGpus fake("2");
  fake.say("hang 20000\n");
  box.folder.write("agent.toml", "nvml = \"" SWEEPD_FAKE_NVML "\"\n");
  const std::string command = fmt::format("{} doctor --server {} --state {} --config {} >{} 2>&1",
                                          SWEEPD_AGENT,
                                          box.config.server,
                                          box.config.state,
                                          box.folder / "agent.toml",
                                          box.folder / "said");
  const auto begin = std::chrono::steady_clock::now();
  CHECK_EQ(WEXITSTATUS(std::system(command.c_str())), 24);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(5000));
  CHECK(box.folder.read("said").find("FAILED     gpus          NVML has not answered for 3 s\n") !=
        std::string::npos);
}
