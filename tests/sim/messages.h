// What daemon, agents and clients of the simulated world say to each other: the messages of
// wire/sweepd.proto that matter to decisions, as plain data.
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "daemon/core/effect.h"
#include "daemon/core/event.h"
#include "tests/sim/scenario.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sweepd::sim {

using BoxIndex = std::size_t;
using ClientIndex = std::size_t;

// ---- agent -> daemon

// Both numbers together grow with every Hello of a box, so that an overtaken one is recognised.
struct HelloNumber {
  std::uint64_t incarnation = 0;
  std::uint64_t count = 0;

  auto operator<=>(const HelloNumber&) const = default;
};

struct Hello {
  HelloNumber number;
  std::string uuid;
  std::string boot_id;
  std::string version;
  std::vector<core::SlotOffer> slots;
  std::vector<core::HeldAttempt> held;
};

struct Heartbeat {
  std::uint64_t number = 0;
  std::vector<core::HeldAttempt> held;
};

struct ReportBatch {
  AttemptKey attempt;
  std::vector<core::Report> reports;
};

struct Ended {
  AttemptKey attempt;
  std::uint64_t reports_last = 0;
  core::AttemptOutcome outcome;
};

struct Goodbye {};

struct ToDaemon {
  BoxIndex box = 0;
  std::uint64_t session = 0;
  std::variant<Hello, Heartbeat, ReportBatch, Ended, Goodbye> body;
};

// ---- daemon -> agent

struct HelloOk {
  HelloNumber number;  // of the Hello it answers
  std::vector<AttemptKey> kill;
  std::vector<core::AckReports> reports;
};

struct WhoAreYou {};

struct HeartbeatAck {
  std::uint64_t number = 0;
};

struct Start {
  AttemptKey attempt;
  std::vector<std::uint32_t> slots;
  Duration trial_time;  // 0: no limit
  Program program;      // stands for the command line
};

struct Stop {
  AttemptKey attempt;
};

struct ReportsAck {
  AttemptKey attempt;
  std::uint64_t seq = 0;
  bool fenced = false;
};

struct EndedAck {
  AttemptKey attempt;
};

struct ToAgent {
  std::uint64_t session = 0;
  std::variant<HelloOk, WhoAreYou, HeartbeatAck, Start, Stop, ReportsAck, EndedAck> body;
};

// ---- client -> daemon; the answer is the core's own effect

struct FromClient {
  ClientIndex client = 0;
  std::variant<core::SweepSubmitted,
               core::ControlRequested,
               core::AgentControlRequested,
               core::RemovalRequested>
      body;

  const RequestId& request() const {
    return std::visit([](const auto& event) -> const RequestId& { return event.request; }, body);
  }
};

}  // namespace sweepd::sim
