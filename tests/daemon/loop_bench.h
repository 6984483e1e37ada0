// A loop with stand-ins for the world, and what clients and agents say to it.
#pragma once

#include "daemon/loop.h"
#include "tests/daemon/fixtures.h"
#include "wire/spec/spec_codec.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sweepd::daemon::test {

struct LoopBench {
  std::vector<std::string> diary;
  MemoryJournal journal;
  FakeClock clock;
  FakeDoors doors;
  FakeTrees trees;
  FakeDisk disk;
  FakeBackups backups;
  FakeGc gc;
  Loop::Options options{{seconds(2), seconds(900)}, {"0.1", "/srv/state", 7, {}, "ok", {}}};
  std::unique_ptr<Loop> loop;
  std::uint64_t hellos = 0;
  std::uint64_t requests = 0;

  LoopBench() {
    journal.diary = &diary;
    doors.diary = &diary;
    start();
  }

  void start() {
    loop = std::make_unique<Loop>(
        Loop::Ports{journal, journal, clock, doors, trees, disk, backups, gc}, options);
    const auto started = loop->start();
    REQUIRE_MESSAGE(started.ok(), started.error().message);
  }

  // One turn; returns what it sent.
  std::vector<Outgoing> turn(Duration passed = milliseconds(1)) {
    clock.pass(passed);
    doors.sent.clear();
    diary.clear();
    const auto turned = loop->turn();
    REQUIRE_MESSAGE(turned.ok(), turned.error().message);
    return doors.sent;
  }

  void ask(pb::ClientRequest request, const std::string& peer = "c") {
    request.set_protocol(wire::kProtocolVersion);
    if (request.id_low() == 0) {
      request.set_id_low(++requests);
    }
    doors.incoming[wire::Door::kClient].push_back({peer, wire::encode(request)});
  }

  pb::ClientReply answer(pb::ClientRequest request) {
    ask(std::move(request));
    return client_reply(turn());
  }

  static pb::ClientReply client_reply(const std::vector<Outgoing>& sent) {
    for (const Outgoing& message : sent) {
      if (message.door == wire::Door::kClient) {
        pb::ClientReply reply;
        REQUIRE(wire::decode(message.bytes, 4 << 20, reply).ok());
        return reply;
      }
    }
    FAIL("no reply");
    return {};
  }

  static pb::ClientRequest submission(std::uint32_t trials = 4) {
    pb::ClientRequest request;
    *request.mutable_submit()->mutable_spec() = wire::to_proto(sample_spec(trials));
    request.mutable_submit()->set_user("ada");
    request.mutable_submit()->set_toml("# mine");
    return request;
  }

  static pb::ClientRequest control(const std::string& selector, pb::Verb verb) {
    pb::ClientRequest request;
    request.mutable_control()->set_selector(selector);
    request.mutable_control()->set_verb(verb);
    return request;
  }

  void tell(const pb::AgentMessage& message, const std::string& peer = "a") {
    doors.incoming[wire::Door::kControl].push_back({peer, wire::encode(message)});
  }

  static std::vector<pb::DaemonMessage> to_agents(const std::vector<Outgoing>& sent) {
    std::vector<pb::DaemonMessage> messages;
    for (const Outgoing& message : sent) {
      if (message.door == wire::Door::kControl) {
        messages.emplace_back();
        REQUIRE(wire::decode(message.bytes, 1 << 20, messages.back()).ok());
      }
    }
    return messages;
  }

  // An agent with CPU slots joins; returns its session.
  std::uint64_t join(std::uint32_t slots = 1, const std::string& name = "box") {
    pb::AgentMessage message;
    pb::Hello& hello = *message.mutable_hello();
    hello.set_protocol(wire::kProtocolVersion);
    hello.set_uuid("u-" + name);
    hello.set_name(name);
    hello.set_incarnation(1);
    hello.set_number(++hellos);
    for (std::uint32_t i = 0; i < slots; ++i) {
      hello.add_slots()->set_index(i);
      hello.mutable_slots(static_cast<int>(i))->set_kind(pb::CPU);
    }
    tell(message);
    for (const pb::DaemonMessage& reply : to_agents(turn())) {
      if (reply.has_hello_ok()) {
        return reply.session();
      }
    }
    FAIL("no welcome");
    return 0;
  }

  void report(std::uint64_t session, const AttemptKey& key, std::uint64_t seq, double loss) {
    pb::AgentMessage message;
    message.set_session(session);
    *message.mutable_reports()->mutable_attempt() = wire::to_proto(key);
    pb::Report& one = *message.mutable_reports()->add_reports();
    one.set_seq(seq);
    one.add_metrics()->set_name("loss");
    one.mutable_metrics(0)->set_value(loss);
    tell(message);
  }

  void end(std::uint64_t session,
           const AttemptKey& key,
           std::uint64_t reports,
           const std::string& tree = {}) {
    pb::AgentMessage message;
    message.set_session(session);
    pb::AttemptEnded& ended = *message.mutable_ended();
    *ended.mutable_attempt() = wire::to_proto(key);
    ended.set_reports_last(reports);
    ended.set_started(true);
    ended.set_tree_digest(tree);
    tell(message);
  }
};

inline std::size_t count_starts(const std::vector<pb::DaemonMessage>& messages) {
  return static_cast<std::size_t>(std::count_if(
      messages.begin(), messages.end(), [](const auto& message) { return message.has_start(); }));
}

}  // namespace sweepd::daemon::test
