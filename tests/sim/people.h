// The people and their command lines: they submit, pause, kill and retry, and ask again until they
// are answered.
#pragma once

#include "tests/sim/messages.h"
#include "tests/sim/network.h"
#include "tests/sim/world.h"

#include <map>
#include <optional>
#include <vector>

namespace sweepd::sim {

class People {
 public:
  People(World& world, Network& network);

  void start();
  void receive(const core::Answer& answer);

  // The faults are over: whatever is paused shall go on.
  void resume_everything();

  bool all_submissions_answered() const;

 private:
  void submit(std::size_t index);
  void control(const ControlPlan& plan);
  void control(const std::string& agent, core::AgentVerb verb);
  void remove(std::size_t index);
  void ask(const FromClient& question);
  void ask_once_more(const FromClient& question);
  void ask_something_else(const FromClient& question);
  RequestId fresh_request();

  World& world_;
  Network& network_;
  std::map<RequestId, std::size_t> submissions_;  // by request
  std::vector<std::optional<SweepId>> sweeps_;    // by submission, once answered
  std::map<RequestId, FromClient> unanswered_;
};

}  // namespace sweepd::sim
