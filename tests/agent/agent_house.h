// The whole agent as a process, against a daemon made of a router: for tests with real files and
// kill -9.
#pragma once

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
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace sweepd::agent_house {

namespace fs = std::filesystem;

constexpr AttemptKey kFirst{{1}, {1}, {1}};
constexpr AttemptKey kSecond{{1}, {2}, {1}};

inline std::string content_of(const std::string& path) {
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
    orders_[wire::from_proto(order.attempt())] = order;
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
  bool bulk_away = false;             // takes nothing through the bulk door
  std::optional<Errc> refuses_blobs;  // each blob that is offered
  int refusals = 0;
  bool looks_for_outputs = false;  // when an attempt ends
  bool spoils_blobs = false;       // none that it took is there when an attempt ends
  int outputs_missed = 0;
  bool says_reports = false;  // in its answer to Hello: how many it has
  std::uint64_t place = 0;    // of its store
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
      answer.mutable_hello_ok()->set_stored(place);
      for (const auto& [key, had] : reports) {
        if (says_reports) {
          pb::ReportsAck& ack = *answer.mutable_hello_ok()->add_reports();
          *ack.mutable_attempt() = wire::to_proto(key);
          ack.set_seq(had.size());
        }
      }
      send(answer);
      order_again();
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
    } else if (message.has_ended() && misses_outputs(message.ended())) {
      ++outputs_missed;
      *answer.mutable_outputs_missing()->mutable_attempt() = message.ended().attempt();
      send(answer);
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

  bool misses_outputs(const pb::AttemptEnded& end) {
    if (end.tree_digest().empty()) {
      return false;
    }
    if (spoils_blobs) {
      blobs.clear();
    }
    return looks_for_outputs && !blobs.contains(end.tree_digest());
  }

  // What a session ordered that is over may never have been read.
  void order_again() {
    std::set<AttemptKey> held;
    for (const pb::HeldAttempt& each : hello.held()) {
      held.insert(wire::from_proto(each.attempt()));
    }
    for (const auto& [key, order] : orders_) {
      if (!held.contains(key) && !ended.contains(key)) {
        start(pb::StartAttempt(order));
      }
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
    } else if (request.has_put() && refuses_blobs) {
      ++refusals;
      reply.set_code(static_cast<int>(*refuses_blobs));
      reply.set_message("not this one");
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
  std::map<AttemptKey, pb::StartAttempt> orders_;
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

  void start_agent(int slots = 1, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {SWEEPD_AGENT,
                                          "--server",
                                          "ipc://" + folder,
                                          "--state",
                                          folder + "/state",
                                          "--cpu-slots",
                                          std::to_string(slots),
                                          "--name",
                                          "box"};
    arguments.insert(arguments.end(), more.begin(), more.end());
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

  // Whether the agent has said so in its log.
  bool logged(const std::string& words) const {
    return content_of(folder + "/agent.log").find(words) != std::string::npos;
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

inline std::string shown(const std::vector<pb::Report>& reports) {
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

}  // namespace sweepd::agent_house
