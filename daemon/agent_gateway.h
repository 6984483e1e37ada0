// The daemon's side of its conversations with agents: sessions, and messages to and from the core's
// language.
#pragma once

#include "daemon/core/effect.h"
#include "daemon/core/event.h"
#include "daemon/core/state.h"
#include "daemon/liveness.h"
#include "daemon/ports.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::daemon {

// What came of one message.
struct AgentHeard {
  std::optional<core::EventBody> event;  // to decide on
  std::optional<AgentId> agent;          // who spoke, if it is known
  std::optional<Outgoing> reply;         // needs no decision
};

// What a start of the daemon found, and what it begins with.
struct Beginning {
  std::uint32_t restores = 0;  // of the state
  std::uint64_t stored = 0;    // the place of the store
  Instant leases_over;         // no lease of before the start holds any more
  // Numbers of sessions go on from here. Drawn, because the term of a store that went back may have
  // been another daemon's: its sessions must be nobody's here.
  std::uint32_t session = 0;
};

class AgentGateway {
 public:
  // term: of this daemon; goes out with every message, and is half of every session's number
  AgentGateway(std::uint64_t term, const LivenessRules& rules, TreeIndex& trees)
      : term_(term), rules_(rules), trees_(trees) {}

  // Before anything is read.
  void begin(const Beginning& beginning);

  // All up to that place of the store is on disk: from now on agents are told so.
  void set_stored(std::uint64_t place) { stored_ = place; }

  // The largest term of which an agent has obeyed a daemon, when that is larger than this one's:
  // there is a newer store than ours.
  std::optional<std::uint64_t> newer_term() const { return newer_term_; }

  // Total: garbage is dropped with a line in the log.
  AgentHeard read(const core::State& state, const wire::Incoming& message);

  // The message that an effect asks for; nothing when its agent is not connected or it has become
  // pointless.
  std::optional<Outgoing> perform(const core::State& state, const core::StartAttempt& effect);
  std::optional<Outgoing> perform(const core::StopAttempt& effect);
  std::optional<Outgoing> perform(const core::AckReports& effect);
  std::optional<Outgoing> perform(const core::AckEnded& effect);
  // Opens the session that the agent's Hello asked for.
  std::optional<Outgoing> perform(const core::WelcomeAgent& effect);

  // Attempts that can never be started, found out while writing the order.
  std::vector<core::EventBody> take_failures() { return std::exchange(failures_, {}); }

  // Ends the agent's session: it has to say Hello again.
  void drop(AgentId agent);
  // Ends the sessions of agents that the state does not know, and forgets unanswered Hellos.
  void keep_known(const core::State& state);

 private:
  struct Session {
    std::uint64_t id = 0;
    std::string peer;  // where it was last heard from
    std::uint64_t heartbeat_last = 0;
  };

  Session* find(std::uint64_t session, AgentId& agent);
  bool lacks_outputs(const core::State& state, const core::AttemptEnded& ended);
  bool lacks_model(const core::State& state, const core::AttemptEnded& ended);
  AgentHeard read_hello(const core::State& state,
                        const wire::Incoming& message,
                        const pb::Hello& hello);
  std::optional<std::string> refusal_of(const pb::Hello& hello);
  AgentHeard read_heartbeat(const core::State& state,
                            AgentId agent,
                            Session& session,
                            const pb::Heartbeat& heartbeat);
  std::optional<Outgoing> to_agent(AgentId agent, pb::DaemonMessage message) const;
  Outgoing to_peer(const std::string& peer, pb::DaemonMessage message) const;

  std::uint64_t term_;
  LivenessRules rules_;
  TreeIndex& trees_;
  Beginning beginning_;
  std::uint64_t stored_ = 0;
  std::optional<std::uint64_t> newer_term_;
  std::uint32_t session_last_ = 0;
  std::map<AgentId, Session> sessions_;
  std::map<std::uint64_t, AgentId> by_session_;

  // The newest Hello of an agent, by its uuid. An older one may still be read: it came through a
  // connection that has broken since, and tells an old story.
  struct Greeting {
    std::uint64_t incarnation = 0;
    std::uint64_t number = 0;
    std::string peer;
    std::uint32_t unanswered = 0;  // it, and those before it that were taken with it
    bool welcomed = false;  // since the start: what it knows of the store it may have from here
  };

  std::map<std::string, Greeting> hellos_;
  std::vector<core::EventBody> failures_;
};

}  // namespace sweepd::daemon
