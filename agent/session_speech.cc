// What a session says, and when.
#include "agent/session.h"
#include "wire/protocol.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr std::uint32_t kHelloDoublingsMax = 7;  // 50 ms … 6.4 s
constexpr Duration kResend = seconds(1);
constexpr std::size_t kHeartbeatsKept = 1024;
constexpr Duration kStoredPeriod = seconds(60);  // a crash of the agent forgets no more of it

// Spreads the agents that all lost the same daemon: a part of `span` that the name decides.
Duration spread(const std::string& uuid, std::uint32_t round, Duration span) {
  std::uint64_t hash = 1469598103934665603ULL + round;  // FNV-1a
  for (const char c : uuid) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return {static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(span.us + 1))};
}

}  // namespace

void Session::tick(Instant now) {
  end_lapsed(now);
  if (stored_ != stored_remembered_ && now >= stored_due_) {
    remember_stored();
    stored_due_ = now + kStoredPeriod;
  }
  if (!registered()) {
    if (now >= hello_at_) {
      send_hello(now);
    }
    return;
  }
  // Reports before the end that names the last of them, both after the orders they answer.
  for (auto& [key, held] : held_) {
    send_reports(now, key, held);
    send_ended(now, held);
  }
  if (heartbeat_wanted_ || now >= heartbeat_at_) {
    send_heartbeat(now);
  }
}

void Session::send_hello(Instant now) {
  pb::Hello& hello = *message().mutable_hello();
  hello.set_protocol(wire::kProtocolVersion);
  hello.set_version(identity_.version);
  hello.set_uuid(identity_.uuid);
  hello.set_name(identity_.name);
  hello.set_boot_id(identity_.boot_id);
  hello.set_incarnation(identity_.incarnation);
  hello.set_term_seen(term_);
  hello.set_cpus(identity_.cpus);
  hello.set_memory_bytes(identity_.memory_bytes);
  hello.mutable_labels()->insert(identity_.labels.begin(), identity_.labels.end());
  hello.mutable_slots()->Assign(slots_.begin(), slots_.end());
  const std::vector<pb::HeldAttempt> held = held_list();
  hello.mutable_held()->Assign(held.begin(), held.end());
  hello.set_number(++hello_number_);
  hello.set_stored_seen(stored_);
  hello_open_ = true;
  hello_sent_ = now;
  const Duration pause{kHelloFirst.us << std::min(hellos_, kHelloDoublingsMax)};
  hello_at_ = now + pause;
  hello_at_ = hello_at_ + spread(identity_.uuid, hellos_, {pause.us / 4});
  ++hellos_;
}

void Session::send_heartbeat(Instant now) {
  pb::Heartbeat& heartbeat = *message().mutable_heartbeat();
  heartbeat.set_number(++heartbeats_);
  const std::vector<pb::HeldAttempt> held = held_list();
  heartbeat.mutable_held()->Assign(held.begin(), held.end());
  heartbeats_sent_[heartbeats_] = now;
  if (heartbeats_sent_.size() > kHeartbeatsKept) {
    heartbeats_sent_.erase(heartbeats_sent_.begin());
  }
  heartbeat_at_ = now + heartbeat_period_;
  heartbeat_wanted_ = false;
}

void Session::send_reports(Instant now, const AttemptKey& key, Held& held) {
  for (pb::ReportBatch& batch : held.reports.take_due(now)) {
    *batch.mutable_attempt() = wire::to_proto(key);
    *message().mutable_reports() = std::move(batch);
  }
}

void Session::send_ended(Instant now, Held& held) {
  if (held.end && !held.recollecting && now >= held.end_resend_at) {
    *message().mutable_ended() = *held.end;
    held.end_resend_at = now + kResend;
  }
}

Instant Session::next_wake() const {
  Instant wake = registered() ? heartbeat_at_ : hello_at_;
  for (const auto& [key, held] : held_) {
    if (!held.over() && !held.stopped) {
      wake = std::min(wake, lease_end_of(held));
    }
    if (registered()) {
      wake = std::min(wake, held.reports.next_wake().value_or(wake));
    }
    if (registered() && held.end && !held.recollecting) {
      wake = std::min(wake, held.end_resend_at);
    }
  }
  return wake;
}

std::vector<pb::HeldAttempt> Session::held_list() const {
  std::vector<pb::HeldAttempt> list;
  list.reserve(held_.size());
  for (const auto& [key, held] : held_) {
    pb::HeldAttempt& attempt = list.emplace_back();
    *attempt.mutable_attempt() = wire::to_proto(key);
    attempt.set_phase(held.phase);
    attempt.set_reports_last(held.reports.last());
  }
  return list;
}

pb::AgentMessage& Session::message() {
  pb::AgentMessage& message = messages_.emplace_back();
  message.set_session(session_);
  return message;
}

}  // namespace sweepd::agent
