// The gate of the simulated daemon: messages become events, effects become messages.
#include "sweeps/sampler.h"
#include "tests/sim/daemon.h"

#include <algorithm>

namespace sweepd::sim {

namespace {

constexpr Duration kOwedEvery = seconds(2);
constexpr int kBeatsMissedMax = 3;

}  // namespace

// ---- in

void Daemon::take(const ToDaemon& message) {
  if (const auto* hello = std::get_if<Hello>(&message.body)) {
    take_hello(message, *hello);
    return;
  }
  const auto session =
      std::find_if(memory_.sessions.begin(), memory_.sessions.end(), [&](const auto& entry) {
        return entry.second.id == message.session;
      });
  if (session == memory_.sessions.end()) {
    network_.send(message.box, ToAgent{message.session, WhoAreYou{}});
    return;
  }
  const AgentId agent = session->first;
  if (const auto* beat = std::get_if<Heartbeat>(&message.body)) {
    take_beat(agent, *beat);
  } else if (const auto* reports = std::get_if<ReportBatch>(&message.body)) {
    decide(core::ReportsArrived{
        agent, saboteur_.inside(memory_.state, reports->attempt), reports->reports});
  } else if (const auto* ended = std::get_if<Ended>(&message.body)) {
    decide(core::AttemptEnded{agent,
                              saboteur_.inside(memory_.state, ended->attempt),
                              ended->reports_last,
                              ended->outcome});
  } else if (std::holds_alternative<Goodbye>(message.body)) {
    memory_.sessions.erase(session);
    decide(core::AgentLost{agent, true});
  }
}

void Daemon::take_hello(const ToDaemon& message, const Hello& hello) {
  Greeting& newest = memory_.hellos[hello.uuid];
  if (hello.number <= newest.number && world_.mutant != Mutant::kStaleHello) {
    return;  // overtaken: what it says about attempts is old
  }
  newest = {message.box, hello.number, newest.unanswered + 1};
  const auto known = memory_.state.agent_by_uuid.find(hello.uuid);
  if (known != memory_.state.agent_by_uuid.end()) {
    memory_.sessions.erase(known->second);
  }
  std::vector<core::HeldAttempt> held = hello.held;
  for (core::HeldAttempt& each : held) {
    each.attempt = saboteur_.inside(memory_.state, each.attempt);
  }
  world_.trace("daemon takes Hello of {}", hello.uuid);
  decide(core::AgentJoined{
      hello.uuid, hello.uuid, hello.boot_id, hello.version, hello.slots, {}, held});
  const auto joined = memory_.state.agent_by_uuid.find(hello.uuid);
  if (joined == memory_.state.agent_by_uuid.end()) {
    return;  // a violation was found: nothing is decided any more
  }
  const AgentId agent = joined->second;
  memory_.heard[agent] = world_.now();
  memory_.expires[agent] = lease_clock() + lease();
  memory_.batch.owed.push_back(agent);
}

void Daemon::take_beat(AgentId agent, const Heartbeat& beat) {
  Session& session = memory_.sessions.at(agent);
  if (beat.number <= session.beat_last && world_.mutant != Mutant::kStaleHeartbeat) {
    return;  // overtaken: its list is old
  }
  session.beat_last = std::max(session.beat_last, beat.number);
  memory_.heard[agent] = world_.now();
  memory_.expires[agent] = lease_clock() + lease();
  // Reveals no decision, so it need not wait for the disk.
  send(agent, HeartbeatAck{beat.number});
  const bool connected = memory_.state.agents.at(agent).state == core::AgentState::kConnected;
  if (connected && beat.held == session.held) {
    return;
  }
  session.held = beat.held;
  std::vector<core::HeldAttempt> held = beat.held;
  for (core::HeldAttempt& each : held) {
    each.attempt = saboteur_.inside(memory_.state, each.attempt);
  }
  decide(core::AttemptsHeld{agent, held});
}

void Daemon::take(const FromClient& message) {
  memory_.askers[message.request()] = message.client;
  std::visit([this](const auto& event) { decide(event); }, message.body);
}

void Daemon::take(const core::TrialsSuggested& event) {
  memory_.suggesting.erase(event.sweep);
  decide(event);
}

void Daemon::take(const Tick&) {
  check_leases();
  decide(core::TimePassed{});
  if (memory_.owed_sent + kOwedEvery <= world_.now()) {
    memory_.owed_sent = world_.now();
    memory_.batch.owed_to_all = true;
  }
}

void Daemon::check_leases() {
  std::vector<AgentId> silent;
  std::vector<AgentId> lost;
  const Duration missed = scaled(world_.scenario.heartbeat, kBeatsMissedMax);
  for (const auto& [id, agent] : memory_.state.agents) {
    if (core::is_gone(agent.state)) {
      continue;
    }
    if (memory_.expires[id] <= lease_clock()) {
      lost.push_back(id);
    } else if (agent.state == core::AgentState::kConnected &&
               memory_.heard[id] + missed < world_.now()) {
      silent.push_back(id);
    }
  }
  for (const AgentId id : silent) {
    decide(core::AgentSuspected{id});
  }
  for (const AgentId id : lost) {
    world_.trace("daemon loses agent {}", id.value);
    memory_.sessions.erase(id);
    decide(core::AgentLost{id, false});
  }
}

// ---- out

void Daemon::perform(const core::Effect& effect) {
  world_.auditor.sending(effect);
  std::visit([this](const auto& each) { perform(each); }, effect);
}

void Daemon::send(AgentId agent, decltype(ToAgent::body) body) {
  const auto session = memory_.sessions.find(agent);
  if (session != memory_.sessions.end()) {
    network_.send(session->second.box, ToAgent{session->second.id, std::move(body)});
  }
}

void Daemon::perform(const core::StartAttempt& effect) {
  const core::Attempt* attempt = core::find_attempt(memory_.state, effect.attempt);
  if (attempt == nullptr || core::is_terminal(attempt->state)) {
    return;
  }
  const sweeps::SweepSpec& spec = memory_.state.sweeps.at(effect.attempt.sweep).spec;
  const AttemptKey outside = saboteur_.outside(effect.attempt);
  const auto session = memory_.sessions.find(effect.agent);
  if (session == memory_.sessions.end()) {
    return;
  }
  send(effect.agent,
       Start{outside,
             attempt->slots,
             spec.limits.trial_time.value_or(Duration{}),
             program_of(world_.scenario, spec, outside, session->second.box)});
}

void Daemon::perform(const core::StopAttempt& effect) {
  send(effect.agent, Stop{saboteur_.outside(effect.attempt)});
}

void Daemon::perform(const core::AckReports& effect) {
  send(effect.agent, ReportsAck{saboteur_.outside(effect.attempt), effect.seq, effect.fenced});
}

void Daemon::perform(const core::AckEnded& effect) {
  send(effect.agent, EndedAck{saboteur_.outside(effect.attempt)});
}

void Daemon::perform(const core::WelcomeAgent& effect) {
  Greeting& newest = memory_.hellos.at(effect.uuid);
  if (--newest.unanswered > 0 && world_.mutant != Mutant::kOldWelcome) {
    return;  // to an older Hello of the same batch, which tells what was held then
  }
  Session& session = memory_.sessions[effect.agent];
  session = {};
  session.id = ++sessions_given_;
  session.box = newest.box;
  HelloOk ok{newest.number, effect.kill, effect.reports};
  for (core::AckReports& ack : ok.reports) {
    ack.attempt = saboteur_.outside(ack.attempt);
  }
  send(effect.agent, std::move(ok));
}

void Daemon::perform(const core::Suggest& effect) {
  if (memory_.suggesting[effect.sweep] == effect.first) {
    return;  // asked already
  }
  memory_.suggesting[effect.sweep] = effect.first;
  later(world_.between(milliseconds(1), milliseconds(60)), [this, effect] {
    const auto sweep = memory_.state.sweeps.find(effect.sweep);
    if (sweep == memory_.state.sweeps.end()) {
      return;  // it was removed meanwhile
    }
    core::TrialsSuggested answer{effect.sweep, effect.first, {}, false};
    for (std::uint32_t i = 0; i < effect.count && !answer.exhausted; ++i) {
      const sweeps::Proposal proposal =
          sweeps::propose(sweep->second.spec, TrialNumber{effect.first.value + i});
      if (proposal.assignment) {
        answer.assignments.push_back(*proposal.assignment);
      }
      answer.exhausted = proposal.availability == sweeps::Availability::kExhausted;
    }
    accept(answer);
  });
}

void Daemon::perform(const core::Answer& effect) {
  const auto asker = memory_.askers.find(effect.request);
  if (asker != memory_.askers.end()) {
    network_.send(asker->second, effect);
  }
}

}  // namespace sweepd::sim
