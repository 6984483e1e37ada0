// Messages of agents -> what the core knows them as, and the order to start.
#include "daemon/agent_messages.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "sweeps/command.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sweepd::daemon {

namespace {

constexpr int kSlotsMax = 4096;
constexpr int kHeldMax = 16384;
constexpr int kLabelsMax = 64;
constexpr std::size_t kDigestBytes = 64;  // SHA-256 in hex
// Times that are further away than this are nobody's; it keeps arithmetic on them within its type.
constexpr std::int64_t kWallUsMax = std::int64_t{1} << 60;

Error refusal(std::string_view what) {
  return {Errc::kInvalidArgument, fmt::format("a message with {}", what)};
}

bool good_name(const std::string& name) {
  return !name.empty() && name.size() <= limits::kNameBytesMax;
}

bool good_attempt(const pb::Attempt& attempt) {
  return attempt.sweep() != 0 && attempt.trial() != 0 && attempt.attempt() != 0;
}

bool good_metric_name(const std::string& name) {
  return !name.empty() && name.size() <= limits::kMetricNameBytesMax;
}

bool good_digest(const std::string& digest) {
  const auto hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  };
  return digest.empty() ||
         (digest.size() == kDigestBytes && std::all_of(digest.begin(), digest.end(), hex));
}

WallTime wall_from(std::int64_t us) {
  return {std::clamp(us, -kWallUsMax, kWallUsMax)};
}

Result<core::SlotOffer> slot_from(const pb::Slot& slot) {
  if (slot.kind() != pb::CPU && slot.kind() != pb::GPU) {
    return refusal("a slot of an unknown kind");
  }
  if (slot.name().size() > limits::kNameBytesMax || slot.uuid().size() > limits::kNameBytesMax) {
    return refusal("a slot whose name is too long");
  }
  return core::SlotOffer{
      slot.index(), slot.kind() == pb::GPU, slot.uuid(), slot.name(), slot.memory_bytes()};
}

Result<std::vector<core::SlotOffer>> slots_from(const pb::Hello& hello) {
  if (hello.slots_size() > kSlotsMax) {
    return refusal("too many slots");
  }
  std::vector<core::SlotOffer> slots;
  std::set<std::uint32_t> indexes;
  for (const pb::Slot& stated : hello.slots()) {
    SWEEPD_TRY(core::SlotOffer slot, slot_from(stated));
    if (!indexes.insert(slot.index).second) {
      return refusal("two slots of one index");
    }
    slots.push_back(std::move(slot));
  }
  return slots;
}

Result<core::Report> report_from(const pb::Report& stated) {
  if (static_cast<std::size_t>(stated.metrics_size()) > limits::kMetricNamesPerAttemptMax) {
    return refusal("a report of too many metrics");
  }
  core::Report report{stated.seq(), wall_from(stated.wall_us()), {}};
  report.metrics.reserve(static_cast<std::size_t>(stated.metrics_size()));
  for (const pb::Metric& metric : stated.metrics()) {
    if (!good_metric_name(metric.name())) {
      return refusal("a metric whose name is empty or too long");
    }
    report.metrics.push_back({metric.name(), metric.value()});
  }
  return report;
}

// What an agent may say of its own accord about an attempt that failed.
Result<core::Reason> failure_from(const pb::Reason& reason) {
  switch (reason.code()) {
    case pb::REASON_NONE:
      return core::Reason{};
    case pb::TIMEOUT:
    case pb::EXEC_ERROR:
    case pb::PREPARE_ERROR:
    case pb::AGENT_RESTARTED:
    case pb::SILENT:
    case pb::AGENT_LOST:
    case pb::STOPPED_BY_AGENT:
    case pb::AGENT_ERROR:
      return core::Reason{static_cast<core::ReasonCode>(reason.code()), reason.sentence()};
    default:  // of a generated enum, which is open
      return refusal("a failure that is not an agent's to state");
  }
}

void add_environment(const StartOrder& order, pb::StartAttempt& message) {
  const auto add = [&](const std::string& name, const std::string& value) {
    pb::EnvVar& variable = *message.add_env();
    variable.set_name(name);
    variable.set_value(value);
  };
  for (const auto& [name, value] : order.sweep.spec.env) {
    add(name, value);
  }
  for (const auto& [name, value] : sweeps::param_environment(order.trial.assignment)) {
    add(name, value);
  }
  add("SWEEPD_SWEEP_ID", std::to_string(order.sweep.id.value));
  add("SWEEPD_TRIAL_ID", std::to_string(order.trial.number.value));
  add("SWEEPD_ATTEMPT", std::to_string(order.attempt.number.value));
}

void put_metrics(const sweeps::MetricsSpec& spec, pb::MetricsSpec& message) {
  message.set_jsonl(spec.jsonl);
  message.set_stdout_rules(spec.stdout_rules);
  for (const sweeps::StdoutRule& rule : spec.stdout_patterns) {
    pb::StdoutRule& stated = *message.add_stdout_patterns();
    stated.set_pattern(rule.pattern);
    stated.set_name(rule.name);
  }
}

}  // namespace

Result<std::vector<core::HeldAttempt>> held_from(
    const google::protobuf::RepeatedPtrField<pb::HeldAttempt>& held) {
  if (held.size() > kHeldMax) {
    return refusal("too many attempts");
  }
  std::vector<core::HeldAttempt> attempts;
  attempts.reserve(static_cast<std::size_t>(held.size()));
  for (const pb::HeldAttempt& stated : held) {
    if (!good_attempt(stated.attempt()) || stated.phase() < pb::PREPARING ||
        stated.phase() > pb::ENDED) {
      return refusal("an attempt that cannot be");
    }
    attempts.push_back(
        {wire::from_proto(stated.attempt()), static_cast<core::Phase>(stated.phase())});
  }
  return attempts;
}

Result<core::AgentJoined> joined_from(const pb::Hello& hello) {
  core::AgentJoined joined;
  if (!good_name(hello.uuid()) || !good_name(hello.name())) {
    return refusal("no name, or one that is too long");
  }
  if (hello.boot_id().size() > limits::kNameBytesMax ||
      hello.version().size() > limits::kNameBytesMax || hello.labels_size() > kLabelsMax) {
    return refusal("a boot id, version or list of labels that is too long");
  }
  for (const auto& [name, text] : hello.labels()) {
    if (!good_name(name) || text.size() > limits::kNameBytesMax) {
      return refusal("a label that is too long");
    }
    joined.labels[name] = text;
  }
  joined.uuid = hello.uuid();
  joined.name = hello.name();
  joined.boot_id = hello.boot_id();
  joined.version = hello.version();
  SWEEPD_TRY(joined.slots, slots_from(hello));
  SWEEPD_TRY(joined.held, held_from(hello.held()));
  return joined;
}

Result<core::ReportsArrived> reports_from(const pb::ReportBatch& batch, AgentId agent) {
  if (!good_attempt(batch.attempt())) {
    return refusal("reports of no attempt");
  }
  if (static_cast<std::size_t>(batch.reports_size()) > limits::kReportsPerMessageMax) {
    return refusal("too many reports");
  }
  core::ReportsArrived arrived{agent, wire::from_proto(batch.attempt()), {}};
  arrived.reports.reserve(static_cast<std::size_t>(batch.reports_size()));
  for (const pb::Report& stated : batch.reports()) {
    SWEEPD_TRY(core::Report report, report_from(stated));
    if (report.seq == 0 ||
        (!arrived.reports.empty() && report.seq != arrived.reports.back().seq + 1)) {
      return refusal("reports that do not follow each other");
    }
    arrived.reports.push_back(std::move(report));
  }
  return arrived;
}

Result<core::AttemptEnded> ended_from(const pb::AttemptEnded& ended, AgentId agent) {
  if (!good_attempt(ended.attempt()) || !good_digest(ended.tree_digest())) {
    return refusal("an end of no attempt, or a digest that is none");
  }
  if (ended.stderr_tail().size() > limits::kStderrTailBytesMax ||
      static_cast<std::size_t>(ended.metric_names_size()) > limits::kMetricNamesPerAttemptMax) {
    return refusal("too long a tail of stderr, or too many metrics");
  }
  core::AttemptEnded event{agent, wire::from_proto(ended.attempt()), ended.reports_last(), {}};
  core::AttemptOutcome& outcome = event.outcome;
  SWEEPD_TRY(outcome.failure, failure_from(ended.failure()));
  for (const std::string& name : ended.metric_names()) {
    if (!good_metric_name(name)) {
      return refusal("a metric whose name is empty or too long");
    }
    outcome.metric_names.push_back(valid_utf8(name));
  }
  outcome.started = ended.started();
  outcome.exit_code = ended.exit_code();
  outcome.signal = ended.signal();
  outcome.stopped = ended.stopped();
  outcome.stderr_tail = valid_utf8(ended.stderr_tail());
  outcome.tree_digest = ended.tree_digest();
  outcome.tree_files = ended.tree_files();
  outcome.tree_bytes = ended.tree_bytes();
  outcome.uncollected = ended.uncollected();
  outcome.thinned = ended.thinned();
  outcome.started_wall = wall_from(ended.started_wall_us());
  outcome.ended_wall = wall_from(ended.ended_wall_us());
  return event;
}

Result<pb::StartAttempt> start_message(const StartOrder& order) {
  const sweeps::SweepSpec& spec = order.sweep.spec;
  const TrialKey key{order.sweep.id, order.trial.number};
  SWEEPD_TRY(const std::vector<std::string> argv,
             sweeps::render_for_agent(spec, order.trial.assignment, key));
  pb::StartAttempt message;
  *message.mutable_attempt() = wire::to_proto({key.sweep, key.trial, order.attempt.number});
  message.mutable_slots()->Add(order.attempt.slots.begin(), order.attempt.slots.end());
  message.mutable_argv()->Add(argv.begin(), argv.end());
  add_environment(order, message);
  message.set_params_json(sweeps::params_json(order.trial.assignment));
  message.set_snapshot_digest(order.sweep.snapshot_digest);
  message.set_cwd(spec.run.cwd);
  message.mutable_outputs()->Add(spec.run.outputs.begin(), spec.run.outputs.end());
  message.mutable_logs()->Add(spec.run.logs.begin(), spec.run.logs.end());
  message.set_trial_time_ms(whole_ms(spec.limits.trial_time.value_or(Duration{})));
  message.set_silence_ms(whole_ms(spec.limits.silence.value_or(Duration{})));
  message.set_grace_ms(whole_ms(spec.limits.grace));
  message.set_lease_ms(whole_ms(order.lease));
  message.set_cpus(spec.resources.cpus);
  put_metrics(spec.metrics, *message.mutable_metrics());
  message.set_objective(spec.objective.metric);
  if (message.ByteSizeLong() > limits::kControlMessageBytesMax - 1024) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("command, environment and parameters take {} bytes, more than the {} "
                             "that an order may have",
                             message.ByteSizeLong(),
                             limits::kControlMessageBytesMax - 1024)};
  }
  return message;
}

std::uint64_t whole_ms(Duration span) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, span.us / 1000));
}

pb::Reason to_proto(const core::Reason& reason) {
  pb::Reason message;
  message.set_code(static_cast<pb::ReasonCode>(reason.code));
  message.set_sentence(valid_utf8(reason.sentence));
  return message;
}

}  // namespace sweepd::daemon
