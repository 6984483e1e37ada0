// The line from a shim to its agent: whoever connected last is the agent, and hears all that was
// said of the attempt.
#pragma once

#include "agent/shim/protocol.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::agent::shim {

class AgentLine {
 public:
  //   cage: how the shim keeps its processes together, for the agent to know
  AgentLine(int listening, std::string_view cage);

  ~AgentLine();
  AgentLine(const AgentLine&) = delete;
  AgentLine& operator=(const AgentLine&) = delete;

  // ---- for poll

  int listening() const { return listening_; }

  int connection() const { return connection_; }

  bool wants_to_write() const { return !unsaid_.empty(); }

  // ---- the agent

  bool connected() const { return connection_ >= 0; }

  // Takes an agent that knocks, in the place of the one before: of that one nothing can come any
  // more, or it would not have been followed by another.
  void accept();

  // The next order; kGone once when the agent has gone.
  Received receive(ReceivedOrder& order);

  // ---- what is said

  // From here on it is about this attempt; what was said of the one before is forgotten.
  void begin(const shimpb::Run& run);

  // In order, and none is lost: an agent that does not listen for a while, or the next one, hears
  // it later.
  void say(const shimpb::Notice& notice);
  void say_on();

  // There is no agent, and the shim is about to end: puts what was said of the attempt into a file
  // for the next one. Nothing is written when the agent has cleared away the attempt's files.
  void leave_farewell() const;

 private:
  int listening_;
  int connection_ = -1;
  shimpb::Greeting greeting_;
  std::string farewell_path_;
  std::string spool_path_;
  std::vector<shimpb::Notice> said_;   // of the attempt
  std::deque<shimpb::Notice> unsaid_;  // to this agent
};

}  // namespace sweepd::agent::shim
