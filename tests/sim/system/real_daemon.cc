// The production loop of the daemon in the simulated world.
#include "tests/sim/system/real_daemon.h"

#include "daemon/core/view.h"
#include "daemon/recovery.h"
#include "wire/protocol.h"

namespace sweepd::sim {

void RealDaemon::start() {
  ++term_;
  ending_ = false;
  stalled_until_ = {};
  inbox_.clear();
  daemon::Loop::Options options;
  options.rules = {world_.scenario.heartbeat, world_.scenario.lease};
  // Somebody has configured another one. Not where the record of that may be lost: that is not
  // promised.
  if (world_.faulty && !world_.losses && world_.luck.leases.chance(0.3)) {
    options.rules.lease = scaled(options.rules.lease, 0.5);
  }
  options.facts.term = term_;
  if (world_.mutant != Mutant::kReturnsNotAwaited) {
    options.before = stored_mark_;
  }
  began_ = clocks();
  began_.now = daemon::continued(stored_mark_, began_);
  world_.auditor.time_line_is(began_.now - world_.now());
  loop_ = std::make_unique<daemon::Loop>(
      daemon::Loop::Ports{*this, disk_, *this, *this, *this, room_, backups_, gc_}, options);
  world_.trace("daemon starts, term {}", term_);
  const Result<void> started = loop_->start();
  if (!started.ok() && !ending_) {
    world_.auditor.fail("the daemon cannot start: " + started.error().message);
  }
  world_.heap.after({}, [this, term = term_] {
    if (term == term_) {
      turn();
    }
  });
}

void RealDaemon::crash() {
  world_.trace("daemon crashes");
  if (world_.faulty && world_.luck.files.chance(0.25)) {
    lose_unreferred_files();
  }
  loop_.reset();
  ++term_;
  inbox_.clear();
}

void RealDaemon::reboot() {
  world_.trace("the daemon's machine reboots");
  ++boots_;
}

// To a run of gc, or with an older blob store.
void RealDaemon::lose_unreferred_files() {
  world_.trace("files that nothing refers to are gone");
  std::erase_if(world_.trees, [&](const std::string& tree) { return !referred_.contains(tree); });
}

// What is left is written anew.
void RealDaemon::lose_tail(std::size_t batches) {
  std::size_t lost = 0;
  while (lost < batches && !written_.empty()) {
    lost += std::holds_alternative<daemon::Batch>(written_.back()) ? 1U : 0U;
    written_.pop_back();
  }
  world_.trace("the daemon's disk loses its last {} batches", lost);
  disk_ = daemon::test::MemoryJournal();
  stored_mark_ = {};
  reboot();  // only a power cut takes what the kernel was given
  for (const auto& write : written_) {
    if (const auto* batch = std::get_if<daemon::Batch>(&write)) {
      static_cast<void>(disk_.commit(*batch).ok());
      stored_mark_ = batch->clock;
    } else {
      static_cast<void>(disk_.delete_rows(std::get<std::size_t>(write)).ok());
    }
  }
  static_cast<void>(disk_.take_emptied());
  world_.auditor.went_back(lost);
}

std::string RealDaemon::describe() const {
  std::string text = runs() ? "" : "the daemon is down";
  for (const SweepId id : runs() ? state().live : std::set<SweepId>()) {
    const core::Sweep& sweep = state().sweeps.at(id);
    text += fmt::format("sweep {} is {}: {} of {} trials active, {} queued; {}; ",
                        id.value,
                        core::to_text(sweep.state),
                        sweep.active(),
                        sweep.trials.size(),
                        sweep.queued.size(),
                        core::why_waiting(state(), sweep, time_line()));
  }
  return text;
}

void RealDaemon::audit_history() {
  core::State state;
  const auto headers = disk_.headers();
  for (const daemon::SweepHeader& header : *headers) {
    auto rebuilt = daemon::rebuild_sweep(*this, header.id);
    if (!rebuilt.ok()) {
      world_.auditor.fail("history cannot be read: " + rebuilt.error().message);
      return;
    }
    if (header.state != rebuilt->sweep.state ||
        header.best_trial != core::best_trial(rebuilt->sweep).value_or(TrialNumber{})) {
      world_.auditor.fail(
          fmt::format("the header of sweep {} is not its history", header.id.value));
    }
    core::adopt_sweep(state, std::move(rebuilt->sweep));
  }
  world_.auditor.finish(state);
}

void RealDaemon::stall(Duration span) {
  world_.trace("daemon stalls");
  stalled_until_ = world_.now() + span;
}

void RealDaemon::arrive(wire::Door door, const std::string& peer, const std::string& bytes) {
  if (runs()) {
    inbox_[door].push_back({peer, bytes});
  }
}

void RealDaemon::turn() {
  if (!runs() || world_.auditor.violation()) {
    return;
  }
  if (world_.now() >= stalled_until_) {
    const Result<void> turned = loop_->turn();
    if (!turned.ok() || ending_) {
      if (!ending_) {
        world_.auditor.fail("the loop ends: " + turned.error().message);
      }
      crash();
      world_.heap.after(seconds(1), [this] {
        if (!runs()) {
          start();
        }
      });
      return;
    }
    if (const auto broken = core::check_invariants(loop_->state())) {
      world_.auditor.fail(*broken);
    }
  }
  world_.heap.after(world_.between(milliseconds(2), milliseconds(30)), [this, term = term_] {
    if (term == term_) {
      turn();
    }
  });
}

std::optional<wire::Incoming> RealDaemon::receive(wire::Door door) {
  std::deque<wire::Incoming>& queue = inbox_[door];
  if (queue.empty()) {
    return std::nullopt;
  }
  wire::Incoming first = std::move(queue.front());
  queue.pop_front();
  return first;
}

daemon::ClockMark RealDaemon::clocks() const {
  return {fmt::format("boot-{}", boots_), world_.now().us, world_.wall(kAtDaemon), {}};
}

daemon::ClockMark RealDaemon::mark() {
  daemon::ClockMark moment = clocks();
  moment.now = time_line();
  return moment;
}

Instant RealDaemon::time_line() const {
  return daemon::continued(began_, clocks());
}

Result<void> RealDaemon::commit(const daemon::Batch& batch) {
  const bool crashes =
      world_.faulty && world_.random.chance(world_.scenario.faults.crash_at_commit);
  const Error gone{Errc::kUnexpected, "the simulated process ends here"};
  if (crashes && world_.random.chance(0.5)) {
    ending_ = true;
    return gone;
  }
  SWEEPD_TRY_VOID(disk_.commit(batch));
  stored_mark_ = batch.clock;
  if (world_.losses) {
    written_.emplace_back(batch);
  }
  for (const core::Record& record : batch.records) {
    world_.auditor.committed(record);
    audit_files(record);
  }
  world_.auditor.batch_committed();
  if (crashes) {
    ending_ = true;
    return gone;
  }
  return {};
}

void RealDaemon::audit_files(const core::Record& record) {
  if (const auto* closed = std::get_if<core::AttemptClosed>(&record)) {
    const std::string& tree = closed->outcome.tree_digest;
    if (!tree.empty() && !world_.trees.contains(tree)) {
      world_.auditor.fail("the files that an attempt left are here: " + to_string(closed->attempt));
    }
    referred_.insert(tree);
  } else if (const auto* dropped = std::get_if<core::OutputsDropped>(&record)) {
    referred_.erase(tree_of(dropped->attempt));
  }
}

wire::Sent RealDaemon::send(wire::Door door, const std::string& peer, std::string_view bytes) {
  audit_sent(door, peer, bytes);
  send_(door, peer, std::string(bytes));
  return wire::Sent::kYes;
}

void RealDaemon::audit_sent(wire::Door door, const std::string& peer, std::string_view bytes) {
  if (door == wire::Door::kClient) {
    pb::ClientReply reply;
    if (wire::decode(bytes, bytes.size(), reply).ok() && reply.has_submitted()) {
      world_.auditor.sending(core::Answer{
          world_.auditor.as_committed({reply.id_high(), reply.id_low()}),
          core::SubmitAnswer{SweepId{reply.submitted().sweep()}, reply.submitted().again()}});
    }
    return;
  }
  pb::DaemonMessage message;
  if (!wire::decode(bytes, bytes.size(), message).ok()) {
    world_.auditor.fail("the daemon sent what cannot be read");
    return;
  }
  const AgentId agent = world_.auditor.agent_of(peer.substr(0, peer.find('/')));
  if (message.has_start()) {
    world_.auditor.sending(core::StartAttempt{agent, wire::from_proto(message.start().attempt())});
  } else if (message.has_stop()) {
    world_.auditor.sending(
        core::StopAttempt{agent, wire::from_proto(message.stop().attempt()), {}, {}});
  } else if (message.has_reports_ack()) {
    const pb::ReportsAck& ack = message.reports_ack();
    world_.auditor.sending(
        core::AckReports{agent, wire::from_proto(ack.attempt()), ack.seq(), ack.fenced()});
  } else if (message.has_ended_ack()) {
    world_.auditor.sending(core::AckEnded{agent, wire::from_proto(message.ended_ack().attempt())});
  }
}

}  // namespace sweepd::sim
