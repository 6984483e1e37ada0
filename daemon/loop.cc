// The heart of sweepd: receive, decide, commit, send.
#include "daemon/loop.h"

#include "base/counted.h"
#include "base/log.h"
#include "daemon/core/view.h"
#include "daemon/record_log.h"
#include "wire/store_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace sweepd::daemon {

namespace {

constexpr Duration kTick = milliseconds(100);
constexpr Duration kIdleTick = seconds(1);
constexpr Duration kOwedPeriod = seconds(2);
constexpr Duration kHealPeriod = seconds(3);
// A family that is written seldom keeps all of the log ahead since its last flush: a start would
// read it again.
constexpr Duration kFlushPeriod = seconds(3600);
// Of one turn: questions may take longer than reports, and nobody loses a lease over them.
constexpr std::size_t kClientMessagesMax = 256;

}  // namespace

Loop::Loop(const Ports& ports, const Options& options)
    : ports_(ports),
      options_(options),
      shelf_(ports.journal),
      liveness_(options.rules),
      housekeeping_({ports.journal, ports.gc, ports.backups}),
      queries_({state_,
                shelf_,
                ports_.journal,
                ports_.logs,
                liveness_,
                options_.facts,
                ports_.backups,
                housekeeping_}),
      agents_(options.facts.term, options.rules, ports.trees),
      clients_(queries_, ports_.trees),
      disk_(ports.disk, options.disk_limits, options.facts.state_folder) {}

Result<void> Loop::start() {
  SWEEPD_TRY(state_, shelf_.recover());
  const ClockMark now = ports_.clock.mark();
  // A store from before leases were on record was opened with the usual one, as far as is known.
  const bool older = state_.lease > Duration{} || ports_.journal.next_seq() > 1;
  const Duration before = state_.lease > Duration{} ? state_.lease : LivenessRules{}.lease;
  const bool longer_before = older && before > options_.rules.lease;
  if (!options_.before.boot_id.empty() && options_.before.boot_id != now.boot_id) {
    rebooted_after_ = options_.before.now;
  }
  // What was left of the wait at the last commit: since then a wall clock may have leapt.
  const Instant older_over =
      rebooted_after_ ? now.now + std::max(Duration{}, state_.leases_over - *rebooted_after_)
                      : state_.leases_over;
  leases_over_ = std::max(
      older_over, now.now + lease_with_margin(longer_before ? before : options_.rules.lease));
  liveness_.restart(state_, now.now);
  liveness_.older_leases_until(longer_before ? leases_over_ : older_over);
  agents_.begin({state_.restores, place(), leases_over_, options_.session});
  records_lost_before_ = state_.records_lost;
  housekeeping_.begin_turn(now.now);
  housekeeping_.start(now.now);
  next_flush_ = now.now + kFlushPeriod;
  next_owed_ = now.now + kOwedPeriod;  // who is owed something has to say Hello first
  decide(core::DaemonStarted{leases_over_, options_.rules.lease, rebooted_after_}, now);
  return finish(now);
}

Result<void> Loop::run() {
  while (!ports_.doors.stopping()) {
    SWEEPD_TRY_VOID(turn());
  }
  return {};
}

Duration Loop::patience() const {
  if (!left_over_.empty() || !unanswered_.empty()) {
    return {};
  }
  const bool waiting = !state_.live.empty() || !state_.agents.empty() || trouble_;
  return housekeeping_.patience(waiting ? kTick : kIdleTick);
}

Result<void> Loop::turn() {
  ports_.doors.wait(patience());
  const ClockMark now = ports_.clock.mark();
  housekeeping_.begin_turn(now.now);
  if (trouble_ || ports_.journal.wants_heal()) {
    SWEEPD_TRY_VOID(try_to_heal(now));
  }
  receive(now);
  tick(now);
  SWEEPD_TRY_VOID(watch_disk(now));
  SWEEPD_TRY_VOID(flush_now_and_then(now.now));
  SWEEPD_TRY_VOID(finish(now));
  return keep_house(now.now);
}

void Loop::receive(const ClockMark& now) {
  suggester_.begin_turn(state_);
  for (const auto& [sweep, wanted] : std::exchange(unanswered_, {})) {
    if (suggester_.tired()) {
      unanswered_.emplace(sweep, wanted);
    } else {
      decide(suggester_.suggest(state_, wanted), now);
    }
  }
  for (core::EventBody& event : std::exchange(left_over_, {})) {
    decide(event, now);
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < options_.batch_messages_max && bytes < limits::kBatchBytesMax; ++i) {
    const auto message = ports_.doors.receive(wire::Door::kControl);
    if (!message) {
      break;
    }
    bytes += message->bytes.size();
    hear_agent(*message, now);
  }
  const std::size_t clients = std::min(kClientMessagesMax, options_.batch_messages_max);
  for (std::size_t i = 0; i < clients; ++i) {
    const auto message = ports_.doors.receive(wire::Door::kClient);
    if (!message) {
      break;
    }
    hear_client(*message, now);
  }
}

void Loop::hear_agent(const wire::Incoming& message, const ClockMark& now) {
  AgentHeard heard = agents_.read(state_, message);
  if (heard.agent) {
    liveness_.heard(*heard.agent, now.now);
  }
  send(std::move(heard.reply));
  if (heard.event) {
    decide(*heard.event, now);
  }
}

void Loop::hear_client(const wire::Incoming& message, const ClockMark& now) {
  ClientHeard heard = clients_.read(message, stamp(now), trouble_);
  send(std::move(heard.reply));
  if (heard.event) {
    decide(*heard.event, now);
  }
}

void Loop::tick(const ClockMark& now) {
  if (trouble_ || now.now < next_tick_) {
    return;
  }
  next_tick_ = now.now + kTick;
  for (const core::EventBody& event : liveness_.due(now.now)) {
    decide(event, now);
  }
  if (!state_.live.empty()) {
    decide(core::TimePassed{}, now);
  }
  if (now.now >= next_owed_) {
    next_owed_ = now.now + kOwedPeriod;
    add_owed(now.now, std::nullopt);
  }
}

Result<void> Loop::watch_disk(const ClockMark& now) {
  if (const auto changed = disk_.look(now.now, state_.storage)) {
    decide(*changed, now);
  }
  say_health(now.now);
  if (disk_.overdue(now.now)) {
    return Error{Errc::kUnexpected,
                 fmt::format("there is room on the disk of {} again, and the store still cannot be "
                             "written",
                             options_.facts.state_folder)};
  }
  return {};
}

// Of the store; what is decided and not yet on disk does not count.
std::uint64_t Loop::place() const {
  return wire::to_number({options_.store, state_.restores, ports_.journal.next_seq() - 1});
}

void Loop::say_health(Instant now) {
  ServerFacts& facts = options_.facts;
  facts.disk = disk_.space();
  if (const auto newer = agents_.newer_term()) {
    facts.refuses = fmt::format(
        "agents obey a daemon of term {}, and this one is of term {}: its state folder is an old "
        "one; start sweepd on the newest, or, if there is none, `sweepctl server backup` this one "
        "and `sweepd restore` the backup",
        *newer,
        facts.term);
  }
  if (trouble_) {
    facts.health = trouble_->message;
  } else if (state_.storage != core::StorageLevel::kPlenty) {
    facts.health = state_.storage_reason.sentence;
  } else if (state_.records_lost > records_lost_before_) {
    facts.health = fmt::format(
        "the store went back: at least {} that agents were told of {} gone, and with them what was "
        "acknowledged in them; look with `sweepctl ls` for sweeps that are missing and submit them "
        "again, and look at the disk ({}) before it loses more",
        counted(state_.records_lost - records_lost_before_, "record"),
        state_.records_lost - records_lost_before_ == 1 ? "is" : "are",
        facts.state_folder);
  } else if (!facts.refuses.empty()) {
    facts.health = facts.refuses;
  } else {
    const std::string waits = core::why_nothing_starts(state_, now);
    facts.health = waits.empty() ? "ok" : waits;
  }
}

Result<void> Loop::flush_now_and_then(Instant now) {
  if (trouble_ || now < next_flush_) {
    return {};
  }
  next_flush_ = now + kFlushPeriod;
  const Result<void> begun = ports_.journal.start_flush();
  return begun.ok() || begun.error().code == Errc::kUnavailable ? Result<void>() : begun;
}

// Only when all that was decided is on the disk: gc asks the disk what is referred to.
Result<void> Loop::keep_house(Instant now) {
  return trouble_ ? Result<void>() : housekeeping_.step(state_, now);
}

void Loop::decide(const core::EventBody& event, const ClockMark& now) {
  // Nothing can be stored, so nothing is decided: whoever needs it says it again.
  if (trouble_) {
    return;
  }
  std::vector<core::EventBody> events = {event};
  while (!events.empty()) {
    const core::EventBody body = std::move(events.back());
    events.pop_back();
    core::Outcome outcome = core::step(state_, {stamp(now), body});
    std::move(outcome.records.begin(), outcome.records.end(), std::back_inserter(records_));
    for (core::Effect& effect : outcome.effects) {
      if (const auto* wanted = std::get_if<core::Suggest>(&effect)) {
        if (suggester_.tired()) {
          unanswered_.insert_or_assign(wanted->sweep, *wanted);
        } else {
          events.emplace_back(suggester_.suggest(state_, *wanted));
        }
      } else {
        effects_.push_back(std::move(effect));
      }
    }
  }
  if (const auto* lost = std::get_if<core::AgentLost>(&event)) {
    agents_.drop(lost->agent);
    liveness_.forget(lost->agent);
  }
}

void Loop::add_owed(Instant now, const std::optional<AgentId>& only) {
  for (core::Effect& effect : core::owed(state_, now)) {
    const auto* start = std::get_if<core::StartAttempt>(&effect);
    const auto* stop = std::get_if<core::StopAttempt>(&effect);
    const AgentId agent = start != nullptr  ? start->agent
                          : stop != nullptr ? stop->agent
                                            : AgentId{};
    if (!only || agent == *only) {
      effects_.push_back(std::move(effect));
    }
  }
}

Result<void> Loop::finish(const ClockMark& now) {
  if (!records_.empty()) {
    Batch batch{std::move(records_), {}, now};
    records_.clear();
    batch.headers = shelf_.update(state_, batch.records);
    if (auto committed = ports_.journal.commit(batch); !committed.ok()) {
      return give_up_batch(committed.error(), now);
    }
    log_records(state_, batch.records);
    housekeeping_.committed(batch.records, now.now);
  }
  agents_.set_stored(place());
  // Effects are performed in the order in which they were asked for; performing one may add others.
  for (std::size_t i = 0; i < effects_.size(); ++i) {
    const core::Effect effect = std::move(effects_[i]);
    perform(effect);
  }
  effects_.clear();
  left_over_ = agents_.take_failures();
  shelf_.trim(state_);
  flush();
  started_ = started_ || !trouble_;
  return {};
}

Result<void> Loop::give_up_batch(const Error& error, const ClockMark& now) {
  effects_.clear();
  outbox_.clear();
  left_over_.clear();
  forget_proposals();
  if (error.code != Errc::kUnavailable) {
    return error;
  }
  refuse_changes(error, now.now);
  next_heal_ = now.now + kHealPeriod;
  disk_.full(now.now);
  // The memory is ahead of the disk, and only what is on the disk is true.
  SWEEPD_TRY(state_, shelf_.recover());
  agents_.keep_known(state_);
  outbox_ = clients_.refuse_pending(*trouble_);
  flush();
  return {};
}

void Loop::refuse_changes(const Error& error, Instant now) {
  if (!trouble_) {
    log_error("the disk is full, changes are refused until there is room: {}", error.message);
  }
  const std::string& folder = options_.facts.state_folder;
  trouble_ = Error{
      Errc::kUnavailable,
      error.code == Errc::kWrongState
          ? fmt::format("disk full on {}: changes are taken again when what reads the store, like "
                        "a backup, is done; nothing was lost",
                        folder)
          : fmt::format("disk full on {}: free some space; nothing was lost", folder)};
  say_health(now);
}

Result<void> Loop::try_to_heal(const ClockMark& now) {
  if (now.now < next_heal_) {
    return {};
  }
  next_heal_ = now.now + kHealPeriod;
  disk_.full(now.now);
  if (const Result<void> healed = ports_.journal.heal(); !healed.ok()) {
    return not_healed(healed.error(), now.now);
  }
  disk_.healed();
  if (!trouble_) {
    return {};
  }
  SWEEPD_TRY(state_, shelf_.recover());
  log_info("there is room on the disk again: changes are accepted");
  forget_proposals();
  agents_.keep_known(state_);
  liveness_.restart(state_, now.now);
  trouble_.reset();
  if (!started_) {
    decide(core::DaemonStarted{leases_over_, options_.rules.lease, rebooted_after_}, now);
  }
  say_health(now.now);
  return {};
}

// All that was decided is on the disk here, so that the memory is right. The store may be closed
// now: before the next decision is made it has to be known that none can be stored.
Result<void> Loop::not_healed(const Error& error, Instant now) {
  if (error.code == Errc::kWrongState) {
    disk_.waited_for_readers();
  } else if (error.code != Errc::kUnavailable) {
    return error;
  }
  refuse_changes(error, now);
  return {};
}

void Loop::forget_proposals() {
  suggester_.forget();
  unanswered_.clear();
}

void Loop::perform(const core::Effect& effect) {
  struct Performer {
    Loop& loop;

    void operator()(const core::StartAttempt& start) const {
      loop.send(loop.agents_.perform(loop.state_, start));
    }

    void operator()(const core::StopAttempt& stop) const { loop.send(loop.agents_.perform(stop)); }

    void operator()(const core::AckReports& ack) const { loop.send(loop.agents_.perform(ack)); }

    void operator()(const core::AckEnded& ack) const { loop.send(loop.agents_.perform(ack)); }

    void operator()(const core::WelcomeAgent& welcome) const {
      const Instant now = loop.ports_.clock.mark().now;
      loop.send(loop.agents_.perform(welcome));
      loop.liveness_.heard(welcome.agent, now);
      loop.add_owed(now, welcome.agent);
    }

    void operator()(const core::Suggest&) const {}  // answered while deciding

    void operator()(const core::Answer& answer) const {
      loop.send(loop.clients_.perform(loop.state_, stamp(loop.ports_.clock.mark()), answer));
    }
  };

  std::visit(Performer{*this}, effect);
}

void Loop::send(std::optional<Outgoing> message) {
  if (message) {
    outbox_.push_back(*std::move(message));
  }
}

void Loop::flush() {
  for (const Outgoing& message : outbox_) {
    // A peer that is gone or does not read gets it again: orders and facts are repeated until
    // acknowledged, and clients repeat their requests.
    ports_.doors.send(message.door, message.peer, message.bytes);
  }
  outbox_.clear();
}

}  // namespace sweepd::daemon
