// A box under power: its agent program around the production session, its disk, its reboots.
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
      process.lease = std::max(process.lease, global(*lease));  // it is not told of shorter ones
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

std::string RealBox::describe() const {
  std::string text = fmt::format("{} {}", plan_.uuid, program_runs() ? "up" : "down");
  for (const auto& [key, row] : ledger_) {
    text += fmt::format("; {} {}", to_string(key), row.end ? "ended" : "started");
  }
  return text;
}

// ---- the shims

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
