// The agent program around its production session, and the shims of a box.
#include "tests/sim/system/real_box.h"

#include "wire/protocol.h"

#include <algorithm>

namespace sweepd::sim {

namespace {

constexpr Instant kFar{INT64_MAX / 4};

std::vector<pb::Slot> slots_of(const BoxPlan& plan) {
  std::vector<pb::Slot> slots;
  for (std::uint32_t i = 0; i < plan.gpus + plan.cpus; ++i) {
    pb::Slot slot;
    slot.set_index(i);
    slot.set_kind(i < plan.gpus ? pb::GPU : pb::CPU);
    slot.set_uuid(i < plan.gpus ? fmt::format("GPU-{}-{}", plan.uuid, i) : "");
    slot.set_name("slot");
    slots.push_back(slot);
  }
  return slots;
}

}  // namespace

RealBox::RealBox(World& world, std::size_t index, Send send)
    : world_(world), index_(index), plan_(world.scenario.boxes[index]), send_(std::move(send)) {}

void RealBox::power_on() {
  if (incarnation_ > 0) {
    return;  // a fault or the peace was faster, and has started it
  }
  ++boots_;
  start_program();
}

void RealBox::kill_program() {
  world_.trace("{} program dies", plan_.uuid);
  session_.reset();
  attempts_.clear();
  unread_.clear();
  frozen_until_ = {};
}

void RealBox::start_program() {
  if (program_runs()) {
    return;
  }
  attempts_.clear();
  ++incarnation_;
  agent::Identity identity;
  identity.uuid = plan_.uuid;
  identity.name = plan_.uuid;
  identity.boot_id = fmt::format("boot-{}", boots_);
  identity.version = fmt::format("{}", world_.version);
  identity.incarnation = incarnation_;
  agent::Remembered remembered;
  remembered.term = term_;
  remembered.stored = stored_;
  remembered.done.assign(done_.begin(), done_.end());
  for (const auto& [key, row] : ledger_) {
    if (row.end) {
      remembered.ended.push_back(*row.end);
    } else {
      remembered.unfinished.push_back({row.order, std::nullopt});
    }
  }
  session_ = std::make_unique<agent::Session>(identity, slots_of(plan_), remembered);
  offer_slots();
  wake_planned_ = kFar;
  world_.trace("{} program {} starts", plan_.uuid, incarnation_);
  for (const agent::Unfinished& unfinished : remembered.unfinished) {
    take_over(unfinished.order);
  }
  pump();
}

// The shim of an attempt that lives says what became of it; without one it was cut off.
void RealBox::take_over(const pb::StartAttempt& order) {
  const AttemptKey key = wire::from_proto(order.attempt());
  Attempt& attempt = attempts_[key];
  attempt.order = order;
  attempt.handed_over = true;
  *attempt.end.mutable_attempt() = order.attempt();
  attempt.end.set_started(true);
  const auto process = processes_.find(key);
  if (process == processes_.end()) {
    attempt.end.mutable_failure()->set_code(pb::AGENT_RESTARTED);
    attempt.end.mutable_failure()->set_sentence("cut off");
    over(key);
    return;
  }
  process->second.read = 0;
  // The agent alone remembers an order to stop; the daemon repeats it.
}

void RealBox::freeze_program(Duration span) {
  world_.trace("{} program freezes", plan_.uuid);
  frozen_until_ = world_.now() + span;
  later_in_program(span, [this] {
    for (const std::string& bytes : std::exchange(unread_, {})) {
      arrive(bytes);
    }
    pump();
  });
}

void RealBox::reboot(Duration down) {
  world_.trace("{} reboots", plan_.uuid);
  ++boots_;
  session_.reset();
  attempts_.clear();
  unread_.clear();
  frozen_until_ = {};
  for (auto& [key, process] : processes_) {
    if (!process.end) {
      process.end = ProcessEnd{false, 0, 9};
      world_.auditor.process_ended(key, *process.end);
    }
  }
  processes_.clear();
  Random& luck = world_.luck.disks;
  if (luck.chance(world_.scenario.faults.power_cut)) {
    for (auto& [key, row] : ledger_) {
      if (row.end && luck.chance(0.5)) {
        row.end.reset();  // an end is written, and synced later
      }
    }
  }
  later_on_box(down, [this] { start_program(); });
}

void RealBox::fill_disk(Duration span) {
  world_.trace("{} has a full disk", plan_.uuid);
  disk_full_ = true;
  offer_slots();
  world_.heap.after(span, [this, fill = ++disk_fills_] {
    if (fill == disk_fills_) {
      free_disk();
    }
  });
}

void RealBox::free_disk() {
  if (!std::exchange(disk_full_, false)) {
    return;
  }
  world_.trace("{} has room again", plan_.uuid);
  for (auto& [key, process] : processes_) {
    process.file.insert(process.file.end(), process.waiting.begin(), process.waiting.end());
    process.waiting.clear();
  }
  offer_slots();
  pump();
}

// Without room nothing is begun.
void RealBox::offer_slots() {
  if (program_runs()) {
    session_->set_slots(local(),
                        disk_full_ ? std::vector<pb::Slot>() : slots_of(plan_),
                        disk_full_ ? "there is no room on the disk" : "");
  }
}

void RealBox::arrive(const std::string& bytes) {
  if (!program_runs()) {
    return;
  }
  if (world_.now() < frozen_until_) {
    unread_.push_back(bytes);
    return;
  }
  pb::DaemonMessage message;
  if (wire::decode(bytes, bytes.size(), message).ok()) {
    if (world_.mutant == Mutant::kDaemonLeaseShort && message.has_hello_ok()) {
      message.mutable_hello_ok()->set_lease_ms(message.hello_ok().lease_ms() * 2);
    } else if (world_.mutant == Mutant::kDaemonLeaseShort && message.has_start()) {
      message.mutable_start()->set_lease_ms(message.start().lease_ms() * 2);
    }
    session_->receive(local(), message);
    carry_out_commands();  // before anything is delivered on
    pump();
  }
}

// ---- the program

void RealBox::pump() {
  if (!program_runs() || world_.now() < frozen_until_) {
    return;
  }
  for (const auto& [key, attempt] : attempts_) {
    deliver(key);
  }
  session_->tick(local());
  carry_out_commands();
  for (const pb::AgentMessage& message : session_->take_messages()) {
    send_(wire::encode(message));
  }
  for (auto& [key, process] : processes_) {
    const auto lease = session_->lease_end(key);
    if (lease && !process.end) {
      process.lease = global(*lease);
      watch_lease(key);
    }
  }
  const Instant wake = std::max(global(session_->next_wake()), world_.now() + milliseconds(1));
  if (wake < wake_planned_ || wake_planned_ <= world_.now()) {
    wake_planned_ = wake;
    later_in_program(wake - world_.now(), [this] {
      wake_planned_ = kFar;
      pump();
    });
  }
}

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
    attempt.end.set_tree_digest(std::string(64, 'a'));
    over(key);
  }
  read_reports(key);
  if (!attempt.collected || !(session_->reports_delivered(key) || attempt.discarded)) {
    return;
  }
  if (const auto end = session_->ended(attempt.end)) {
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

std::string RealBox::describe() const {
  std::string text = fmt::format("{} {}", plan_.uuid, program_runs() ? "up" : "down");
  for (const auto& [key, row] : ledger_) {
    text += fmt::format("; {} {}", to_string(key), row.end ? "ended" : "started");
  }
  return text;
}

// ---- the shims

void RealBox::emit(const AttemptKey& key, std::size_t index) {
  const auto found = processes_.find(key);
  if (found == processes_.end() || found->second.end) {
    return;
  }
  Process& process = found->second;
  if (index == process.program.reports.size()) {
    if (process.program.end == ProgramEnd::kHang || process.terminating) {
      return;
    }
    ProcessEnd end{true, 0, 0};
    (process.program.end == ProgramEnd::kSignal ? end.signal : end.exit_code) =
        process.program.code;
    process_over(key, end);
    return;
  }
  const core::Report emitted{
      ++process.emitted, world_.wall(at_box(index_)), process.program.reports[index]};
  world_.auditor.report_emitted(key, emitted);
  pb::Report report;
  report.set_wall_us(emitted.wall.us);
  for (const core::MetricValue& metric : emitted.metrics) {
    pb::Metric& told = *report.add_metrics();
    told.set_name(metric.name);
    told.set_value(metric.value);
  }
  (disk_full_ ? process.waiting : process.file).push_back(report);
  later_in_program(world_.between({}, milliseconds(400)), [this] { pump(); });
  later_on_box(process.program.between_reports, [this, key, index] { emit(key, index + 1); });
}

void RealBox::terminate(const AttemptKey& key, Duration grace) {
  const auto found = processes_.find(key);
  if (found == processes_.end() || found->second.end) {
    return;
  }
  found->second.terminating = true;
  later_on_box(world_.between(milliseconds(2), {grace.us + milliseconds(20).us}), [this, key] {
    if (const auto process = processes_.find(key);
        process != processes_.end() && !process->second.end) {
      process_over(key, {false, 0, 15});
    }
  });
}

void RealBox::process_over(const AttemptKey& key, const ProcessEnd& end) {
  processes_.at(key).end = end;
  world_.trace("{} process of {} is over", plan_.uuid, to_string(key));
  world_.auditor.process_ended(key, end);
  later_in_program(milliseconds(5), [this] { pump(); });
}

void RealBox::watch_lease(const AttemptKey& key) {
  const auto found = processes_.find(key);
  if (found == processes_.end() || found->second.end || found->second.watched ||
      world_.mutant == Mutant::kLeaseInProgramOnly) {
    return;
  }
  found->second.watched = true;
  later_on_box(std::max(Duration{}, found->second.lease - world_.now()), [this, key] {
    const auto process = processes_.find(key);
    if (process == processes_.end() || process->second.end) {
      return;
    }
    process->second.watched = false;
    if (world_.now() < process->second.lease) {
      watch_lease(key);  // it was renewed
    } else {
      process->second.lapsed = true;
      terminate(key, {});
    }
  });
}

void RealBox::later_on_box(Duration delay, Heap::Action action) {
  world_.heap.after(delay, [this, boot = boots_, action = std::move(action)] {
    if (boot == boots_) {
      action();
    }
  });
}

void RealBox::later_in_program(Duration delay, Heap::Action action) {
  world_.heap.after(delay, [this, incarnation = incarnation_, action = std::move(action)] {
    if (program_runs() && incarnation == incarnation_) {
      action();
    }
  });
}

}  // namespace sweepd::sim
