// The one place where names of JSON fields are written down.
#include "cli/json.h"

#include "cli/format.h"

#include <fmt/format.h>

#include <cmath>

namespace sweepd::cli {

namespace {

Json time_json(std::int64_t wall_us) {
  return wall_us == 0 ? Json(nullptr) : Json(iso_text(wall_us));
}

// Sets a number, or null with its text under `nonfinite`.
void put_number(Json& object, const std::string& name, double value) {
  if (std::isfinite(value)) {
    object[name] = value;
    return;
  }
  object[name] = nullptr;
  object["nonfinite"][name] = number_text(value);
}

void put_optional(Json& object, const std::string& name, bool has, double value) {
  if (has) {
    put_number(object, name, value);
  } else {
    object[name] = nullptr;
  }
}

void put_reason(Json& object, const pb::Reason& reason) {
  const std::string name = reason_name(reason.code());
  object["reason"] = name.empty() ? Json(nullptr) : Json(name);
  object["reason_text"] = reason.sentence();
}

template <typename Repeated>
Json list_json(const Repeated& items) {
  Json list = Json::array();
  for (const auto& item : items) {
    list.push_back(item);
  }
  return list;
}

Json span_json(std::int64_t started_us, std::int64_t ended_us) {
  if (started_us == 0 || ended_us == 0) {
    return nullptr;
  }
  return static_cast<double>(ended_us - started_us) / 1e6;
}

Json slot_json(const pb::Slot& slot) {
  return {{"index", slot.index()},
          {"kind", slot.kind() == pb::GPU ? "gpu" : "cpu"},
          {"name", slot.name()},
          {"uuid", slot.uuid()},
          {"memory_bytes", slot.memory_bytes()}};
}

}  // namespace

std::string trial_name(std::uint64_t sweep, std::uint32_t trial) {
  return fmt::format("{}/{}", sweep, trial);
}

std::string attempt_name(const pb::Attempt& attempt) {
  return fmt::format("{}/{}#{}", attempt.sweep(), attempt.trial(), attempt.attempt());
}

std::string_view sampler_name(pb::SamplerKind kind) {
  return kind == pb::SAMPLER_KIND_GRID     ? "grid"
         : kind == pb::SAMPLER_KIND_RANDOM ? "random"
         : kind == pb::SAMPLER_KIND_SOBOL  ? "sobol"
                                           : "unknown";
}

std::string_view policy_name(pb::PolicyKind kind) {
  return kind == pb::POLICY_KIND_NONE         ? "none"
         : kind == pb::POLICY_KIND_BANDIT     ? "bandit"
         : kind == pb::POLICY_KIND_MEDIAN     ? "median"
         : kind == pb::POLICY_KIND_TRUNCATION ? "truncation"
         : kind == pb::POLICY_KIND_ASHA       ? "asha"
                                              : "unknown";
}

std::string reason_name(pb::ReasonCode code) {
  return code == pb::REASON_NONE ? std::string() : pb::ReasonCode_Name(code);
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json value_json(const pb::Value& value) {
  switch (value.kind_case()) {
    case pb::Value::kBoolValue:
      return value.bool_value();
    case pb::Value::kIntValue:
      return value.int_value();
    case pb::Value::kFloatValue:
      return std::isfinite(value.float_value()) ? Json(value.float_value())
                                                : Json(number_text(value.float_value()));
    case pb::Value::kTextValue:
      return value.text_value();
    case pb::Value::KIND_NOT_SET:
      return nullptr;
  }
  return nullptr;
}

Json params_json(const pb::Assignment& params) {
  Json object = Json::object();
  for (const pb::Binding& binding : params.bindings()) {
    object[binding.name()] = value_json(binding.value());
  }
  return object;
}

Json to_json(const pb::SweepSummary& sweep) {
  Json object = {{"sweep", sweep.sweep()}, {"name", sweep.name()}, {"state", sweep.state()}};
  put_reason(object, sweep.reason());
  object["ending"] = sweep.has_closing();
  object["job"] = sweep.job();
  object["experiment"] = sweep.experiment();
  object["user"] = sweep.user();
  object["metric"] = sweep.metric();
  object["goal"] = sweep.goal();
  object["trials_total"] = sweep.trials_total();
  object["trials"] = Json::object();
  for (const pb::StateCount& count : sweep.counts()) {
    object["trials"][count.state()] = count.count();
  }
  const bool has_best = sweep.best_trial() != 0;
  object["best_trial"] =
      has_best ? Json(trial_name(sweep.sweep(), sweep.best_trial())) : Json(nullptr);
  put_optional(object, "best_value", has_best, sweep.best_value());
  object["reports"] = sweep.reports();
  object["submitted_at"] = time_json(sweep.submitted_wall_us());
  object["ended_at"] = time_json(sweep.ended_wall_us());
  return object;
}

Json to_json(const pb::SweepDetail& sweep) {
  Json object = to_json(sweep.summary());
  const pb::SweepSpec& spec = sweep.spec();
  object["command"] = list_json(spec.run().command());
  object["sampler"] = sampler_name(spec.search().sampler());
  object["seed"] = spec.search().seed();
  object["policy"] = policy_name(spec.stop().policy());
  object["concurrent"] =
      spec.limits().has_concurrent() ? Json(spec.limits().concurrent()) : Json(nullptr);
  object["gpus"] = spec.resources().has_gpus() ? Json(spec.resources().gpus()) : Json(nullptr);
  object["cpus"] = spec.resources().cpus();
  object["keep"] = spec.run().has_keep() ? Json(spec.run().keep()) : Json(nullptr);
  object["priority"] = spec.priority();
  object["tags"] = Json::object();
  for (const pb::NamedText& tag : spec.tags()) {
    object["tags"][tag.name()] = tag.text();
  }
  object["notes"] = spec.notes();
  object["snapshot"] =
      sweep.snapshot_digest().empty() ? Json(nullptr) : Json(sweep.snapshot_digest());
  object["waiting"] = sweep.waiting();
  object["toml"] = sweep.toml();
  return object;
}

Json to_json(const pb::TrialRow& trial) {
  Json object = {{"trial", trial_name(trial.sweep(), trial.trial())},
                 {"sweep", trial.sweep()},
                 {"number", trial.trial()},
                 {"attempt", trial.attempt()},
                 {"state", trial.state()}};
  put_reason(object, trial.reason());
  put_optional(object, "value", trial.has_value(), trial.value());
  object["diverged"] = trial.diverged();
  object["reports"] = trial.reports();
  put_number(object, "resource", trial.resource());
  object["params"] = params_json(trial.params());
  object["agent"] = trial.agent();
  object["slots"] = list_json(trial.slots());
  object["started_at"] = time_json(trial.started_wall_us());
  object["ended_at"] = time_json(trial.ended_wall_us());
  object["seconds"] = span_json(trial.started_wall_us(), trial.ended_wall_us());
  return object;
}

bool has_exit(const pb::AttemptRow& attempt) {
  const bool ran =
      attempt.started_wall_us() != 0 || attempt.exit_code() != 0 || attempt.signal() != 0;
  return ran && attempt.ended_wall_us() != 0 && attempt.state() != "lost";
}

Json to_json(const pb::AttemptRow& attempt) {
  Json object = {{"attempt", attempt.attempt()}, {"state", attempt.state()}};
  put_reason(object, attempt.reason());
  object["agent"] = attempt.agent();
  object["slots"] = list_json(attempt.slots());
  object["exit_code"] = has_exit(attempt) ? Json(attempt.exit_code()) : Json(nullptr);
  object["signal"] = has_exit(attempt) ? Json(attempt.signal()) : Json(nullptr);
  object["started_at"] = time_json(attempt.started_wall_us());
  object["ended_at"] = time_json(attempt.ended_wall_us());
  object["seconds"] = span_json(attempt.started_wall_us(), attempt.ended_wall_us());
  object["stderr_tail"] = attempt.stderr_tail();
  object["artifact"] = attempt.tree_digest().empty() ? Json(nullptr) : Json(attempt.tree_digest());
  object["artifact_files"] = attempt.tree_files();
  object["artifact_bytes"] = attempt.tree_bytes();
  object["artifact_dropped"] = attempt.outputs_dropped();
  object["uncollected"] = attempt.uncollected();
  object["metrics"] = list_json(attempt.metric_names());
  object["thinned"] = attempt.thinned();
  return object;
}

Json to_json(const pb::VerdictRow& verdict) {
  Json object = {{"rule", verdict.rule()}, {"verdict", verdict.stop() ? "stop" : "continue"}};
  put_number(object, "at", verdict.at());
  put_number(object, "own", verdict.own());
  put_number(object, "threshold", verdict.threshold());
  object["peers"] = verdict.peers();
  object["attempt"] = verdict.attempt();
  object["decided_at"] = time_json(verdict.wall_us());
  return object;
}

Json to_json(const pb::TrialDetail& trial) {
  Json object = to_json(trial.row());
  object["metric"] = trial.metric();
  object["goal"] = trial.goal();
  object["explanation"] = trial.explanation();
  object["command"] = list_json(trial.argv());
  object["attempts"] = Json::array();
  for (const pb::AttemptRow& attempt : trial.attempts()) {
    object["attempts"].push_back(to_json(attempt));
  }
  object["verdicts"] = Json::array();
  for (const pb::VerdictRow& verdict : trial.verdicts()) {
    object["verdicts"].push_back(to_json(verdict));
  }
  return object;
}

Json to_json(const pb::Attempt& attempt, const pb::Report& report) {
  Json object = {{"attempt", attempt_name(attempt)},
                 {"report", report.seq()},
                 {"at", time_json(report.wall_us())},
                 {"metrics", Json::object()}};
  for (const pb::Metric& metric : report.metrics()) {
    const bool finite = std::isfinite(metric.value());
    object["metrics"][metric.name()] = finite ? Json(metric.value()) : Json(nullptr);
    if (!finite) {
      object["nonfinite"][metric.name()] = number_text(metric.value());
    }
  }
  return object;
}

Json to_json(const pb::AgentRow& agent) {
  Json object = {{"agent", agent.agent()},
                 {"name", agent.name()},
                 {"state", agent.state()},
                 {"slots", Json::array()}};
  std::uint32_t busy = 0;
  for (int i = 0; i < agent.slots_size(); ++i) {
    Json slot = slot_json(agent.slots(i));
    const bool held = i < agent.running_size() && agent.running(i).attempt() != 0;
    slot["running"] = held ? Json(attempt_name(agent.running(i))) : Json(nullptr);
    busy += held ? 1 : 0;
    object["slots"].push_back(std::move(slot));
  }
  object["slots_total"] = agent.slots_size();
  object["slots_busy"] = busy;
  object["last_seen_at"] = time_json(agent.last_seen_wall_us());
  object["version"] = agent.version();
  // A protobuf map has no order; JSON for scripts does.
  std::map<std::string, std::string> labels(agent.labels().begin(), agent.labels().end());
  object["labels"] = labels;
  object["drained"] = agent.has_drained();
  put_reason(object, agent.drained());
  return object;
}

Json to_json(const pb::AgentDetail& agent) {
  Json object = to_json(agent.row());
  object["proven"] = agent.proven();
  object["streak"] = Json::array();
  for (const pb::ChargeRow& charge : agent.streak()) {
    object["streak"].push_back({{"trial", trial_name(charge.sweep(), charge.trial())},
                                {"well_elsewhere", charge.confirmed()}});
  }
  return object;
}

Json to_json(const pb::ModelVersion& model) {
  Json object = {{"model", model.model()},
                 {"version", model.version()},
                 {"id", fmt::format("{}:{}", model.model(), model.version())},
                 {"trial", trial_name(model.sweep(), model.trial())},
                 {"attempt", model.attempt()},
                 {"metric", model.metric()}};
  put_optional(object, "value", model.has_value(), model.value());
  object["params"] = params_json(model.params());
  object["path"] = model.path();
  object["artifact"] = model.tree_digest();
  object["snapshot"] =
      model.snapshot_digest().empty() ? Json(nullptr) : Json(model.snapshot_digest());
  object["user"] = model.user();
  object["registered_at"] = time_json(model.registered_wall_us());
  return object;
}

Json to_json(const pb::ServerDetail& server) {
  return {{"version", server.version()},
          {"protocol", server.protocol()},
          {"state_folder", server.state_folder()},
          {"term", server.term()},
          {"started_at", time_json(server.started_wall_us())},
          {"agents", server.agents()},
          {"slots", server.slots()},
          {"slots_busy", server.slots_busy()},
          {"sweeps", server.sweeps()},
          {"health", server.health()},
          {"storage", server.storage()},
          {"disk_total_bytes", server.disk_total_bytes()},
          {"disk_free_bytes", server.disk_free_bytes()},
          {"log_ahead_bytes", server.log_ahead_bytes()},
          {"table_bytes", server.table_bytes()},
          {"memory_bytes", server.memory_bytes()},
          {"iterators", server.iterators()},
          {"clock_at", time_json(server.wall_us())},
          {"records_lost", server.records_lost()}};
}

Json to_json(const pb::BackupDetail& backup) {
  return {{"folder", backup.folder()},
          {"phase", backup.phase()},
          {"sweeps", backup.sweeps()},
          {"records", backup.records()},
          {"blobs", backup.blobs()},
          {"blob_bytes", backup.blob_bytes()}};
}

Json to_json(const pb::GcDetail& gc) {
  return {{"dry_run", gc.dry_run()},
          {"files", gc.files()},
          {"bytes", gc.bytes()},
          {"kept_files", gc.kept_files()},
          {"kept_bytes", gc.kept_bytes()}};
}

Json to_json(const pb::Manifest::File& file) {
  return {{"path", file.path()},
          {"bytes", file.size()},
          {"sha256", file.digest()},
          {"executable", file.executable()}};
}

Json to_json(const sweeps::Diagnostic& diagnostic, const std::string& path) {
  const bool error = diagnostic.severity == sweeps::Diagnostic::Severity::kError;
  const auto placed = [&diagnostic](std::uint32_t number) {
    return diagnostic.line == 0 ? Json() : Json(number);
  };
  return {{"file", path},
          {"line", placed(diagnostic.line)},
          {"column", placed(diagnostic.column)},
          {"length", placed(diagnostic.length)},
          {"severity", error ? "error" : "warning"},
          {"message", diagnostic.message},
          {"help", diagnostic.help}};
}

Json to_json(const Error& error, const std::string& path) {
  return {{"file", path},
          {"line", nullptr},
          {"column", nullptr},
          {"length", nullptr},
          {"severity", "error"},
          {"message", error.message},
          {"help", ""}};
}

}  // namespace sweepd::cli
