// People whose command lines speak the protocol.
#pragma once

#include "tests/sim/world.h"
#include "wire/sweepd.pb.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::sim {

class RealPeople {
 public:
  using Send = std::function<void(std::string bytes)>;

  RealPeople(World& world, Send send)
      : world_(world), send_(std::move(send)), sweeps_(world.scenario.submissions.size()) {}

  void start();
  void arrive(const std::string& bytes);
  void resume_everything();
  bool all_submissions_answered() const;

 private:
  void submit(std::size_t index);
  void control(const std::string& selector, core::ControlVerb verb);
  void remove(std::size_t index);
  void control_agent(const std::string& selector, core::AgentVerb verb);
  void ask(const pb::ClientRequest& request);
  void ask_once_more(const pb::ClientRequest& request);
  void ask_something_else(const pb::ClientRequest& request);
  pb::ClientRequest fresh_request();

  World& world_;
  Send send_;
  std::map<RequestId, std::size_t> submissions_;
  std::vector<std::optional<std::uint64_t>> sweeps_;
  std::map<RequestId, pb::ClientRequest> unanswered_;
};

}  // namespace sweepd::sim
