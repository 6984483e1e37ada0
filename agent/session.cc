// What an agent says to the daemon and does on its orders.
#include "agent/session.h"

#include "agent/reason.h"
#include "base/labels.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr Duration kRejectedPause = seconds(30);
constexpr std::size_t kUnackedMax = 16 * 1024;  // of one attempt; beyond, files are not read on
constexpr Instant kNever{INT64_MAX};

pb::AttemptEnded ended_unseen(const AttemptKey& key) {
  pb::AttemptEnded end;
  *end.mutable_attempt() = wire::to_proto(key);
  return end;
}

}  // namespace

Session::Session(Identity identity, std::vector<pb::Slot> slots, const Remembered& remembered)
    : identity_(std::move(identity)),
      slots_(std::move(slots)),
      term_(remembered.term),
      stored_(remembered.stored),
      stored_remembered_(remembered.stored) {
  restore(remembered);
}

void Session::restore(const Remembered& remembered) {
  for (const Unfinished& unfinished : remembered.unfinished) {
    Held held;
    held.phase = unfinished.over ? pb::FINISHING : pb::RUNNING;
    held.reports = Outbox::repeating();
    held.lease = milliseconds(static_cast<std::int64_t>(unfinished.order.lease_ms()));
    held_.emplace(wire::from_proto(unfinished.order.attempt()), std::move(held));
  }
  for (const pb::AttemptEnded& end : remembered.ended) {
    hold_ended(wire::from_proto(end.attempt()), end);
  }
  for (const AttemptKey& key : remembered.done) {
    done_.insert(key);
  }
}

void Session::hold_ended(const AttemptKey& key, pb::AttemptEnded end) {
  Held& held = held_[key];
  held.phase = pb::ENDED;
  held.reports = Outbox(end.reports_last());
  held.end = std::move(end);
  held.end_resend_at = {};
  heartbeat_wanted_ = true;
}

// ---- orders and answers

void Session::receive(Instant now, const pb::DaemonMessage& message) {
  if (!obey_term(message.term())) {
    // Not obeyed either, but people should hear why nothing happens: it says so to a Hello.
    if (message.has_hello_rejected() && !registered()) {
      rejection_ = message.hello_rejected().sentence();
    } else if (message.has_who_are_you() && registered() && message.session() == session_) {
      reregister(now);
    }
    return;
  }
  const bool current = registered() && message.session() == session_;
  using Body = pb::DaemonMessage;
  switch (message.body_case()) {
    case Body::kHelloOk:
      on_hello_ok(now, message.session(), message.hello_ok());
      return;
    case Body::kHelloRejected:
      session_ = 0;
      rejection_ = message.hello_rejected().sentence();
      hello_at_ = now + kRejectedPause;
      return;
    case Body::kWhoAreYou:
      if (current || message.session() == 0) {
        reregister(now);
      }
      return;
    case Body::kHeartbeatAck:
    case Body::kStart:
    case Body::kStop:
    case Body::kReportsAck:
    case Body::kEndedAck:
    case Body::kOutputsMissing:
    case Body::BODY_NOT_SET:
      break;
  }
  if (!current) {
    return;  // of a session that is over: what it orders may be long decided otherwise
  }
  if (message.has_heartbeat_ack()) {
    on_heartbeat_ack(message.heartbeat_ack());
  } else if (message.has_start()) {
    on_start(now, message.start());
  } else if (message.has_stop()) {
    on_stop(message.stop());
  } else if (message.has_reports_ack()) {
    on_reports_ack(now, message.reports_ack());
  } else if (message.has_ended_ack()) {
    on_ended_ack(wire::from_proto(message.ended_ack().attempt()));
  } else if (message.has_outputs_missing()) {
    on_outputs_missing(wire::from_proto(message.outputs_missing().attempt()));
  }
}

bool Session::obey_term(std::uint64_t term) {
  if (term < term_) {
    return false;
  }
  if (term > term_) {
    term_ = term;
    commands_.emplace_back(RememberTerm{term});
  }
  return true;
}

void Session::reregister(Instant now) {
  if (registered()) {
    session_ = 0;
    hellos_ = 0;
    // A daemon that answers every message of a burst so gets one Hello, not one for each.
    hello_at_ = std::max(now, hello_sent_ + kHelloFirst);
  }
}

void Session::on_hello_ok(Instant now, std::uint64_t session, const pb::HelloOk& ok) {
  // The answer to an older one: the daemon still has to read the newest, and then gives up what
  // that does not list.
  if (session == 0 || !hello_open_ || ok.hello() != hello_number_) {
    return;
  }
  session_ = session;
  hellos_ = 0;
  heartbeat_period_ = milliseconds(std::max<std::uint32_t>(ok.heartbeat_ms(), 10));
  lease_ = milliseconds(static_cast<std::int64_t>(ok.lease_ms()));
  lease_from_ = hello_sent_;
  hello_open_ = false;
  heartbeats_sent_.clear();
  heartbeat_wanted_ = true;
  take_stored(ok.stored());
  for (const pb::ReportsAck& ack : ok.reports()) {
    compare_reports(now, ack);
  }
  for (auto& [key, held] : held_) {
    held.lease = {};  // another daemon's promise may have been another
    held.reports.send_again();
    held.end_resend_at = now;
  }
  for (const pb::Attempt& attempt : ok.kill()) {
    const AttemptKey key = wire::from_proto(attempt);
    if (const auto held = held_.find(key); held != held_.end()) {
      held->second.discarded = true;
      stop(key, held->second, {key, Duration{}, std::nullopt, true});
    }
  }
}

void Session::on_heartbeat_ack(const pb::HeartbeatAck& ack) {
  take_stored(ack.stored());
  const auto sent = heartbeats_sent_.find(ack.number());
  if (sent == heartbeats_sent_.end()) {
    return;
  }
  // From when it was sent: the daemon's lease runs from when it arrived, which was later.
  lease_from_ = std::max(lease_from_.value_or(sent->second), sent->second);
  heartbeats_sent_.erase(heartbeats_sent_.begin(), std::next(sent));
}

void Session::on_start(Instant now, const pb::StartAttempt& order) {
  const AttemptKey key = wire::from_proto(order.attempt());
  heartbeat_wanted_ = true;  // the order is repeated until the attempt is seen among those held
  if (leaving_ || held_.contains(key) || !key.attempt) {
    return;
  }
  if (done_.contains(key)) {
    refuse(key);
    return;
  }
  Held held;
  held.lease = milliseconds(static_cast<std::int64_t>(order.lease_ms()));
  if (lease_end_of(held) <= now) {
    return;
  }
  held_.emplace(key, std::move(held));
  commands_.emplace_back(Launch{order});
}

void Session::on_stop(const pb::StopAttempt& order) {
  const AttemptKey key = wire::from_proto(order.attempt());
  const auto held = held_.find(key);
  if (held != held_.end()) {
    stop(key,
         held->second,
         {key, milliseconds(static_cast<std::int64_t>(order.grace_ms())), std::nullopt, false});
    return;
  }
  if (done_.contains(key)) {
    refuse(key);
    return;
  }
  // Never seen: remembered, so that a Start that was overtaken is refused.
  pb::AttemptEnded end = ended_unseen(key);
  end.set_stopped(true);
  hold_ended(key, std::move(end));
}

// Passes a stop on unless the attempt is over or being stopped as fast already.
void Session::stop(const AttemptKey& key, Held& held, Stop command) {
  const bool discards = command.discard && !held.discard_asked;
  const bool faster = !held.stopped || command.grace < *held.stopped;
  if (held.phase == pb::ENDED || !(discards || (faster && !held.over()))) {
    return;
  }
  held.discard_asked = held.discard_asked || command.discard;
  held.stopped = held.stopped ? std::min(*held.stopped, command.grace) : command.grace;
  command.attempt = key;
  commands_.emplace_back(std::move(command));
}

// Without a lease nothing may run: the daemon gives the attempts to others.
void Session::end_lapsed(Instant now) {
  for (auto& [key, held] : held_) {
    if (!held.over() && !held.stopped && lease_end_of(held) <= now) {
      stop(key,
           held,
           {key,
            Duration{},
            reason_of(pb::AGENT_LOST, "the lease ended without a word from the daemon"),
            false});
    }
  }
}

void Session::on_reports_ack(Instant now, const pb::ReportsAck& ack) {
  const AttemptKey key = wire::from_proto(ack.attempt());
  const auto found = held_.find(key);
  if (found == held_.end()) {
    return;
  }
  Held& held = found->second;
  if (ack.fenced()) {
    held.reports.drop();
    held.discarded = true;
    stop(key, held, {key, Duration{}, std::nullopt, true});
    return;
  }
  held.reports.acknowledge(now, ack.seq());
}

void Session::on_ended_ack(const AttemptKey& attempt) {
  const auto held = held_.find(attempt);
  if (held == held_.end() || !held->second.end) {
    return;
  }
  held_.erase(held);
  done_.insert(attempt);
  commands_.emplace_back(Forget{attempt});
  heartbeat_wanted_ = true;
}

void Session::on_outputs_missing(const AttemptKey& attempt) {
  const auto held = held_.find(attempt);
  if (held == held_.end() || !held->second.end || held->second.recollecting) {
    return;
  }
  held->second.recollecting = true;
  commands_.emplace_back(Recollect{attempt});
}

// ---- facts from this side

void Session::set_slots(Instant now, std::vector<pb::Slot> slots, const std::string& withheld) {
  slots_ = std::move(slots);
  identity_.labels.erase(kWithheldLabel);
  if (!withheld.empty()) {
    identity_.labels.emplace(kWithheldLabel, withheld);
  }
  // What a Hello that is under way says is not so any more: its answer is not waited for.
  hello_open_ = false;
  reregister(now);
}

void Session::phase_reached(const AttemptKey& attempt, pb::Phase phase) {
  const auto held = held_.find(attempt);
  if (held != held_.end() && phase > held->second.phase) {
    held->second.phase = phase;
    heartbeat_wanted_ = true;
  }
}

void Session::reported(const AttemptKey& attempt, pb::Report report) {
  const auto found = held_.find(attempt);
  if (found == held_.end() || found->second.discarded ||
      (found->second.end && !found->second.rereading)) {
    return;
  }
  found->second.reports.add(std::move(report));
}

std::optional<pb::AttemptEnded> Session::ended(pb::AttemptEnded end) {
  const auto found = held_.find(wire::from_proto(end.attempt()));
  if (found == held_.end()) {
    return std::nullopt;
  }
  Held& held = found->second;
  if (std::exchange(held.recollecting, false)) {
    // What else there is to say may have changed since it was told.
    held.end->set_tree_digest(end.tree_digest());
    held.end->set_tree_files(end.tree_files());
    held.end->set_tree_bytes(end.tree_bytes());
    held.end->set_uncollected(end.uncollected());
  } else if (held.end) {
    return std::nullopt;
  } else {
    if (held.discarded) {
      // Its reports and files are not kept. Should the daemon lose that it had given the attempt
      // up, it does so once more.
      *end.mutable_failure() = reason_of(pb::AGENT_LOST, "the daemon had given it up");
    }
    end.set_reports_last(held.reports.last());
    held.phase = pb::ENDED;
    held.end = std::move(end);
  }
  held.end_resend_at = {};
  return held.end;
}

void Session::leave(Duration grace) {
  leaving_ = true;
  for (auto& [key, held] : held_) {
    if (!held.over()) {  // what only has to be delivered may still be
      stop(key, held, {key, grace, reason_of(pb::STOPPED_BY_AGENT, "the agent was stopped"), true});
    }
  }
}

void Session::say_goodbye(std::string reason) {
  if (registered()) {
    message().mutable_goodbye()->set_reason(std::move(reason));
  }
}

// ---- outputs

std::vector<pb::AgentMessage> Session::take_messages() {
  return std::exchange(messages_, {});
}

std::optional<std::string> Session::take_rejection() {
  return std::exchange(rejection_, std::nullopt);
}

bool Session::reports_delivered(const AttemptKey& attempt) const {
  const auto held = held_.find(attempt);
  return held == held_.end() || held->second.reports.waiting() == 0;
}

bool Session::wants_reports(const AttemptKey& attempt) const {
  const auto held = held_.find(attempt);
  return held == held_.end() || held->second.reports.waiting() < kUnackedMax;
}

std::optional<Instant> Session::lease_end(const AttemptKey& attempt) const {
  const auto held = held_.find(attempt);
  const Instant end = held == held_.end() ? kNever : lease_end_of(held->second);
  return end == kNever ? std::nullopt : std::optional(end);
}

Instant Session::lease_end_of(const Held& held) const {
  const Duration lease = held.lease > Duration{} ? held.lease : lease_;
  return lease > Duration{} && lease_from_ ? *lease_from_ + lease : kNever;
}

}  // namespace sweepd::agent
