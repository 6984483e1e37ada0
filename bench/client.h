// A client and an agent of the daemon, as small as the protocol allows.
#pragma once

#include "wire/socket.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace sweepd::bench {

// Asks and waits for the answer; asks again when none comes.
class Client {
 public:
  explicit Client(const std::string& server);

  pb::ClientReply ask(pb::ClientRequest request);

  // Submits a sweep of `trials` trials over one parameter; returns its number.
  //   policy: 0 none, or a bandit that stops whatever is twice as bad as the best
  struct Sweep {
    std::uint32_t trials = 0;
    bool bandit = false;
    std::vector<std::string> command = {"/bin/true"};
  };

  std::uint64_t submit(const Sweep& sweep);

  // Waits until the sweep is over.
  void wait(std::uint64_t sweep);

 private:
  wire::Context context_;
  wire::Dealer dealer_;
  std::uint64_t requests_ = 0;
};

// An agent without workers: it says Hello, lists what it holds and leaves the rest to its owner.
class ZeroAgent {
 public:
  ZeroAgent(const std::string& server, std::uint32_t slots);

  // The next message that is not part of the session's own upkeep; waits for it.
  pb::DaemonMessage receive();
  void send(pb::AgentMessage message);

  // Sends the end of an attempt with exit code 0.
  void end(const pb::Attempt& attempt, std::uint64_t reports_last);

  // Sends consecutive reports of `metric`, numbered from `first`.
  struct Reports {
    std::uint64_t first = 1;
    std::vector<double> values;
  };

  void report(const pb::Attempt& attempt, const Reports& reports);

 private:
  void hello();
  void heartbeat_if_due();

  wire::Context context_;
  wire::Dealer dealer_;
  std::uint32_t slots_ = 0;
  std::uint64_t session_ = 0;
  std::uint64_t heartbeats_ = 0;
  std::int64_t next_heartbeat_us_ = 0;
  std::vector<pb::HeldAttempt> held_;
};

std::int64_t now_us();  // monotonic

}  // namespace sweepd::bench
