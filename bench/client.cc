// A client and an agent of the daemon, as small as the protocol allows.
#include "bench/client.h"

#include "base/check.h"
#include "base/limits.h"
#include "wire/endpoint.h"
#include "wire/protocol.h"
#include "wire/spec/spec_codec.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

namespace sweepd::bench {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kHeartbeatUs = 1'000'000;

wire::Dealer dial(wire::Context& context, const std::string& server, wire::Door door) {
  const auto endpoint = wire::Endpoint::parse(server);
  SWEEPD_CHECK(endpoint.ok());
  auto dealer = wire::Dealer::connect(
      context, endpoint->address(door), {limits::kClientMessageBytesMax, 100'000});
  SWEEPD_CHECK(dealer.ok());
  return std::move(*dealer);
}

void wait_readable(const wire::Dealer& dealer, milliseconds timeout) {
  std::array<wire::PollItem, 1> items;
  items[0].dealer = &dealer;
  wire::poll(items, timeout);
}

bool same(const pb::Attempt& a, const pb::Attempt& b) {
  return wire::from_proto(a) == wire::from_proto(b);
}

}  // namespace

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Client::Client(const std::string& server) : dealer_(dial(context_, server, wire::Door::kClient)) {}

pb::ClientReply Client::ask(pb::ClientRequest request) {
  request.set_id_high(static_cast<std::uint64_t>(::getpid()) << 32U ^
                      static_cast<std::uint64_t>(now_us()));
  request.set_id_low(++requests_);
  request.set_protocol(wire::kProtocolVersion);
  const std::string bytes = wire::encode(request);
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (dealer_.send(bytes) != wire::Sent::kYes) {
      std::this_thread::sleep_for(milliseconds(20));
      continue;
    }
    wait_readable(dealer_, milliseconds(2000));
    while (const auto answer = dealer_.receive()) {
      pb::ClientReply reply;
      SWEEPD_CHECK(wire::decode(*answer, limits::kClientMessageBytesMax, reply).ok());
      if (reply.id_high() == request.id_high() && reply.id_low() == request.id_low()) {
        return reply;
      }
    }
  }
  check_failed("the daemon answers", __FILE__, __LINE__);
}

std::uint64_t Client::submit(const Sweep& sweep) {
  sweeps::SweepSpec spec;
  spec.name = "bench";
  spec.objective.metric = "loss";
  spec.run.command = sweep.command;
  spec.run.args = sweeps::ArgsStyle::kNone;
  spec.space.parameters.push_back({"x", sweeps::FloatRange{0, 1, false, {}}, ""});
  spec.search.sampler = sweeps::SamplerKind::kRandom;
  spec.search.trials = sweep.trials;
  if (sweep.bandit) {
    spec.stop.policy = sweeps::PolicyKind::kBandit;
    spec.stop.slack_factor = 1.0;
  }
  pb::ClientRequest request;
  *request.mutable_submit()->mutable_spec() = wire::to_proto(spec);
  const pb::ClientReply reply = ask(request);
  SWEEPD_CHECK(reply.code() == 0);
  return reply.submitted().sweep();
}

void Client::wait(std::uint64_t sweep) {
  pb::ClientRequest request;
  request.mutable_show_sweep()->set_selector(std::to_string(sweep));
  while (ask(request).sweep().summary().ended_wall_us() == 0) {
    std::this_thread::sleep_for(milliseconds(2));
  }
}

ZeroAgent::ZeroAgent(const std::string& server, std::uint32_t slots)
    : dealer_(dial(context_, server, wire::Door::kControl)), slots_(slots) {
  while (session_ == 0) {
    hello();
    wait_readable(dealer_, milliseconds(200));
    while (const auto bytes = dealer_.receive()) {
      pb::DaemonMessage message;
      SWEEPD_CHECK(wire::decode(*bytes, limits::kControlMessageBytesMax, message).ok());
      if (message.has_hello_ok()) {
        session_ = message.session();
      }
    }
  }
}

void ZeroAgent::hello() {
  pb::AgentMessage message;
  pb::Hello& hello = *message.mutable_hello();
  hello.set_protocol(wire::kProtocolVersion);
  hello.set_version("bench");
  hello.set_uuid("bench-zero-agent");
  hello.set_name("zero");
  hello.set_boot_id("boot");
  hello.set_incarnation(1);
  for (std::uint32_t index = 0; index < slots_; ++index) {
    pb::Slot& slot = *hello.add_slots();
    slot.set_index(index);
    slot.set_kind(pb::CPU);
  }
  for (const pb::HeldAttempt& held : held_) {
    *hello.add_held() = held;
  }
  dealer_.send(wire::encode(message));
}

void ZeroAgent::heartbeat_if_due() {
  if (now_us() < next_heartbeat_us_) {
    return;
  }
  next_heartbeat_us_ = now_us() + kHeartbeatUs;
  pb::AgentMessage message;
  message.mutable_heartbeat()->set_number(++heartbeats_);
  for (const pb::HeldAttempt& held : held_) {
    *message.mutable_heartbeat()->add_held() = held;
  }
  send(std::move(message));
}

pb::DaemonMessage ZeroAgent::receive() {
  while (true) {
    heartbeat_if_due();
    while (const auto bytes = dealer_.receive()) {
      pb::DaemonMessage message;
      SWEEPD_CHECK(wire::decode(*bytes, limits::kControlMessageBytesMax, message).ok());
      SWEEPD_CHECK(!message.has_who_are_you());
      if (message.has_hello_ok() || message.has_heartbeat_ack()) {
        continue;
      }
      if (message.has_start()) {
        const auto known =
            std::find_if(held_.begin(), held_.end(), [&](const pb::HeldAttempt& held) {
              return same(held.attempt(), message.start().attempt());
            });
        if (known != held_.end()) {
          continue;  // a repeat of an order that was taken
        }
        pb::HeldAttempt held;
        *held.mutable_attempt() = message.start().attempt();
        held.set_phase(pb::RUNNING);
        held_.push_back(held);
      }
      if (message.has_ended_ack()) {
        std::erase_if(held_, [&](const pb::HeldAttempt& held) {
          return same(held.attempt(), message.ended_ack().attempt());
        });
      }
      return message;
    }
    wait_readable(dealer_, milliseconds(100));
  }
}

void ZeroAgent::send(pb::AgentMessage message) {
  message.set_session(session_);
  const std::string bytes = wire::encode(message);
  while (dealer_.send(bytes) == wire::Sent::kBusy) {
    wait_readable(dealer_, milliseconds(1));
  }
}

void ZeroAgent::end(const pb::Attempt& attempt, std::uint64_t reports_last) {
  pb::AgentMessage message;
  pb::AttemptEnded& ended = *message.mutable_ended();
  *ended.mutable_attempt() = attempt;
  ended.set_reports_last(reports_last);
  ended.set_started(true);
  send(std::move(message));
}

void ZeroAgent::report(const pb::Attempt& attempt, const Reports& reports) {
  pb::AgentMessage message;
  pb::ReportBatch& batch = *message.mutable_reports();
  *batch.mutable_attempt() = attempt;
  std::uint64_t seq = reports.first;
  for (const double value : reports.values) {
    pb::Report& report = *batch.add_reports();
    report.set_seq(seq++);
    pb::Metric& metric = *report.add_metrics();
    metric.set_name("loss");
    metric.set_value(value);
  }
  send(std::move(message));
}

}  // namespace sweepd::bench
