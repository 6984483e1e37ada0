// The loop of the simulated daemon: what comes in becomes events, decisions become durable, and
// only then anything leaves.
#include "tests/sim/daemon.h"

#include <utility>

namespace sweepd::sim {

namespace {

constexpr Duration kTickEvery = milliseconds(500);

}  // namespace

Daemon::Daemon(World& world, Network& network)
    : world_(world), network_(network), saboteur_(world.mutant) {}

core::State Daemon::replayed() const {
  core::State state;
  for (const core::Record& record : journal_) {
    saboteur_.apply(state, record);
  }
  return state;
}

void Daemon::start() {
  ++term_;
  runs_ = true;
  stalled_until_ = {};
  memory_ = {};
  memory_.state = replayed();
  world_.trace("daemon starts, term {}, {} records", term_, journal_.size());
  if (const auto broken = core::check_invariants(memory_.state)) {
    world_.auditor.fail("after recovery: " + *broken);
  }
  if (world_.mutant == Mutant::kDedupNotDurable) {
    memory_.state.requests.clear();
  }
  // Agents have a full lease to come back: they may have been promised one just before the end.
  const Duration grace = world_.mutant == Mutant::kRestartWithoutGrace ? seconds(1) : lease();
  for (const auto& [id, agent] : memory_.state.agents) {
    memory_.heard[id] = world_.now();
    memory_.expires[id] = lease_clock() + grace;
  }
  decide(core::DaemonStarted{});
  commit();
  tick();
}

void Daemon::check_recovery() {
  core::State recovered = replayed();
  for (const core::Record& record : memory_.batch.records) {
    saboteur_.apply(recovered, record);
  }
  if (world_.mutant == Mutant::kDedupNotDurable) {
    return;  // it differs by intention
  }
  if (!(recovered == memory_.state)) {
    world_.auditor.fail("the recovered state is not the live state");
  }
}

void Daemon::crash() {
  check_recovery();
  if (memory_.committing && world_.random.chance(0.5)) {
    make_durable(world_.mutant == Mutant::kTornCommit ? memory_.batch.records.size() / 2
                                                      : memory_.batch.records.size());
  }
  world_.trace("daemon crashes");
  runs_ = false;
  ++term_;
  network_.drop_inbound();
  memory_ = {};
}

void Daemon::stop() {
  stalled_until_ = {};
  turn();
  memory_.committing = false;
  crash();
}

void Daemon::stall(Duration span) {
  world_.trace("daemon stalls");
  stalled_until_ = world_.now() + span;
  later(span, [this] { turn(); });
}

Duration Daemon::lease() const {
  // The agent counts from when it sent and its clock may be slow; then its programs have the grace
  // period to die in.
  const Duration promised = scaled(world_.scenario.lease, 1.04);
  return world_.mutant == Mutant::kDaemonLeaseShort
             ? scaled(world_.scenario.lease, 0.6)
             : Duration{promised.us + scaled(world_.scenario.grace, 1.04).us + seconds(1).us};
}

// By which leases are counted.
Instant Daemon::lease_clock() const {
  return world_.mutant == Mutant::kLeaseByWall ? Instant{world_.wall(kAtDaemon).us} : world_.now();
}

void Daemon::later(Duration delay, Heap::Action action) {
  world_.heap.after(delay, [this, term = term_, action = std::move(action)] {
    if (runs_ && term == term_) {
      action();
    }
  });
}

// ---- the loop

void Daemon::receive(const ToDaemon& message) {
  accept(message);
}

void Daemon::receive(const FromClient& message) {
  accept(message);
}

void Daemon::accept(Input input) {
  if (!runs_) {
    return;
  }
  memory_.inbox.push_back(std::move(input));
  turn();
}

void Daemon::turn() {
  while (runs_ && !memory_.committing && world_.now() >= stalled_until_ && !memory_.inbox.empty()) {
    // Everything that has come by now becomes one batch.
    std::deque<Input> inputs = std::exchange(memory_.inbox, {});
    for (const Input& input : inputs) {
      std::visit([this](const auto& content) { take(content); }, input);
    }
    commit();
  }
}

void Daemon::tick() {
  accept(Tick{});
  later(kTickEvery, [this] { tick(); });
}

void Daemon::decide(core::EventBody body) {
  core::State& state = memory_.state;
  if (world_.auditor.violation() || !saboteur_.before(state, body)) {
    return;
  }
  const WallTime wall = world_.wall(kAtDaemon);
  const Instant now = world_.mutant == Mutant::kLimitsByWall ? Instant{wall.us} : world_.now();
  core::Outcome outcome = core::step(state, {{now, wall}, body});
  saboteur_.after(state, body, outcome);
  if (const auto broken = core::check_invariants(state)) {
    world_.auditor.fail(*broken);
  }
  Batch& batch = memory_.batch;
  for (core::Record& record : outcome.records) {
    batch.records.push_back(std::move(record));
  }
  for (core::Effect& effect : outcome.effects) {
    const bool answer = std::holds_alternative<core::Answer>(effect);
    const bool early = (world_.mutant == Mutant::kActBeforeCommit && !answer) ||
                       (world_.mutant == Mutant::kAnswerBeforeCommit && answer);
    if (early) {
      perform(effect);
    } else {
      batch.effects.push_back(std::move(effect));
    }
  }
}

void Daemon::commit() {
  if (memory_.batch.empty()) {
    return;
  }
  memory_.committing = true;
  const bool crashes =
      world_.faulty && world_.random.chance(world_.scenario.faults.crash_at_commit);
  later(world_.between(milliseconds(1), milliseconds(15)), [this, crashes] {
    if (crashes && world_.random.chance(0.5)) {
      crash();  // before the sync
      world_.heap.after(seconds(1), [this] {
        if (!runs_) {
          start();
        }
      });
      return;
    }
    const Batch batch = std::exchange(memory_.batch, {});
    memory_.batch.records = batch.records;
    make_durable(batch.records.size());
    memory_.batch = {};
    memory_.committing = false;
    if (crashes) {
      crash();  // after the sync, before anything left
      world_.heap.after(seconds(1), [this] {
        if (!runs_) {
          start();
        }
      });
      return;
    }
    for (const core::Effect& effect : batch.effects) {
      perform(effect);
    }
    for (const core::Effect& effect : core::owed(memory_.state, world_.now())) {
      const auto* start = std::get_if<core::StartAttempt>(&effect);
      const AgentId agent =
          start != nullptr ? start->agent : std::get<core::StopAttempt>(effect).agent;
      const bool asked = batch.owed_to_all ||
                         std::find(batch.owed.begin(), batch.owed.end(), agent) != batch.owed.end();
      if (asked && world_.mutant != Mutant::kOwedNotRepeated) {
        perform(effect);
      }
    }
    turn();
  });
}

void Daemon::make_durable(std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) {
    journal_.push_back(memory_.batch.records[i]);
    world_.auditor.committed(journal_.back());
  }
  world_.auditor.batch_committed();
  memory_.batch.records.clear();
}

}  // namespace sweepd::sim
