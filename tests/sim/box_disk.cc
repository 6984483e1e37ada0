// The disk of a box: the ledger of the agent and the spools of the shims, without room for a while,
// and without what was not synced when the power has gone.
#include "tests/sim/box.h"

#include <utility>

namespace sweepd::sim {

namespace {

constexpr Duration kSyncWithin = seconds(1);    // of a spool
constexpr Duration kRetry = milliseconds(500);  // of a shim that found no room

const core::Reason kRebooted{core::ReasonCode::kAgentRestarted, "the machine was restarted"};

}  // namespace

void Box::fill_disk(Duration span) {
  world_.trace("{} has a full disk", plan_.uuid);
  disk_full_ = true;
  // Its agent may have seen that coming, or not: what ran out were inodes, or a quota.
  if (world_.luck.watermarks.chance(0.5) && !std::exchange(slots_withheld_, true)) {
    register_anew();
  }
  world_.heap.after(span, [this, fill = ++disk_fills_] {
    if (fill == disk_fills_) {
      free_disk();
    }
  });
}

void Box::free_disk() {
  if (!std::exchange(disk_full_, false)) {
    return;
  }
  world_.trace("{} has room again", plan_.uuid);
  if (std::exchange(slots_withheld_, false)) {
    register_anew();
  }
}

// Without room it offers no slots.
void Box::register_anew() {
  if (program_runs_) {
    session_ = 0;
    say_hello();
  }
}

std::uint64_t Box::write_ledger() {
  return disk_full_ ? 0 : ++writes_;
}

// In order and whole, so that the place of a report stays its number.
void Box::write_spool(const AttemptKey& key) {
  Row& row = ledger_.at(key);
  if (disk_full_ && (!row.waiting.empty() || row.draining)) {
    if (world_.mutant == Mutant::kUnwrittenDropped) {
      row.waiting.clear();
    }
    later_on_box(kRetry, [this, key] {
      if (const auto later = ledger_.find(key);
          later != ledger_.end() && (!later->second.waiting.empty() || later->second.draining)) {
        write_spool(key);
      }
    });
    return;
  }
  if (!row.waiting.empty()) {
    row.spool.insert(row.spool.end(), row.waiting.begin(), row.waiting.end());
    row.waiting.clear();
    later_on_box(kSyncWithin, [this, key] {
      if (const auto later = ledger_.find(key); later != ledger_.end()) {
        later->second.spool_synced = later->second.spool.size();
      }
    });
  }
  if (row.draining) {
    row.draining = false;
    row.over = true;
    row.phase = core::Phase::kFinishing;
    if (program_runs_) {
      finish(key);
    }
  }
}

// Of files that only grow, what was synced is left, and some of the rest.
void Box::lose_unsynced() {
  const auto left = [this](std::uint64_t synced, std::uint64_t written) {
    return static_cast<std::uint64_t>(world_.luck.disks.between(
        static_cast<std::int64_t>(synced), static_cast<std::int64_t>(written)));
  };
  const std::uint64_t rows = left(writes_synced_, writes_);
  for (auto& [key, row] : ledger_) {
    row.ended_write = row.ended_write > rows ? 0 : row.ended_write;
    row.forgotten_write = row.forgotten_write > rows ? 0 : row.forgotten_write;
    row.spool.resize(left(std::min(row.spool_synced, row.spool.size()), row.spool.size()));
    row.spool_synced = row.spool.size();
  }
}

void Box::give_up_unfinished() {
  for (auto& [key, row] : ledger_) {
    row.waiting.clear();
    row.draining = false;
    const bool trusted = world_.mutant == Mutant::kOverTrusted && row.over &&
                         row.outcome.failure.code == core::ReasonCode::kNone;
    if (row.ended_write != 0 || row.forgotten_write != 0 || trusted) {
      continue;
    }
    row.over = true;
    row.phase = core::Phase::kFinishing;
    row.outcome = {};
    row.outcome.started = row.ran;
    row.outcome.failure = kRebooted;
  }
}

// What a new run of the program knows.
void Box::remember_ledger() {
  std::erase_if(ledger_, [](const auto& entry) {
    const Row& row = entry.second;
    return row.start_write == 0 && !row.alive && !row.draining;
  });
  for (auto& [key, row] : ledger_) {
    row.forgotten = row.forgotten_write != 0;
    row.fenced = false;
    row.acked = row.ended_write != 0 ? row.spool.size() : 0;
    if (!row.forgotten && row.over && row.ended_write == 0) {
      // Its end was told and not written. Where no shim ever had it, it begins anew.
      row.over = row.ran;
      row.phase = row.ran ? core::Phase::kFinishing : core::Phase::kPreparing;
      row.outcome = row.ran ? row.outcome : core::AttemptOutcome();
    }
  }
}

}  // namespace sweepd::sim
