// A gateway with a core behind it, and what an agent says to it.
#pragma once

#include "daemon/agent_gateway.h"
#include "daemon/core/step.h"
#include "daemon/suggester.h"
#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::daemon::gateway_bench {

using test::FakeTrees;
using test::sample_spec;

[[maybe_unused]] inline auto* const kQuiet = google::protobuf::SetLogHandler(nullptr);

inline const LivenessRules kRules{seconds(2), seconds(900)};
inline constexpr std::uint64_t kTerm = 5;

inline pb::DaemonMessage read_reply(const std::optional<Outgoing>& message,
                                    const std::string& peer) {
  REQUIRE(message.has_value());
  CHECK(message->door == wire::Door::kControl);
  CHECK(message->peer == peer);
  pb::DaemonMessage reply;
  REQUIRE(wire::decode(message->bytes, 1 << 20, reply).ok());
  CHECK(reply.term() == kTerm);
  return reply;
}

// A gateway with a core behind it.
struct Conversation {
  FakeTrees trees;
  AgentGateway gateway{kTerm, kRules, trees};
  core::State state;
  std::uint64_t hellos = 0;

  // Decides on an event and returns its effects.
  std::vector<core::Effect> decide(const core::EventBody& event) {
    std::vector<core::Effect> effects;
    std::vector<core::EventBody> events = {event};
    while (!events.empty()) {
      const core::EventBody body = events.back();
      events.pop_back();
      for (core::Effect& effect : core::step(state, {{}, body}).effects) {
        if (const auto* wanted = std::get_if<core::Suggest>(&effect)) {
          events.emplace_back(Suggester().suggest(state, *wanted));
        } else {
          effects.push_back(std::move(effect));
        }
      }
    }
    return effects;
  }

  AgentHeard say(const std::string& peer, const pb::AgentMessage& message) {
    return gateway.read(state, {peer, wire::encode(message)});
  }

  pb::AgentMessage hello(std::uint32_t slots = 1) {
    pb::AgentMessage message;
    pb::Hello& body = *message.mutable_hello();
    body.set_incarnation(1);
    body.set_number(++hellos);
    body.set_protocol(wire::kProtocolVersion);
    body.set_uuid("u-1");
    body.set_name("box");
    body.set_boot_id("boot");
    for (std::uint32_t i = 0; i < slots; ++i) {
      pb::Slot& slot = *body.add_slots();
      slot.set_index(i);
      slot.set_kind(pb::CPU);
    }
    return message;
  }

  // Says Hello from `peer` and returns the session's number.
  std::uint64_t join(const std::string& peer, std::uint32_t slots = 1) {
    const AgentHeard heard = say(peer, hello(slots));
    REQUIRE(heard.event.has_value());
    CHECK_FALSE(heard.reply.has_value());
    for (const core::Effect& effect : decide(*heard.event)) {
      if (const auto* welcome = std::get_if<core::WelcomeAgent>(&effect)) {
        const pb::DaemonMessage reply = read_reply(gateway.perform(*welcome), peer);
        REQUIRE(reply.has_hello_ok());
        CHECK(reply.hello_ok().hello() == hellos);
        CHECK(reply.hello_ok().heartbeat_ms() == 2000);
        CHECK(reply.hello_ok().lease_ms() == 900'000);
        return reply.session();
      }
    }
    FAIL("no welcome");
    return 0;
  }

  AttemptKey start_one(const sweeps::SweepSpec& spec = sample_spec(1)) {
    for (const core::Effect& effect :
         decide(core::SweepSubmitted{{1, 1}, spec, "", "", "", false})) {
      if (const auto* start = std::get_if<core::StartAttempt>(&effect)) {
        return start->attempt;
      }
    }
    FAIL("nothing started");
    return {};
  }
};

inline pb::AgentMessage heartbeat(std::uint64_t session, std::uint64_t number) {
  pb::AgentMessage message;
  message.set_session(session);
  message.mutable_heartbeat()->set_number(number);
  return message;
}

inline void hold(pb::AgentMessage& message, const AttemptKey& key, pb::Phase phase) {
  pb::HeldAttempt& held = *message.mutable_heartbeat()->add_held();
  *held.mutable_attempt() = wire::to_proto(key);
  held.set_phase(phase);
}

}  // namespace sweepd::daemon::gateway_bench
