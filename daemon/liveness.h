// Who has been heard of lately: pure, told the time.
#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "daemon/core/event.h"
#include "daemon/core/state.h"

#include <map>
#include <optional>
#include <vector>

namespace sweepd::daemon {

struct LivenessRules {
  Duration heartbeat = seconds(2);    // agents speak at least so often
  Duration lease = seconds(15 * 60);  // an agent runs its attempts for so long without an answer
};

// Nothing runs any more under a lease of which nothing was heard for so long. The agent counts its
// lease from when it sent its heartbeat, we from when it arrived, so ours is longer already; the
// margin covers clocks that run at different speeds and an agent that is slow to act.
Duration lease_with_margin(Duration lease);

class Liveness {
 public:
  explicit Liveness(const LivenessRules& rules) : rules_(rules) {}

  // The daemon begins to listen (again): every agent that is not lost has its full lease to speak
  // up.
  void restart(const core::State& state, Instant now);

  // Until then an agent may have a longer lease, from a daemon before this one: none is lost.
  void older_leases_until(Instant end) { older_over_ = end; }

  void heard(AgentId agent, Instant now);

  void forget(AgentId agent) { agents_.erase(agent); }

  // Agents that have fallen silent since the last call: suspected after three heartbeats, lost when
  // their lease has surely ended on their own clock too.
  std::vector<core::EventBody> due(Instant now);

  std::optional<Instant> last_heard(AgentId agent) const;

 private:
  struct Watched {
    Instant heard;
    bool suspected = false;
  };

  LivenessRules rules_;
  Instant older_over_;
  std::map<AgentId, Watched> agents_;
};

}  // namespace sweepd::daemon
