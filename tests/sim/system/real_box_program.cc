// What the agent program of a box does besides its session: ledger, attempts, delivery.
#include "tests/sim/system/real_box.h"
#include "wire/protocol.h"

#include <algorithm>

namespace sweepd::sim {

void RealBox::carry_out_commands() {
  for (const agent::Command& command : session_->take_commands()) {
    carry_out(command);
  }
}

void RealBox::carry_out(const agent::Command& command) {
  if (const auto* start = std::get_if<agent::Launch>(&command)) {
    launch(*start);
  } else if (const auto* halt = std::get_if<agent::Stop>(&command)) {
    stop(*halt);
  } else if (const auto* done = std::get_if<agent::Forget>(&command)) {
    forget(done->attempt);
  } else if (const auto* term = std::get_if<agent::RememberTerm>(&command)) {
    term_ = term->term;
  } else if (const auto* place = std::get_if<agent::RememberStored>(&command)) {
    stored_ = place->stored;
  } else if (const auto* again = std::get_if<agent::Reread>(&command)) {
    reread(again->attempt);
  } else if (const auto* missed = std::get_if<agent::Recollect>(&command)) {
    recollect(missed->attempt);
  }
}

void RealBox::forget(const AttemptKey& key) {
  ledger_.erase(key);
  done_.insert(key);
  attempts_.erase(key);
  processes_.erase(key);
}

// What the shim has written is there as long as the attempt is not forgotten, and the box not
// restarted.
void RealBox::reread(const AttemptKey& key) {
  if (const auto process = processes_.find(key); process != processes_.end()) {
    process->second.read = 0;
    read_reports(key);
  }
  session_->reread(key);
}

// What an attempt left is there until it is forgotten.
void RealBox::recollect(const AttemptKey& key) {
  const Duration takes{world_.luck.files.between(0, milliseconds(1500).us)};
  later_in_program(takes, [this, key] {
    const auto row = ledger_.find(key);
    const auto attempt = attempts_.find(key);
    const pb::AttemptEnded* end = row != ledger_.end() && row->second.end ? &*row->second.end
                                  : attempt != attempts_.end()            ? &attempt->second.end
                                                                          : nullptr;
    if (end != nullptr) {
      world_.trees.insert(end->tree_digest());
      session_->ended(*end);
      pump();
    }
  });
}

void RealBox::launch(const agent::Launch& launch) {
  const AttemptKey key = wire::from_proto(launch.order.attempt());
  if (disk_full_) {
    Attempt& refused = attempts_[key];
    refused.order = launch.order;
    *refused.end.mutable_attempt() = launch.order.attempt();
    refused.end.mutable_failure()->set_code(pb::AGENT_ERROR);
    refused.end.mutable_failure()->set_sentence("there is no room on the disk");
    over(key);
    return;
  }
  ledger_[key] = {launch.order, std::nullopt};
  if (world_.mutant == Mutant::kLedgerNotDurable) {
    ledger_.erase(key);
  }
  Attempt attempt;
  attempt.order = launch.order;
  *attempt.end.mutable_attempt() = launch.order.attempt();
  attempts_[key] = attempt;
  later_in_program(world_.between(milliseconds(20), milliseconds(600)),
                   [this, key] { hand_over(key); });
}

// Waits for the slot, then starts the program under a shim.
void RealBox::hand_over(const AttemptKey& key) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end() || found->second.over || world_.now() < frozen_until_) {
    if (found != attempts_.end() && !found->second.over) {
      later_in_program(milliseconds(200), [this, key] { hand_over(key); });
    }
    return;
  }
  Attempt& attempt = found->second;
  if (slots_taken(attempt)) {
    later_in_program(milliseconds(200), [this, key] { hand_over(key); });
    return;
  }
  const sweeps::SweepSpec* spec = world_.auditor.spec_of(key.sweep);
  const auto lease = session_->lease_end(key);
  if (spec == nullptr || !lease) {
    return;
  }
  Process process;
  process.program = program_of(world_.scenario, *spec, key, index_);
  process.slots.assign(attempt.order.slots().begin(), attempt.order.slots().end());
  process.lease = global(*lease);
  attempt.handed_over = true;
  if (process.program.end == ProgramEnd::kExecError) {
    attempt.end.mutable_failure()->set_code(pb::EXEC_ERROR);
    attempt.end.mutable_failure()->set_sentence("no such program");
    over(key);
    return;
  }
  attempt.end.set_started(true);
  processes_[key] = process;
  world_.trace("{} runs {}", plan_.uuid, to_string(key));
  world_.auditor.process_started(index_, key, process.slots);
  session_->phase_reached(key, pb::RUNNING);
  later_on_box(process.program.between_reports, [this, key] { emit(key, 0); });
  watch_lease(key);
  if (attempt.order.trial_time_ms() > 0) {
    later_on_box(milliseconds(static_cast<std::int64_t>(attempt.order.trial_time_ms())),
                 [this, key] { time_out(key); });
  }
  pump();
}

void RealBox::time_out(const AttemptKey& key) {
  const auto process = processes_.find(key);
  if (process != processes_.end() && !process->second.end && !process->second.terminating) {
    process->second.timed_out = true;
    terminate(key, world_.scenario.grace);
  }
}

void RealBox::stop(const agent::Stop& stop) {
  const auto found = attempts_.find(stop.attempt);
  if (found == attempts_.end()) {
    return;
  }
  Attempt& attempt = found->second;
  attempt.discarded = attempt.discarded || stop.discard;
  if (attempt.over) {
    return;
  }
  if (stop.failure) {
    *attempt.end.mutable_failure() = *stop.failure;
  } else {
    attempt.end.set_stopped(true);
  }
  if (!attempt.handed_over) {
    over(stop.attempt);
    return;
  }
  session_->phase_reached(stop.attempt, pb::STOPPING);
  terminate(stop.attempt, stop.grace);
}

void RealBox::read_reports(const AttemptKey& key) {
  const auto process = processes_.find(key);
  if (process == processes_.end() || !program_runs()) {
    return;
  }
  for (; process->second.read < process->second.file.size(); ++process->second.read) {
    session_->reported(key, process->second.file[process->second.read]);
  }
}

void RealBox::over(const AttemptKey& key) {
  Attempt& attempt = attempts_.at(key);
  attempt.over = true;
  session_->phase_reached(key, pb::FINISHING);
  later_in_program(world_.between({}, milliseconds(1500)), [this, key] {
    if (const auto found = attempts_.find(key); found != attempts_.end()) {
      found->second.collected = true;
      world_.trees.insert(found->second.end.tree_digest());
      pump();
    }
  });
}

void RealBox::deliver(const AttemptKey& key) {
  Attempt& attempt = attempts_.at(key);
  const auto process = processes_.find(key);
  if (!attempt.over && process != processes_.end() && process->second.done()) {
    attempt.end.set_exit_code(process->second.end->exit_code);
    attempt.end.set_signal(process->second.end->signal);
    if (process->second.timed_out) {
      attempt.end.mutable_failure()->set_code(pb::TIMEOUT);
      attempt.end.mutable_failure()->set_sentence("limits.trial_time");
    }
    if (process->second.lapsed) {
      attempt.end.mutable_failure()->set_code(pb::AGENT_LOST);
      attempt.end.mutable_failure()->set_sentence("the lease ended");
    }
    attempt.end.set_tree_digest(tree_of(key));
    over(key);
  }
  read_reports(key);
  if (attempt.told || !attempt.collected ||
      !(session_->reports_delivered(key) || attempt.discarded)) {
    return;
  }
  if (const auto end = session_->ended(attempt.end)) {
    attempt.told = true;
    if (!disk_full_) {
      // With its order: of an attempt that was refused for want of room there was no row.
      ledger_[key] = {attempt.order, *end};
    }
  }
}

bool RealBox::slots_taken(const Attempt& attempt) const {
  return std::any_of(processes_.begin(), processes_.end(), [&](const auto& entry) {
    const Process& process = entry.second;
    return !process.done() &&
           std::find_first_of(process.slots.begin(),
                              process.slots.end(),
                              attempt.order.slots().begin(),
                              attempt.order.slots().end()) != process.slots.end();
  });
}

}  // namespace sweepd::sim
