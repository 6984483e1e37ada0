// The whole agent against a daemon made of a router: real processes, real files, kill -9.
#include "base/limits.h"
#include "blobs/bulk_session.h"
#include "wire/endpoint.h"
#include "wire/protocol.h"
#include "wire/socket.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

using namespace sweepd;
namespace fs = std::filesystem;

namespace {

constexpr AttemptKey kFirst{{1}, {1}, {1}};
constexpr AttemptKey kSecond{{1}, {2}, {1}};

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// A daemon that answers everything, remembers it, and orders only what a test says.
class FakeDaemon {
 public:
  explicit FakeDaemon(const std::string& folder)
      : endpoint_(*wire::Endpoint::parse("ipc://" + folder)),
        control_(*wire::Router::bind(context_,
                                     endpoint_.address(wire::Door::kControl),
                                     {limits::kControlMessageBytesMax, 1000})),
        bulk_(*wire::Router::bind(
            context_, endpoint_.address(wire::Door::kBulk), blobs::bulk_socket_options())) {}

  // Serves until the condition holds. False after 20 seconds.
  bool serve_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::vector<wire::PollItem> items = {{.router = &control_}, {.router = &bulk_}};
      wire::poll(items, std::chrono::milliseconds(20));
      while (const auto incoming = control_.receive()) {
        on_control(*incoming);
      }
      while (const auto incoming = bulk_.receive()) {
        on_bulk(*incoming);
      }
    }
    return true;
  }

  void send(pb::DaemonMessage message) {
    message.set_session(hellos);
    message.set_term(1);
    control_.send(peer_, wire::encode(message));
  }

  void start(const pb::StartAttempt& order) {
    pb::DaemonMessage message;
    *message.mutable_start() = order;
    send(message);
  }

  void stop(const AttemptKey& key, std::uint64_t grace_ms) {
    pb::DaemonMessage message;
    *message.mutable_stop()->mutable_attempt() = wire::to_proto(key);
    message.mutable_stop()->set_grace_ms(grace_ms);
    send(message);
  }

  std::optional<pb::AttemptEnded> wait_for_end(const AttemptKey& key) {
    serve_until([&] { return ended.contains(key); });
    const auto found = ended.find(key);
    return found == ended.end() ? std::nullopt : std::optional(found->second);
  }

  std::uint64_t hellos = 0;
  pb::Hello hello;
  std::map<AttemptKey, pb::Phase> phases;
  std::map<AttemptKey, std::vector<pb::Report>> reports;
  std::map<AttemptKey, pb::AttemptEnded> ended;
  std::map<std::pair<AttemptKey, int>, std::string> logs;
  std::map<std::string, std::string> blobs;
  std::string goodbye;
  bool bulk_away = false;  // takes nothing through the bulk door
  bool acknowledge_ends = true;
  bool acknowledge_heartbeats = true;
  std::uint64_t lease_ms = 60'000;

 private:
  void on_control(const wire::Incoming& incoming) {
    peer_ = incoming.peer;
    pb::AgentMessage message;
    REQUIRE(wire::decode(incoming.bytes, limits::kControlMessageBytesMax, message).ok());
    pb::DaemonMessage answer;
    if (message.has_hello()) {
      ++hellos;
      hello = message.hello();
      answer.mutable_hello_ok()->set_heartbeat_ms(100);
      answer.mutable_hello_ok()->set_lease_ms(lease_ms);
      answer.mutable_hello_ok()->set_hello(hello.number());
      send(answer);
    } else if (message.has_heartbeat()) {
      for (const pb::HeldAttempt& held : message.heartbeat().held()) {
        phases[wire::from_proto(held.attempt())] = held.phase();
      }
      answer.mutable_heartbeat_ack()->set_number(message.heartbeat().number());
      if (acknowledge_heartbeats) {
        send(answer);
      }
    } else if (message.has_reports()) {
      on_reports(message.reports());
    } else if (message.has_ended()) {
      ended[wire::from_proto(message.ended().attempt())] = message.ended();
      *answer.mutable_ended_ack()->mutable_attempt() = message.ended().attempt();
      if (acknowledge_ends) {
        send(answer);
      }
    } else if (message.has_goodbye()) {
      goodbye = message.goodbye().reason();
    }
  }

  void on_reports(const pb::ReportBatch& batch) {
    std::vector<pb::Report>& stored = reports[wire::from_proto(batch.attempt())];
    for (const pb::Report& report : batch.reports()) {
      if (report.seq() == stored.size() + 1) {
        stored.push_back(report);
      }
    }
    pb::DaemonMessage answer;
    *answer.mutable_reports_ack()->mutable_attempt() = batch.attempt();
    answer.mutable_reports_ack()->set_seq(stored.size());
    send(answer);
  }

  void on_bulk(const wire::Incoming& incoming) {
    pb::BulkRequest request;
    REQUIRE(wire::decode(incoming.bytes, limits::kBulkMessageBytesMax, request).ok());
    pb::BulkReply reply;
    reply.set_tag(request.tag());
    if (bulk_away) {
      return;
    }
    if (request.has_append_log()) {
      const pb::AppendLog& append = request.append_log();
      std::string& log = logs[{wire::from_proto(append.attempt()), append.stream()}];
      if (append.offset() == log.size()) {
        log += append.data();
      }
      reply.mutable_log()->set_offset(log.size());
    } else if (request.has_has()) {
      reply.mutable_missing();
      for (const std::string& digest : request.has().digests()) {
        if (!blobs.contains(digest)) {
          reply.mutable_missing()->add_digests(digest);
        }
      }
    } else if (request.has_put()) {
      std::string& blob = blobs[request.put().digest()];
      blob = blob.substr(0, request.put().offset()) + request.put().data();
      reply.mutable_progress()->set_offset(blob.size());
      reply.mutable_progress()->set_complete(blob.size() == request.put().size());
    } else if (request.has_get()) {
      const std::string& blob = blobs[request.get().digest()];
      reply.mutable_chunk()->set_size(blob.size());
      reply.mutable_chunk()->set_data(blob.substr(request.get().offset(), request.get().length()));
    }
    bulk_.send(incoming.peer, wire::encode(reply));
  }

  wire::Context context_;
  wire::Endpoint endpoint_;
  wire::Router control_;
  wire::Router bulk_;
  std::string peer_;
};

class House {
 public:
  House() {
    char name[] = "/tmp/sweepd-agent-XXXXXX";
    folder = ::mkdtemp(name);
    daemon.emplace(folder);
  }

  ~House() {
    if (agent > 0) {
      ::kill(agent, SIGKILL);
      ::waitpid(agent, nullptr, 0);
    }
    end_shims();
    std::error_code error;
    fs::remove_all(folder, error);
  }

  void start_agent(int slots = 1) {
    std::vector<std::string> arguments = {SWEEPD_AGENT,
                                          "--server",
                                          "ipc://" + folder,
                                          "--state",
                                          folder + "/state",
                                          "--cpu-slots",
                                          std::to_string(slots),
                                          "--name",
                                          "box"};
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    const std::string log = folder + "/agent.log";
    ::posix_spawn_file_actions_addopen(&files, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    REQUIRE_EQ(::posix_spawn(&agent, SWEEPD_AGENT, &files, nullptr, argv.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&files);
    const std::uint64_t before = daemon->hellos;
    REQUIRE(daemon->serve_until([&] { return daemon->hellos > before; }));
  }

  // Whoever holds the lock of a slot, by the number that it has here: in a namespace of its own a
  // shim is number 1.
  std::vector<pid_t> holders(const std::string& name) const {
    std::vector<pid_t> pids;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::error_code error;
      const std::string lock = fs::read_symlink(entry.path() / "fd/4", error);
      if (!error && lock.starts_with(folder + "/state/slots/") &&
          (name.empty() || content_of(entry.path() / "comm") == name + "\n")) {
        pids.push_back(static_cast<pid_t>(std::atoi(entry.path().filename().c_str())));
      }
    }
    return pids;
  }

  pid_t shim() const {
    const std::vector<pid_t> shims = holders("sweep-shim");
    REQUIRE_EQ(shims.size(), 1);
    return shims.front();
  }

  // Without an agent they would go on until the lease ends.
  void end_shims() const {
    for (const pid_t pid : holders("")) {
      ::kill(pid, SIGKILL);
    }
  }

  void kill_agent() {
    ::kill(agent, SIGKILL);
    ::waitpid(agent, nullptr, 0);
    agent = 0;
  }

  // Ends by itself; its exit code, or -1 when it did not.
  int wait_for_exit() {
    int status = 0;
    const bool exited =
        daemon->serve_until([&] { return ::waitpid(agent, &status, WNOHANG) == agent; });
    agent = exited ? 0 : agent;
    return exited && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  pb::StartAttempt order(const AttemptKey& key, const std::string& script) const {
    pb::StartAttempt out;
    *out.mutable_attempt() = wire::to_proto(key);
    out.add_slots(0);
    std::string escaped;  // as the daemon sends it
    for (const char byte : script) {
      escaped.append(byte == '$' ? 2 : 1, byte);
    }
    for (const std::string& argument : {std::string("/bin/bash"), std::string("-c"), escaped}) {
      out.add_argv(argument);
    }
    out.set_params_json("{\"lr\": 0.1}");
    out.set_grace_ms(500);
    out.set_objective("loss");
    out.mutable_metrics()->set_jsonl(true);
    out.mutable_metrics()->set_stdout_rules(true);
    return out;
  }

  bool appears(const std::string& file) {
    return daemon->serve_until([&] { return fs::exists(folder + "/" + file); });
  }

  bool alive(const std::string& file) const {
    const int pid = std::atoi(content_of(folder + "/" + file).c_str());
    REQUIRE(pid > 0);
    const std::string stat = content_of(fmt::format("/proc/{}/stat", pid));
    const std::size_t name_end = stat.rfind(") ");
    // Nobody may have looked at the end of it yet.
    return name_end != std::string::npos && stat[name_end + 2] != 'Z';
  }

  std::string folder;
  std::optional<FakeDaemon> daemon;
  pid_t agent = 0;
};

std::string shown(const std::vector<pb::Report>& reports) {
  std::string out;
  for (const pb::Report& report : reports) {
    out += fmt::format("{}:", report.seq());
    for (const pb::Metric& metric : report.metrics()) {
      out += fmt::format(" {}={}", metric.name(), metric.value());
    }
    out += "; ";
  }
  return out;
}

}  // namespace

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

TEST_CASE("agent: asked to stop, it hands its trials back and says goodbye") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, "echo $$ > " + house.folder + "/pid; sleep 600 & wait"));
  REQUIRE(house.appears("pid"));
  ::kill(house.agent, SIGTERM);
  CHECK_EQ(house.wait_for_exit(), 0);
  REQUIRE(house.daemon->ended.contains(kFirst));
  CHECK_EQ(house.daemon->ended[kFirst].failure().code(), pb::STOPPED_BY_AGENT);
  CHECK(house.daemon->serve_until([&] { return !house.daemon->goodbye.empty(); }));
  CHECK_FALSE(house.alive("pid"));
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
  order = house.order(kSecond, "true");
  order.set_slots(0, 9);
  house.daemon->start(order);
  end = house.daemon->wait_for_end(kSecond);
  REQUIRE(end);
  CHECK_EQ(end->failure().code(), pb::PREPARE_ERROR);
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
