// A session of an agent on its own: a clock, what it hears, and what it says and orders.
#pragma once

#include "agent/session.h"
#include "wire/protocol.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

namespace sweepd::agent::test {

constexpr AttemptKey kFirst{{1}, {1}, {1}};
constexpr AttemptKey kSecond{{1}, {2}, {1}};
constexpr std::uint64_t kSession = 7;

inline pb::DaemonMessage from_daemon(std::uint64_t session = kSession, std::uint64_t term = 1) {
  pb::DaemonMessage message;
  message.set_session(session);
  message.set_term(term);
  return message;
}

inline pb::DaemonMessage start_of(const AttemptKey& key) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_start()->mutable_attempt() = wire::to_proto(key);
  message.mutable_start()->add_slots(0);
  return message;
}

inline pb::DaemonMessage stop_of(const AttemptKey& key, std::uint64_t grace_ms = 5000) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_stop()->mutable_attempt() = wire::to_proto(key);
  message.mutable_stop()->set_grace_ms(grace_ms);
  return message;
}

inline pb::DaemonMessage outputs_missing(const AttemptKey& key) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_outputs_missing()->mutable_attempt() = wire::to_proto(key);
  return message;
}

inline pb::DaemonMessage reports_ack(const AttemptKey& key,
                                     std::uint64_t seq,
                                     bool fenced = false) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_reports_ack()->mutable_attempt() = wire::to_proto(key);
  message.mutable_reports_ack()->set_seq(seq);
  message.mutable_reports_ack()->set_fenced(fenced);
  return message;
}

inline pb::DaemonMessage ended_ack(const AttemptKey& key) {
  pb::DaemonMessage message = from_daemon();
  *message.mutable_ended_ack()->mutable_attempt() = wire::to_proto(key);
  return message;
}

inline pb::AttemptEnded end_of(const AttemptKey& key) {
  pb::AttemptEnded end;
  *end.mutable_attempt() = wire::to_proto(key);
  end.set_started(true);
  return end;
}

// A session with a clock, and what it said and ordered since it was last asked.
struct Bench {
  explicit Bench(const Remembered& remembered = {})
      : session({"uuid", "a", "boot", "0", 1, {}, 2, 1024}, {}, remembered) {}

  void tick(Duration span = {}) {
    now = now + span;
    session.tick(now);
    messages = session.take_messages();
    commands = session.take_commands();
    for (const pb::AgentMessage& message : messages) {
      hello_number = message.has_hello() ? message.hello().number() : hello_number;
    }
  }

  // Answers the last Hello.
  pb::DaemonMessage hello_ok(std::uint64_t session_number = kSession,
                             std::uint64_t term = 1,
                             std::uint32_t heartbeat_ms = 2000,
                             std::uint64_t lease_ms = 60'000) const {
    pb::DaemonMessage message = from_daemon(session_number, term);
    message.mutable_hello_ok()->set_heartbeat_ms(heartbeat_ms);
    message.mutable_hello_ok()->set_lease_ms(lease_ms);
    message.mutable_hello_ok()->set_hello(hello_number);
    return message;
  }

  void hear(const pb::DaemonMessage& message) {
    session.receive(now, message);
    tick();
  }

  void register_agent(std::uint32_t heartbeat_ms = 2000, std::uint64_t lease_ms = 60'000) {
    tick();
    hear(hello_ok(kSession, 1, heartbeat_ms, lease_ms));
  }

  void report(const AttemptKey& key, int count) {
    for (int i = 0; i < count; ++i) {
      pb::Report report;
      pb::Metric& metric = *report.add_metrics();
      metric.set_name("loss");
      metric.set_value(1);
      session.reported(key, report);
    }
  }

  template <typename Wanted>
  std::vector<Wanted> ordered() const {
    std::vector<Wanted> out;
    for (const Command& command : commands) {
      if (const auto* wanted = std::get_if<Wanted>(&command)) {
        out.push_back(*wanted);
      }
    }
    return out;
  }

  std::vector<std::uint64_t> reported_seqs() const {
    std::vector<std::uint64_t> out;
    for (const pb::AgentMessage& message : messages) {
      for (const pb::Report& report : message.reports().reports()) {
        out.push_back(report.seq());
      }
    }
    return out;
  }

  int count(pb::AgentMessage::BodyCase body) const {
    int found = 0;
    for (const pb::AgentMessage& message : messages) {
      found += message.body_case() == body ? 1 : 0;
    }
    return found;
  }

  const pb::Heartbeat* heartbeat() const {
    for (const pb::AgentMessage& message : messages) {
      if (message.has_heartbeat()) {
        return &message.heartbeat();
      }
    }
    return nullptr;
  }

  Session session;
  Instant now{1'000'000'000};
  std::uint64_t hello_number = 0;
  std::vector<pb::AgentMessage> messages;
  std::vector<Command> commands;
};

}  // namespace sweepd::agent::test
