// The shims of a box: they run programs, keep the lease and the spool, and outlive the agent.
#include "tests/sim/box.h"

namespace sweepd::sim {

namespace {

constexpr std::int32_t kTerm = 15;
constexpr std::uint32_t kLeavesNothing = 5;  // every so manieth trial

}  // namespace

void Box::run(const AttemptKey& key) {
  const auto found = ledger_.find(key);
  if (found == ledger_.end() || found->second.phase != core::Phase::kPreparing ||
      found->second.over) {
    return;
  }
  Row& row = found->second;
  if (disk_full_ && world_.mutant != Mutant::kStartUnwritten) {
    never_ran(key, {core::ReasonCode::kAgentError, "no room on the disk"}, false);
    return;
  }
  if (world_.now() >= lease_until_) {
    never_ran(key, {core::ReasonCode::kAgentLost, "the lease ended"}, false);
    return;
  }
  if (row.program.end == ProgramEnd::kExecError) {
    never_ran(key, {core::ReasonCode::kExecError, "no such program"}, false);
    return;
  }
  row.alive = true;
  row.ran = true;
  row.phase = core::Phase::kRunning;
  row.outcome.started_wall = world_.wall(at_box(index_));
  world_.trace("{} runs {}", plan_.uuid, to_string(key));
  world_.auditor.process_started(index_, key, row.slots);
  later_on_box(row.program.between_reports, [this, key] { emit(key, 0); });
  if (row.trial_time.us > 0) {
    watch_time(key);
  }
}

void Box::watch_time(const AttemptKey& key) {
  // The mutant looks at the wall clock every second.
  const bool by_wall = world_.mutant == Mutant::kTrialTimeByWall;
  const Duration limit = real(ledger_.at(key).trial_time);
  const WallTime started = ledger_.at(key).outcome.started_wall;
  later_on_box(by_wall ? seconds(1) : limit, [this, key, by_wall, limit, started] {
    const auto row = ledger_.find(key);
    if (row == ledger_.end() || !row->second.alive) {
      return;
    }
    if (by_wall && world_.wall(at_box(index_)).us - started.us < limit.us) {
      watch_time(key);
      return;
    }
    terminate(key, {core::ReasonCode::kTimeout, "limits.trial_time has passed"}, false);
  });
}

void Box::emit(const AttemptKey& key, std::size_t report_index) {
  const auto found = ledger_.find(key);
  if (found == ledger_.end() || !found->second.alive) {
    return;
  }
  Row& row = found->second;
  if (report_index == row.program.reports.size()) {
    exit(key);
    return;
  }
  const core::Report emitted{row.spool.size() + row.waiting.size() + 1,
                             world_.wall(at_box(index_)),
                             row.program.reports[report_index]};
  row.waiting.push_back(emitted);
  world_.auditor.report_emitted(key, emitted);
  write_spool(key);
  // What is not sent at once is sent later.
  if (row.waiting.empty() && program_runs_ && world_.random.chance(0.7)) {
    report(key, row, row.spool.size() - 1);
  }
  later_on_box(row.program.between_reports,
               [this, key, report_index] { emit(key, report_index + 1); });
}

void Box::exit(const AttemptKey& key) {
  Row& row = ledger_.at(key);
  if (row.program.end == ProgramEnd::kHang || row.terminating) {
    return;  // something else will end it
  }
  ProcessEnd end{true, 0, 0};
  (row.program.end == ProgramEnd::kSignal ? end.signal : end.exit_code) = row.program.code;
  row.outcome.exit_code = end.exit_code;
  row.outcome.signal = end.signal;
  process_over(key, end);
}

void Box::terminate(const AttemptKey& key, const core::Reason& why, bool stopped) {
  const auto found = ledger_.find(key);
  if (found == ledger_.end() || !found->second.alive || found->second.terminating) {
    return;
  }
  Row& row = found->second;
  row.terminating = true;
  row.phase = core::Phase::kStopping;
  row.outcome.stopped = stopped;
  row.outcome.failure = why;
  world_.trace("{} terminates {}: {}", plan_.uuid, to_string(key), why.sentence);
  later_on_box(world_.between(milliseconds(5), real(world_.scenario.grace)), [this, key] {
    if (const auto row_then = ledger_.find(key);
        row_then != ledger_.end() && row_then->second.alive) {
      row_then->second.outcome.signal = kTerm;
      process_over(key, {false, 0, kTerm});
    }
  });
}

void Box::process_over(const AttemptKey& key, const ProcessEnd& end) {
  Row& row = ledger_.at(key);
  row.alive = false;
  row.draining = true;
  row.outcome.ended_wall = world_.wall(at_box(index_));
  if (key.trial.value % kLeavesNothing != 0) {
    row.outcome.tree_digest = "tree of " + to_string(key);
  }
  world_.trace("{} process of {} is over", plan_.uuid, to_string(key));
  world_.auditor.process_ended(key, end);
  write_spool(key);
  // The worst time to lose the power: the end is known, and not all of it is synced.
  const Faults& faults = world_.scenario.faults;
  if (end.by_itself && world_.faulty && faults.power_cut > 0 && program_runs_ &&
      world_.luck.disks.chance(0.02)) {
    later_in_program({world_.luck.disks.between(0, 800'000)},
                     [this] { reboot({2 * world_.scenario.lease.us}); });
  }
}

void Box::finish(const AttemptKey& key) {
  later_in_program(world_.between({}, milliseconds(1500)), [this, key] {
    if (const auto row = ledger_.find(key); row != ledger_.end() && row->second.over) {
      row->second.phase = core::Phase::kEnded;
      report(key, row->second, row->second.acked);
      say_ended(key, row->second);
    }
  });
}

void Box::never_ran(const AttemptKey& key, const core::Reason& why, bool stopped) {
  Row& row = ledger_.at(key);
  row.over = true;
  row.phase = core::Phase::kEnded;
  row.outcome.started = false;
  row.outcome.stopped = stopped;
  row.outcome.failure = why;
  row.ended_write = write_ledger();
  world_.trace("{} never ran {}: {}", plan_.uuid, to_string(key), why.sentence);
  say_ended(key, row);
}

void Box::set_lease(Instant until) {
  lease_until_ = std::max(lease_until_, until);
  if (!lease_timer_set_) {
    lease_timer_set_ = true;
    world_.heap.at(lease_until_, [this] { lease_ended(); });
  }
}

void Box::lease_ended() {
  lease_timer_set_ = false;
  if (world_.now() < lease_until_) {
    set_lease(lease_until_);  // it was renewed
    return;
  }
  if (world_.mutant == Mutant::kLeaseInProgramOnly && !program_runs_) {
    return;
  }
  for (const auto& [key, row] : ledger_) {
    terminate(key, {core::ReasonCode::kAgentLost, "the lease ended"}, false);
  }
}

void Box::later_on_box(Duration delay, Heap::Action action) {
  world_.heap.after(delay, [this, boot = boots_, action = std::move(action)] {
    if (boot == boots_) {
      action();
    }
  });
}

void Box::later_in_program(Duration delay, Heap::Action action) {
  world_.heap.after(delay, [this, incarnation = incarnation_, action = std::move(action)] {
    if (program_runs_ && incarnation == incarnation_) {
      action();
    }
  });
}

}  // namespace sweepd::sim
