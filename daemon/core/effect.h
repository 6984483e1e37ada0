// Everything the core may ask of the world. Performed after the commit, safe to perform twice.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "daemon/core/reason.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sweepd::core {

struct StartAttempt {
  AgentId agent;
  AttemptKey attempt;

  bool operator==(const StartAttempt&) const = default;
};

struct StopAttempt {
  AgentId agent;
  AttemptKey attempt;
  Reason reason;
  Duration grace;

  bool operator==(const StopAttempt&) const = default;
};

struct AckReports {
  AgentId agent;
  AttemptKey attempt;
  std::uint64_t seq = 0;  // reports 1..seq are stored
  bool fenced = false;    // nothing of this attempt is taken any more

  bool operator==(const AckReports&) const = default;
};

struct AckEnded {
  AgentId agent;
  AttemptKey attempt;

  bool operator==(const AckEnded&) const = default;
};

// The answer to AgentJoined: the agent is registered under this number.
struct WelcomeAgent {
  AgentId agent;
  std::string uuid;
  std::vector<AttemptKey> kill;
  std::vector<AckReports> reports;

  bool operator==(const WelcomeAgent&) const = default;
};

// Asks for the next `count` proposals, beginning with trial `first`.
struct Suggest {
  SweepId sweep;
  TrialNumber first;
  std::uint32_t count = 0;

  bool operator==(const Suggest&) const = default;
};

struct SubmitAnswer {
  SweepId sweep;
  bool again = false;

  bool operator==(const SubmitAnswer&) const = default;
};

struct ControlAnswer {
  SweepId sweep;
  std::vector<TrialNumber> trials;

  bool operator==(const ControlAnswer&) const = default;
};

struct AgentAnswer {
  AgentId agent;

  bool operator==(const AgentAnswer&) const = default;
};

struct ModelAnswer {
  std::string model;
  std::uint32_t version = 0;

  bool operator==(const ModelAnswer&) const = default;
};

struct RemovalAnswer {
  SweepId sweep;
  std::uint32_t trials = 0;  // that went with it

  bool operator==(const RemovalAnswer&) const = default;
};

// The answer to a client's change.
struct Answer {
  RequestId request;
  std::variant<SubmitAnswer, ControlAnswer, ModelAnswer, AgentAnswer, RemovalAnswer, Error> body;

  bool operator==(const Answer&) const = default;
};

using Effect =
    std::variant<StartAttempt, StopAttempt, AckReports, AckEnded, WelcomeAgent, Suggest, Answer>;

}  // namespace sweepd::core
