// The agent program of a box: sessions, heartbeats, orders, and facts repeated until acknowledged.
#include "tests/sim/box.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace sweepd::sim {

namespace {

constexpr std::size_t kReportsPerBatch = 4;
constexpr double kBeatsUnansweredMax = 8;  // then the connection counts as dead

const core::Reason kNoRoom{core::ReasonCode::kAgentError, "no room on the disk"};

}  // namespace

Box::Box(World& world, Network& network, BoxIndex index)
    : world_(world), network_(network), index_(index), plan_(world.scenario.boxes[index]) {}

void Box::power_on() {
  if (incarnation_ > 0) {
    return;  // a fault or the peace was faster, and has started it
  }
  ++boots_;
  start_program();
}

void Box::say_goodbye() {
  if (session_ != 0) {
    send(Goodbye{});
  }
}

void Box::kill_program() {
  world_.trace("{} program dies", plan_.uuid);
  program_runs_ = false;
}

void Box::start_program() {
  if (disk_full_) {
    // The ledger of a new run cannot be written: it ends, and its supervisor tries again.
    later_on_box(seconds(1), [this] {
      if (!program_runs_) {
        start_program();
      }
    });
    return;
  }
  ++incarnation_;
  version_ = world_.version;
  program_runs_ = true;
  session_ = 0;
  hellos_ = 0;
  beats_sent_.clear();
  heard_ = world_.now();
  world_.trace("{} program {} starts", plan_.uuid, incarnation_);
  if (world_.mutant == Mutant::kLedgerNotDurable) {
    std::erase_if(ledger_, [](const auto& entry) { return !entry.second.alive; });
  }
  remember_ledger();
  for (auto& [key, row] : ledger_) {
    if (row.over && row.phase == core::Phase::kFinishing) {
      finish(key);
    }
  }
  beat();
}

void Box::reboot(Duration down) {
  const bool power_cut =
      world_.faulty && world_.luck.disks.chance(world_.scenario.faults.power_cut);
  world_.trace("{} {}", plan_.uuid, power_cut ? "has no power" : "reboots");
  ++boots_;
  program_runs_ = false;
  lease_until_ = {};
  for (auto& [key, row] : ledger_) {
    if (row.alive) {
      row.outcome.failure = {core::ReasonCode::kAgentRestarted, "the machine was restarted"};
      process_over(key, {false, 0, 9});
    }
  }
  if (power_cut) {
    lose_unsynced();
  }
  give_up_unfinished();
  later_on_box(down, [this] { start_program(); });
}

bool Box::quiet() const {
  return !program_runs_ || std::all_of(ledger_.begin(), ledger_.end(), [](const auto& entry) {
    return entry.second.forgotten;
  });
}

std::string Box::describe() const {
  std::string text =
      fmt::format("{} {} session {}", plan_.uuid, program_runs_ ? "up" : "down", session_);
  for (const auto& [key, row] : ledger_) {
    if (!row.forgotten) {
      text += fmt::format("; {} phase {} spool {} acked {}",
                          to_string(key),
                          static_cast<int>(row.phase),
                          row.spool.size(),
                          row.acked);
    }
  }
  return text;
}

// ---- what the daemon says

void Box::receive(const ToAgent& message) {
  if (!program_runs_) {
    return;
  }
  if (const auto* ok = std::get_if<HelloOk>(&message.body)) {
    obey(*ok, message.session);
    return;
  }
  if (message.session != session_ && world_.mutant != Mutant::kStaleSessionObeyed) {
    return;
  }

  struct Obey {
    Box& box;

    void operator()(const HelloOk&) const {}  // handled above

    void operator()(const WhoAreYou& order) const { box.obey(order); }

    void operator()(const HeartbeatAck& order) const { box.obey(order); }

    void operator()(const Start& order) const { box.obey(order); }

    void operator()(const Stop& order) const { box.obey(order); }

    void operator()(const ReportsAck& order) const { box.obey(order); }

    void operator()(const EndedAck& order) const { box.obey(order); }
  };

  std::visit(Obey{*this}, message.body);
}

void Box::obey(const HelloOk& order, std::uint64_t session) {
  if (session_ != 0 || order.number != HelloNumber{incarnation_, hellos_}) {
    return;  // the answer to an older Hello
  }
  session_ = session;
  heard_ = world_.now();
  const Instant from = world_.mutant == Mutant::kLeaseFromAck ? world_.now() : hello_sent_;
  set_lease(from + real(world_.scenario.lease));
  for (const AttemptKey& key : order.kill) {
    obey(Stop{key});
  }
  for (const core::AckReports& ack : order.reports) {
    obey(ReportsAck{ack.attempt, ack.seq, ack.fenced});
  }
  // What an earlier run of the program never handed to a shim begins anew.
  for (const auto& [key, row] : ledger_) {
    if (row.phase == core::Phase::kPreparing && !row.over) {
      prepare(key);
    }
  }
}

void Box::obey(const WhoAreYou&) {
  if (session_ != 0) {
    session_ = 0;
    say_hello();
  }
}

void Box::obey(const HeartbeatAck& order) {
  const auto sent = beats_sent_.find(order.number);
  if (sent == beats_sent_.end()) {
    return;
  }
  heard_ = world_.now();
  const Instant from = world_.mutant == Mutant::kLeaseFromAck ? world_.now() : sent->second;
  set_lease(from + real(world_.scenario.lease));
  beats_sent_.erase(beats_sent_.begin(), std::next(sent));
}

void Box::obey(const Start& order) {
  const bool known = ledger_.contains(order.attempt);
  if (known && world_.mutant == Mutant::kStartNotIdempotent && !ledger_[order.attempt].alive) {
    ledger_.erase(order.attempt);
  } else if (known) {
    return;
  }
  if (world_.now() >= lease_until_ || slots_taken(order.slots)) {
    return;  // it will be repeated
  }
  Row row;
  row.slots = order.slots;
  row.program = order.program;
  row.trial_time = order.trial_time;
  row.start_write = write_ledger();
  ledger_[order.attempt] = row;
  if (row.start_write == 0 && world_.mutant != Mutant::kStartUnwritten) {
    never_ran(order.attempt, kNoRoom, false);
    return;
  }
  sync_ledger();
  prepare(order.attempt);
}

void Box::prepare(const AttemptKey& key) {
  world_.trace("{} prepares {}", plan_.uuid, to_string(key));
  later_in_program(world_.between(milliseconds(20), milliseconds(600)), [this, key] { run(key); });
}

void Box::obey(const Stop& order) {
  const auto found = ledger_.find(order.attempt);
  const core::Reason none;
  if (found == ledger_.end()) {
    if (world_.mutant == Mutant::kNoTombstone) {
      core::AttemptOutcome outcome;
      outcome.started = false;
      outcome.stopped = true;
      send(Ended{order.attempt, 0, outcome});
      return;
    }
    // The stop is remembered, so that a late Start is refused.
    ledger_[order.attempt] = {};
    never_ran(order.attempt, none, true);
  } else if (found->second.alive) {
    terminate(order.attempt, none, true);
  } else if (!found->second.over && !found->second.draining) {
    never_ran(order.attempt, none, true);
  }
}

void Box::obey(const ReportsAck& order) {
  const auto found = ledger_.find(order.attempt);
  if (found == ledger_.end()) {
    return;
  }
  Row& row = found->second;
  if (order.fenced) {
    row.fenced = true;
    row.acked = row.spool.size();
    terminate(order.attempt, {core::ReasonCode::kSuperseded, "fenced"}, true);
    return;
  }
  // The daemon may have more than is left here: it was not synced when the power went.
  row.acked = std::min<std::uint64_t>(std::max(row.acked, order.seq), row.spool.size());
}

void Box::obey(const EndedAck& order) {
  const auto found = ledger_.find(order.attempt);
  if (found != ledger_.end() && found->second.over) {
    found->second.forgotten = true;
    found->second.forgotten_write = write_ledger();
  }
}

// ---- what the agent says

void Box::send(decltype(ToDaemon::body) body) {
  network_.send(ToDaemon{index_, session_, std::move(body)});
}

void Box::say_hello() {
  ++hellos_;
  hello_sent_ = world_.now();
  std::vector<core::SlotOffer> slots;
  for (std::uint32_t i = 0; !slots_withheld_ && i < plan_.gpus + plan_.cpus; ++i) {
    slots.push_back({i, i < plan_.gpus, fmt::format("{}-{}", plan_.uuid, i), "slot", 0});
  }
  send(Hello{{incarnation_, hellos_},
             plan_.uuid,
             fmt::format("boot-{}", boots_),
             fmt::format("{}", version_),
             slots,
             held()});
}

void Box::beat() {
  const Duration period = real(world_.scenario.heartbeat);
  if (session_ != 0 && heard_ + scaled(period, kBeatsUnansweredMax) < world_.now()) {
    session_ = 0;  // the connection is dead
  }
  if (session_ == 0) {
    say_hello();
  } else {
    beats_sent_[++beats_] = world_.now();
    send(Heartbeat{beats_, held()});
    for (auto& [key, row] : ledger_) {
      if (!row.forgotten) {
        report(key, row, row.acked);
        say_ended(key, row);
      }
    }
  }
  later_in_program(period, [this] { beat(); });
}

void Box::report(const AttemptKey& key, Row& row, std::size_t first) {
  if (session_ == 0 || row.fenced || first >= row.spool.size()) {
    return;
  }
  const std::size_t last = std::min(first + kReportsPerBatch, row.spool.size());
  send(ReportBatch{key,
                   {row.spool.begin() + static_cast<std::ptrdiff_t>(first),
                    row.spool.begin() + static_cast<std::ptrdiff_t>(last)}});
  if (world_.mutant == Mutant::kReportsForgottenUnacked) {
    row.acked = std::max(row.acked, last);
  }
}

void Box::say_ended(const AttemptKey& key, Row& row) {
  const bool reported = row.fenced || row.acked == row.spool.size();
  if (session_ == 0 || row.phase != core::Phase::kEnded || !(reported || plan_.eager_end)) {
    return;
  }
  if (reported && row.ended_write == 0) {
    // In the ledger only now: who reads it there need not have the reports any more.
    row.ended_write = write_ledger();
    row.reports_last = row.spool.size();
  }
  send(Ended{key, row.ended_write == 0 ? row.spool.size() : row.reports_last, row.outcome});
}

std::vector<core::HeldAttempt> Box::held() const {
  std::vector<core::HeldAttempt> list;
  for (const auto& [key, row] : ledger_) {
    if (!row.forgotten) {
      list.push_back({key, row.phase});
    }
  }
  return list;
}

bool Box::slots_taken(const std::vector<std::uint32_t>& slots) const {
  return std::any_of(ledger_.begin(), ledger_.end(), [&slots](const auto& entry) {
    const Row& row = entry.second;
    return !row.over &&
           std::find_first_of(slots.begin(), slots.end(), row.slots.begin(), row.slots.end()) !=
               slots.end();
  });
}

}  // namespace sweepd::sim
