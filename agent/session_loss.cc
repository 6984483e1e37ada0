// What a session does about a daemon that has lost what it once had on disk.
#include "agent/reason.h"
#include "agent/session.h"
#include "wire/protocol.h"
#include "wire/store_place.h"

#include <algorithm>
#include <utility>

namespace sweepd::agent {

// ---- how far its store was

void Session::take_stored(std::uint64_t stored) {
  if (stored == 0) {
    return;  // a daemon that does not say
  }
  if (stored_ == 0 || wire::same_store(stored, stored_)) {
    stored_ = std::max(stored_, stored);
    return;
  }
  // Another daemon altogether: its numbers are others.
  stored_ = stored;
  done_.clear();
}

// A place that is told with each heartbeat takes no write of its own: it goes along.
std::vector<Command> Session::take_commands() {
  const bool writes = std::any_of(commands_.begin(), commands_.end(), [](const Command& command) {
    return !std::holds_alternative<Stop>(command) && !std::holds_alternative<Reread>(command) &&
           !std::holds_alternative<Recollect>(command);
  });
  if (writes && stored_ != stored_remembered_) {
    remember_stored();
  }
  return std::exchange(commands_, {});
}

void Session::remember_stored() {
  stored_remembered_ = stored_;
  commands_.emplace_back(RememberStored{stored_});
}

// ---- what is told again

// How far a daemon has the reports of an attempt that begins a session: less than it once said when
// its store went back. Then all of them are told again, and it takes those that it lacks. So it is
// with what had ended when it was given up, and is not given up any more; what had not is given
// back.
void Session::compare_reports(Instant now, const pb::ReportsAck& ack) {
  const AttemptKey key = wire::from_proto(ack.attempt());
  const auto held = held_.find(key);
  if (held != held_.end() && held->second.end) {
    held->second.discarded = false;
  }
  if (held != held_.end() && !held->second.discarded &&
      held->second.reports.has_let_go(ack.seq())) {
    held->second.reports = Outbox::repeating();
    held->second.rereading = true;
    commands_.emplace_back(Reread{key});
  }
  on_reports_ack(now, ack);
}

void Session::reread(const AttemptKey& attempt) {
  const auto found = held_.find(attempt);
  if (found == held_.end() || !std::exchange(found->second.rereading, false)) {
    return;
  }
  Held& held = found->second;
  if (held.end && held.reports.last() < held.end->reports_last()) {
    held.reports.drop();
    *held.end->mutable_failure() = reason_of(
        pb::AGENT_LOST, "the daemon has lost reports of it, and they are gone from this box, too");
    held.end_resend_at = {};
  }
}

// An order about an attempt whose end was acknowledged: a daemon that has lost that would repeat it
// for ever. One that has not takes the answer for a repeat.
void Session::refuse(const AttemptKey& key) {
  pb::AttemptEnded end;
  *end.mutable_attempt() = wire::to_proto(key);
  *end.mutable_failure() = reason_of(
      pb::STOPPED_BY_AGENT, "its number was given to this agent before, and is not used twice");
  hold_ended(key, std::move(end));
}

}  // namespace sweepd::agent
