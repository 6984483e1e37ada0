// The daemon's side of its conversations with agents.
#include "daemon/agent_gateway.h"

#include "base/limits.h"
#include "base/log.h"
#include "daemon/agent_messages.h"
#include "daemon/core/view.h"
#include "wire/protocol.h"
#include "wire/store_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace sweepd::daemon {

namespace {

bool says_something_new(const core::State& state, AgentId agent, const core::HeldAttempt& held) {
  const core::Attempt* attempt = core::current_attempt(state, held.attempt, agent);
  if (attempt == nullptr) {
    return held.phase != core::Phase::kEnded;
  }
  return static_cast<int>(attempt->state) < static_cast<int>(core::state_for(held.phase));
}

// Whether the agent does not hold an attempt that it was seen to hold.
bool misses_one(const core::State& state,
                AgentId agent,
                const std::vector<core::HeldAttempt>& held) {
  const auto expected = state.held.find(agent);
  if (expected == state.held.end() || expected->second.empty()) {
    return false;
  }
  std::set<AttemptKey> stated;
  for (const core::HeldAttempt& attempt : held) {
    stated.insert(attempt.attempt);
  }
  return std::any_of(expected->second.begin(), expected->second.end(), [&](const AttemptKey& key) {
    const core::Attempt* attempt = core::find_attempt(state, key);
    const bool seen = attempt != nullptr && attempt->state != core::AttemptState::kAssigned;
    return seen && !attempt->stop && !stated.contains(key);
  });
}

bool news(const core::State& state, AgentId id, const std::vector<core::HeldAttempt>& held) {
  const auto agent = state.agents.find(id);
  const bool silent =
      agent != state.agents.end() && agent->second.state != core::AgentState::kConnected;
  const auto is_new = [&](const core::HeldAttempt& one) {
    return says_something_new(state, id, one);
  };
  return silent || std::any_of(held.begin(), held.end(), is_new) || misses_one(state, id, held);
}

pb::DaemonMessage rejection() {
  pb::DaemonMessage message;
  pb::HelloRejected& rejected = *message.mutable_hello_rejected();
  rejected.set_protocol_min(wire::kProtocolVersion);
  rejected.set_protocol_max(wire::kProtocolVersion);
  return message;
}

pb::DaemonMessage outputs_missing(const AttemptKey& attempt) {
  pb::DaemonMessage message;
  *message.mutable_outputs_missing()->mutable_attempt() = wire::to_proto(attempt);
  return message;
}

void put(pb::ReportsAck& ack, const core::AckReports& effect) {
  *ack.mutable_attempt() = wire::to_proto(effect.attempt);
  ack.set_seq(effect.seq);
  ack.set_fenced(effect.fenced);
}

AgentHeard dropped(const Error& error) {
  log_warn("dropped a message of an agent: {}", error.message);
  return {};
}

}  // namespace

void AgentGateway::begin(const Beginning& beginning) {
  beginning_ = beginning;
  stored_ = beginning.stored;
  session_last_ = beginning.session;
}

Outgoing AgentGateway::to_peer(const std::string& peer, pb::DaemonMessage message) const {
  message.set_term(term_);
  return {wire::Door::kControl, peer, wire::encode(message)};
}

std::optional<Outgoing> AgentGateway::to_agent(AgentId agent, pb::DaemonMessage message) const {
  const auto session = sessions_.find(agent);
  if (session == sessions_.end()) {
    return std::nullopt;
  }
  message.set_session(session->second.id);
  return to_peer(session->second.peer, std::move(message));
}

AgentGateway::Session* AgentGateway::find(std::uint64_t session, AgentId& agent) {
  const auto found = by_session_.find(session);
  if (found == by_session_.end()) {
    return nullptr;
  }
  agent = found->second;
  return &sessions_.at(agent);
}

AgentHeard AgentGateway::read(const core::State& state, const wire::Incoming& incoming) {
  pb::AgentMessage message;
  if (auto read = wire::decode(incoming.bytes, limits::kControlMessageBytesMax, message);
      !read.ok()) {
    return dropped(read.error());
  }
  if (message.body_case() == pb::AgentMessage::kHello) {
    return read_hello(state, incoming, message.hello());
  }
  AgentId agent;
  Session* session = find(message.session(), agent);
  if (session == nullptr) {
    pb::DaemonMessage question;
    question.set_session(message.session());
    question.mutable_who_are_you();
    return {std::nullopt, std::nullopt, to_peer(incoming.peer, std::move(question))};
  }
  // A connection that broke and came back has a new routing id and the same session.
  session->peer = incoming.peer;
  AgentHeard heard{std::nullopt, agent, std::nullopt};
  switch (message.body_case()) {
    case pb::AgentMessage::kHeartbeat:
      return read_heartbeat(state, agent, *session, message.heartbeat());
    case pb::AgentMessage::kReports: {
      auto event = reports_from(message.reports(), agent);
      if (!event.ok()) {
        return dropped(event.error());
      }
      heard.event = *std::move(event);
      return heard;
    }
    case pb::AgentMessage::kEnded: {
      auto event = ended_from(message.ended(), agent);
      if (!event.ok()) {
        return dropped(event.error());
      }
      if (lacks_outputs(state, *event)) {
        log_warn("attempt={} its end names files that are not here: they are sent again",
                 to_string(event->attempt));
        heard.reply = to_agent(agent, outputs_missing(event->attempt));
        return heard;
      }
      event->outcome.model_missing = lacks_model(state, *event);
      heard.event = *std::move(event);
      return heard;
    }
    case pb::AgentMessage::kGoodbye:
      heard.event = core::AgentLost{agent, true};
      return heard;
    case pb::AgentMessage::kHello:
    case pb::AgentMessage::BODY_NOT_SET:
      return heard;
  }
  return heard;
}

// What an agent was told is here may have been deleted since, or be lost with an older store.
bool AgentGateway::lacks_outputs(const core::State& state, const core::AttemptEnded& ended) {
  const std::string& digest = ended.outcome.tree_digest;
  return !digest.empty() && core::current_attempt(state, ended.attempt, ended.agent) != nullptr &&
         !trees_.has_tree(digest);
}

// The core cannot look into trees, and has to know when the sweep ends and registers a model.
bool AgentGateway::lacks_model(const core::State& state, const core::AttemptEnded& ended) {
  const core::Attempt* attempt = core::current_attempt(state, ended.attempt, ended.agent);
  if (attempt == nullptr || ended.outcome.tree_digest.empty()) {
    return false;
  }
  const sweeps::RegisterSpec& wanted = state.sweeps.at(ended.attempt.sweep).spec.registration;
  if (wanted.model.empty() || wanted.path.empty()) {
    return false;
  }
  return !trees_.names(ended.outcome.tree_digest, wanted.path).value_or(true);
}

// Why the agent may not work for this daemon, in a sentence; empty when it may.
std::optional<std::string> AgentGateway::refusal_of(const pb::Hello& hello) {
  if (hello.protocol() != wire::kProtocolVersion) {
    return fmt::format(
        "agent {} speaks protocol {}, this daemon speaks {}: install the same "
        "version on both",
        hello.name(),
        hello.protocol(),
        wire::kProtocolVersion);
  }
  if (hello.term_seen() > term_) {
    newer_term_ = std::max(newer_term_.value_or(0), hello.term_seen());
    return fmt::format(
        "agent {} has obeyed a daemon of term {}, this one is of term {}: its "
        "state folder is older than the agent's",
        hello.name(),
        hello.term_seen(),
        term_);
  }
  return std::nullopt;
}

AgentHeard AgentGateway::read_hello(const core::State& state,
                                    const wire::Incoming& incoming,
                                    const pb::Hello& hello) {
  const auto refuse = [&](std::string sentence) -> AgentHeard {
    log_warn("refused an agent: {}", sentence);
    pb::DaemonMessage message = rejection();
    message.mutable_hello_rejected()->set_sentence(std::move(sentence));
    return {std::nullopt, std::nullopt, to_peer(incoming.peer, std::move(message))};
  };
  if (std::optional<std::string> refusal = refusal_of(hello)) {
    return refuse(*std::move(refusal));
  }
  auto joined = joined_from(hello);
  if (!joined.ok()) {
    return refuse(fmt::format("the agent sent {}", joined.error().message));
  }
  Greeting& newest = hellos_[joined->uuid];
  if (std::pair(hello.incarnation(), hello.number()) <=
      std::pair(newest.incarnation, newest.number)) {
    return dropped({Errc::kInvalidArgument, fmt::format("{}: a Hello of the past", hello.name())});
  }
  newest = {
      hello.incarnation(), hello.number(), incoming.peer, newest.unanswered + 1, newest.welcomed};
  // By its first Hello only: an agent that brings attempts of another daemon knows this store, too,
  // by its second.
  joined->knows_store =
      !newest.welcomed && wire::same_store(hello.stored_seen(), beginning_.stored);
  // One loss is told once, whoever knows of it.
  if (!newest.welcomed && state.restores == beginning_.restores) {
    joined->records_lost = wire::records_missing(hello.stored_seen(), beginning_.stored);
  }
  joined->leases_over = beginning_.leases_over;
  return {*std::move(joined), std::nullopt, std::nullopt};
}

AgentHeard AgentGateway::read_heartbeat(const core::State& state,
                                        AgentId agent,
                                        Session& session,
                                        const pb::Heartbeat& heartbeat) {
  // One that was overtaken would extend the lease from too late a moment and tell an old story.
  if (heartbeat.number() <= session.heartbeat_last) {
    return {std::nullopt, agent, std::nullopt};
  }
  auto held = held_from(heartbeat.held());
  if (!held.ok()) {
    return dropped(held.error());
  }
  session.heartbeat_last = heartbeat.number();
  pb::DaemonMessage ack;
  ack.mutable_heartbeat_ack()->set_number(heartbeat.number());
  ack.mutable_heartbeat_ack()->set_stored(stored_);
  AgentHeard heard{std::nullopt, agent, to_agent(agent, std::move(ack))};
  if (news(state, agent, *held)) {
    heard.event = core::AttemptsHeld{agent, *std::move(held)};
  }
  return heard;
}

std::optional<Outgoing> AgentGateway::perform(const core::State& state,
                                              const core::StartAttempt& effect) {
  const core::Attempt* attempt = core::current_attempt(state, effect.attempt, effect.agent);
  if (attempt == nullptr || attempt->stop || !sessions_.contains(effect.agent)) {
    return std::nullopt;
  }
  const core::Sweep& sweep = state.sweeps.at(effect.attempt.sweep);
  auto start = start_message({sweep, sweep.trial(effect.attempt.trial), *attempt, rules_.lease});
  if (!start.ok()) {
    core::AttemptEnded failure{effect.agent, effect.attempt, 0, {}};
    failure.outcome.started = false;
    failure.outcome.failure = {core::ReasonCode::kPrepareError, start.error().message};
    failures_.emplace_back(std::move(failure));
    return std::nullopt;
  }
  pb::DaemonMessage message;
  *message.mutable_start() = *std::move(start);
  return to_agent(effect.agent, std::move(message));
}

std::optional<Outgoing> AgentGateway::perform(const core::StopAttempt& effect) {
  pb::DaemonMessage message;
  pb::StopAttempt& stop = *message.mutable_stop();
  *stop.mutable_attempt() = wire::to_proto(effect.attempt);
  *stop.mutable_reason() = to_proto(effect.reason);
  stop.set_grace_ms(whole_ms(effect.grace));
  return to_agent(effect.agent, std::move(message));
}

std::optional<Outgoing> AgentGateway::perform(const core::AckReports& effect) {
  pb::DaemonMessage message;
  put(*message.mutable_reports_ack(), effect);
  return to_agent(effect.agent, std::move(message));
}

std::optional<Outgoing> AgentGateway::perform(const core::AckEnded& effect) {
  pb::DaemonMessage message;
  *message.mutable_ended_ack()->mutable_attempt() = wire::to_proto(effect.attempt);
  return to_agent(effect.agent, std::move(message));
}

std::optional<Outgoing> AgentGateway::perform(const core::WelcomeAgent& effect) {
  const auto hello = hellos_.find(effect.uuid);
  if (hello == hellos_.end() || hello->second.unanswered == 0) {
    return std::nullopt;
  }
  // The answer to an older Hello of the same batch: what it lists was held then, and what is held
  // now it does not kill. The agent only believes the answer to its newest one.
  if (--hello->second.unanswered > 0) {
    return std::nullopt;
  }
  drop(effect.agent);
  hello->second.welcomed = true;
  const std::uint64_t id = term_ << 32U | ++session_last_;
  sessions_[effect.agent] = {id, hello->second.peer, 0};
  by_session_[id] = effect.agent;
  pb::DaemonMessage message;
  pb::HelloOk& welcome = *message.mutable_hello_ok();
  welcome.set_hello(hello->second.number);
  welcome.set_stored(stored_);
  welcome.set_heartbeat_ms(static_cast<std::uint32_t>(whole_ms(rules_.heartbeat)));
  welcome.set_lease_ms(whole_ms(rules_.lease));
  for (const AttemptKey& key : effect.kill) {
    *welcome.add_kill() = wire::to_proto(key);
  }
  for (const core::AckReports& ack : effect.reports) {
    put(*welcome.add_reports(), ack);
  }
  return to_agent(effect.agent, std::move(message));
}

void AgentGateway::drop(AgentId agent) {
  const auto session = sessions_.find(agent);
  if (session != sessions_.end()) {
    by_session_.erase(session->second.id);
    sessions_.erase(session);
  }
}

void AgentGateway::keep_known(const core::State& state) {
  for (auto& [uuid, greeting] : hellos_) {
    greeting.unanswered = 0;
  }
  failures_.clear();
  std::vector<AgentId> unknown;
  for (const auto& [agent, session] : sessions_) {
    if (!state.agents.contains(agent)) {
      unknown.push_back(agent);
    }
  }
  for (const AgentId agent : unknown) {
    drop(agent);
  }
}

}  // namespace sweepd::daemon
