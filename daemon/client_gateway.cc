// The daemon's side of its conversations with clients.
#include "daemon/client_gateway.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"
#include "blobs/digest.h"
#include "daemon/query_rows.h"
#include "sweeps/code_needs.h"
#include "wire/protocol.h"
#include "wire/spec/spec_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sweepd::daemon {

namespace {

constexpr std::size_t kBodyDigits = 16;      // of a digest in hex, in a request's identity
constexpr std::size_t kTextBytesMax = 1024;  // of a user's name, a reason, a selector

RequestId id_of(const pb::ClientRequest& request) {
  return {request.id_high(), request.id_low()};
}

// A client repeats a change byte by byte, or it asks for another one.
RequestId change_id_of(const pb::ClientRequest& request, std::string_view bytes) {
  const std::string digest = blobs::digest_of(bytes);
  std::uint64_t body = 0;
  std::from_chars(digest.data(), digest.data() + kBodyDigits, body, 16);
  return {request.id_high(), request.id_low(), body};
}

pb::ClientReply reply_to(const RequestId& request) {
  pb::ClientReply reply;
  reply.set_id_high(request.high);
  reply.set_id_low(request.low);
  return reply;
}

Outgoing outgoing(const std::string& peer, const pb::ClientReply& reply) {
  return {wire::Door::kClient, peer, wire::encode(reply)};
}

Outgoing refused(const std::string& peer, const RequestId& request, const Error& error) {
  pb::ClientReply reply = reply_to(request);
  reply.set_code(static_cast<std::int32_t>(error.code));
  reply.set_message(valid_utf8(error.message));
  return outgoing(peer, reply);
}

// The client's connection would break on a message that is too long, and again whenever it asks.
Outgoing fitting(const std::string& peer, const pb::ClientReply& reply) {
  if (reply.ByteSizeLong() <= limits::kClientMessageBytesMax) {
    return outgoing(peer, reply);
  }
  return refused(peer,
                 {reply.id_high(), reply.id_low()},
                 {Errc::kImpossible,
                  fmt::format("the answer has {} bytes, more than the {} of a message",
                              reply.ByteSizeLong(),
                              limits::kClientMessageBytesMax)});
}

bool is_change(const pb::ClientRequest& request) {
  return request.has_submit() || request.has_control() || request.has_register_model() ||
         request.has_control_agent() || request.has_remove_sweep();
}

bool stays_below(std::string_view path) {
  if (path.substr(0, 1) == "/" || path.find('\0') != std::string_view::npos) {
    return false;
  }
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (path.substr(0, slash) == "..") {
      return false;
    }
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return true;
}

Result<void> check_text(const std::string& text, std::string_view what) {
  if (text.size() > kTextBytesMax) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("the {} has {} bytes, more than {}", what, text.size(), kTextBytesMax)};
  }
  return {};
}

}  // namespace

ClientHeard ClientGateway::read(const wire::Incoming& message,
                                const core::Stamp& at,
                                const std::optional<Error>& refusal) {
  pb::ClientRequest request;
  if (auto read = wire::decode(message.bytes, limits::kClientMessageBytesMax, request);
      !read.ok()) {
    log_warn("dropped a message of a client: {}", read.error().message);
    return {};
  }
  const RequestId id = id_of(request);
  if (request.protocol() != wire::kProtocolVersion) {
    const Error error{
        Errc::kInvalidArgument,
        fmt::format("this client speaks protocol {}, the daemon speaks {}: install the "
                    "same version of sweepctl and sweepd",
                    request.protocol(),
                    wire::kProtocolVersion)};
    return {std::nullopt, refused(message.peer, id, error)};
  }
  if (!is_change(request)) {
    pb::ClientReply reply = reply_to(id);
    const auto answered = queries_.answer(request, at, reply);
    return {
        std::nullopt,
        answered.ok() ? fitting(message.peer, reply) : refused(message.peer, id, answered.error())};
  }
  if (refusal) {
    return {std::nullopt, refused(message.peer, id, *refusal)};
  }
  const RequestId change_id = change_id_of(request, message.bytes);
  auto change = change_from(change_id, request);
  if (!change.ok()) {
    return {std::nullopt, refused(message.peer, id, change.error())};
  }
  pending_[change_id].push_back(message.peer);
  return {*std::move(change), std::nullopt};
}

Result<core::EventBody> ClientGateway::change_from(const RequestId& id,
                                                   const pb::ClientRequest& request) {
  if (id.high == 0 && id.low == 0) {
    return Error{Errc::kInvalidArgument, "a change without a request id"};
  }
  if (request.has_submit()) {
    return submit_from(id, request.submit());
  }
  if (request.has_control_agent()) {
    return agent_control_from(id, request.control_agent());
  }
  if (request.has_remove_sweep()) {
    return removal_from(id, request.remove_sweep());
  }
  return request.has_control() ? control_from(id, request.control())
                               : registration_from(id, request.register_model());
}

Result<core::EventBody> ClientGateway::submit_from(const RequestId& id, const pb::Submit& submit) {
  SWEEPD_TRY_VOID(check_text(submit.user(), "user name"));
  if (submit.toml().size() > limits::kSweepFileBytesMax) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("the sweep file has {} bytes, more than {}",
                             submit.toml().size(),
                             limits::kSweepFileBytesMax)};
  }
  SWEEPD_TRY(sweeps::SweepSpec spec, wire::from_proto(submit.spec()));
  SWEEPD_TRY_VOID(sweeps::validate(spec));
  if (!submit.snapshot_digest().empty() && !trees_.has_tree(submit.snapshot_digest())) {
    return Error{Errc::kNotFound,
                 fmt::format("the code with digest '{}' is not stored completely: upload it again",
                             submit.snapshot_digest())};
  }
  return core::EventBody(core::SweepSubmitted{id,
                                              std::move(spec),
                                              submit.toml(),
                                              submit.snapshot_digest(),
                                              submit.user(),
                                              submit.paused()});
}

Result<core::EventBody> ClientGateway::control_from(const RequestId& id,
                                                    const pb::Control& control) {
  SWEEPD_TRY_VOID(check_text(control.selector(), "selector"));
  SWEEPD_TRY_VOID(check_text(control.reason(), "reason"));
  SWEEPD_TRY_VOID(check_text(control.user(), "user name"));
  if (control.verb() < pb::PAUSE || control.verb() > pb::RETRY) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("unknown verb {}", static_cast<int>(control.verb()))};
  }
  SWEEPD_TRY(std::string selector, queries_.with_number(control.selector()));
  return core::EventBody(core::ControlRequested{id,
                                                static_cast<core::ControlVerb>(control.verb()),
                                                std::move(selector),
                                                control.user(),
                                                control.reason()});
}

Result<core::EventBody> ClientGateway::removal_from(const RequestId& id,
                                                    const pb::RemoveSweep& request) {
  SWEEPD_TRY_VOID(check_text(request.selector(), "selector"));
  SWEEPD_TRY_VOID(check_text(request.user(), "user name"));
  // A repeated one names a sweep that is not there any more, and is answered all the same.
  if (queries_.knows(id)) {
    return core::EventBody(core::RemovalRequested{id, request.selector(), request.user()});
  }
  SWEEPD_TRY(std::string selector, queries_.with_number(request.selector()));
  return core::EventBody(core::RemovalRequested{id, std::move(selector), request.user()});
}

Result<core::EventBody> ClientGateway::agent_control_from(const RequestId& id,
                                                          const pb::ControlAgent& control) {
  SWEEPD_TRY_VOID(check_text(control.selector(), "selector"));
  SWEEPD_TRY_VOID(check_text(control.reason(), "reason"));
  SWEEPD_TRY_VOID(check_text(control.user(), "user name"));
  if (control.verb() < pb::DRAIN_AGENT || control.verb() > pb::FORGET_AGENT) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("unknown verb {}", static_cast<int>(control.verb()))};
  }
  return core::EventBody(core::AgentControlRequested{id,
                                                     static_cast<core::AgentVerb>(control.verb()),
                                                     control.selector(),
                                                     control.user(),
                                                     control.reason()});
}

Result<core::EventBody> ClientGateway::registration_from(const RequestId& id,
                                                         const pb::RegisterModel& request) {
  SWEEPD_TRY_VOID(check_text(request.selector(), "selector"));
  SWEEPD_TRY_VOID(check_text(request.model(), "name of the model"));
  SWEEPD_TRY_VOID(check_text(request.path(), "path"));
  SWEEPD_TRY_VOID(check_text(request.user(), "user name"));
  SWEEPD_TRY(std::string selector, queries_.with_number(request.selector()));
  if (!stays_below(request.path())) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("the path '{}' must be relative and stay below the trial's files",
                             request.path())};
  }
  // As the trees write it: with "./outputs/model/" nothing would be found.
  std::string path = sweeps::inner_path(request.path()).value_or(request.path());
  return core::EventBody(core::ModelRegistrationRequested{
      id, std::move(selector), request.model(), std::move(path), request.user()});
}

namespace {

// Fills a reply with what the core decided.
struct PutAnswer {
  const core::State& state;
  const core::Stamp& at;
  Queries& queries;
  pb::ClientReply& reply;

  void operator()(const core::SubmitAnswer& answer) const {
    pb::SweepSummary summary;
    queries.summarize(answer.sweep, summary);
    pb::Submitted& submitted = *reply.mutable_submitted();
    submitted.set_sweep(answer.sweep.value);
    submitted.set_name(summary.name());
    submitted.set_trials_total(summary.trials_total());
    submitted.set_again(answer.again);
  }

  void operator()(const core::ControlAnswer& answer) const {
    pb::SweepSummary summary;
    queries.summarize(answer.sweep, summary);
    pb::Controlled& controlled = *reply.mutable_controlled();
    controlled.set_sweep(answer.sweep.value);
    for (const TrialNumber trial : answer.trials) {
      controlled.add_trials(trial.value);
    }
    controlled.set_state(summary.state());
  }

  void operator()(const core::ModelAnswer& answer) const {
    put(*reply.mutable_model_version(), state.models.at(answer.model).at(answer.version - 1));
  }

  void operator()(const core::RemovalAnswer& answer) const {
    reply.mutable_removed()->set_sweep(answer.sweep.value);
    reply.mutable_removed()->set_trials(answer.trials);
  }

  void operator()(const core::AgentAnswer& answer) const {
    queries.describe(answer.agent, at, *reply.mutable_agent());
  }

  void operator()(const Error& error) const {
    reply.set_code(static_cast<std::int32_t>(error.code));
    reply.set_message(valid_utf8(error.message));
  }
};

}  // namespace

std::optional<Outgoing> ClientGateway::perform(const core::State& state,
                                               const core::Stamp& at,
                                               const core::Answer& effect) {
  const auto waiting = pending_.find(effect.request);
  if (waiting == pending_.end()) {
    return std::nullopt;
  }
  const std::string peer = std::move(waiting->second.front());
  waiting->second.pop_front();
  if (waiting->second.empty()) {
    pending_.erase(waiting);
  }
  pb::ClientReply reply = reply_to(effect.request);
  std::visit(PutAnswer{state, at, queries_, reply}, effect.body);
  return outgoing(peer, reply);
}

std::vector<Outgoing> ClientGateway::refuse_pending(const Error& error) {
  std::vector<Outgoing> replies;
  for (const auto& [request, peers] : pending_) {
    for (const std::string& peer : peers) {
      replies.push_back(refused(peer, request, error));
    }
  }
  pending_.clear();
  return replies;
}

}  // namespace sweepd::daemon
