// Field by field, in the order of the schema; both directions stand side by side.
#include "wire/spec/spec_codec.h"

#include "wire/spec/codec_parts.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace sweepd::wire {
namespace {

using namespace sweeps;  // the two sides have the same names; the other one says pb::

Error refused(std::string message) {
  return Error{Errc::kInvalidArgument, std::move(message)};
}

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

void put_named(const NamedTexts& from, google::protobuf::RepeatedPtrField<pb::NamedText>& to) {
  for (const auto& [name, text] : from) {
    pb::NamedText& entry = *to.Add();
    entry.set_name(name);
    entry.set_text(text);
  }
}

NamedTexts take_named(const google::protobuf::RepeatedPtrField<pb::NamedText>& from) {
  NamedTexts to;
  for (const pb::NamedText& entry : from) {
    to.emplace_back(entry.name(), entry.text());
  }
  return to;
}

// --- The objective ---

void put(const Objective& objective, pb::Objective& proto) {
  proto.set_metric(objective.metric);
  proto.set_goal(same<pb::Goal>(objective.goal));
  proto.mutable_reduce()->set_kind(same<pb::Reduce::Kind>(objective.reduce.kind));
  proto.mutable_reduce()->set_count(objective.reduce.count);
}

Result<Objective> take(const pb::Objective& proto) {
  Objective objective;
  objective.metric = proto.metric();
  SWEEPD_TRY(objective.goal, enumerator<Goal>({proto.goal(), Goal::kMaximize, "goal"}));
  SWEEPD_TRY(objective.reduce.kind,
             enumerator<ReduceKind>({proto.reduce().kind(), ReduceKind::kMeanLast, "reduction"}));
  objective.reduce.count = proto.reduce().count();
  return objective;
}

// --- The tables of the sweep file ---

void put(const RunSpec& run, pb::RunSpec& proto) {
  for (const std::string& argument : run.command) {
    proto.add_command(argument);
  }
  proto.set_shell(run.shell);
  proto.set_args(same<pb::ArgsStyle>(run.args));
  proto.set_bools(same<pb::BoolStyle>(run.bools));
  proto.set_code(run.code);
  proto.set_cwd(run.cwd);
  proto.mutable_outputs()->Add(run.outputs.begin(), run.outputs.end());
  proto.mutable_logs()->Add(run.logs.begin(), run.logs.end());
  if (run.keep) {
    proto.set_keep(*run.keep);
  }
}

Result<RunSpec> take(const pb::RunSpec& proto) {
  RunSpec run;
  run.command = take_texts(proto.command());
  run.shell = proto.shell();
  SWEEPD_TRY(run.args,
             enumerator<ArgsStyle>({proto.args(), ArgsStyle::kNone, "style of arguments"}));
  SWEEPD_TRY(run.bools,
             enumerator<BoolStyle>({proto.bools(), BoolStyle::kNoFlag, "style of booleans"}));
  run.code = proto.code();
  run.cwd = proto.cwd();
  run.outputs = take_texts(proto.outputs());
  run.logs = take_texts(proto.logs());
  if (proto.has_keep()) {
    run.keep = proto.keep();
  }
  return run;
}

void put(const SearchSpec& search, pb::SearchSpec& proto) {
  proto.set_sampler(same<pb::SamplerKind>(search.sampler));
  if (search.trials) {
    proto.set_trials(*search.trials);
  }
  proto.set_seed(search.seed);
  proto.set_repeats(search.repeats);
  for (const Assignment& assignment : search.try_first) {
    *proto.add_try_first() = to_proto(assignment);
  }
}

Result<SearchSpec> take(const pb::SearchSpec& proto) {
  SearchSpec search;
  SWEEPD_TRY(search.sampler,
             enumerator<SamplerKind>({proto.sampler(), SamplerKind::kSobol, "sampler"}));
  if (proto.has_trials()) {
    search.trials = proto.trials();
  }
  search.seed = proto.seed();
  search.repeats = proto.repeats();
  for (const pb::Assignment& assignment : proto.try_first()) {
    SWEEPD_TRY(Assignment values, from_proto(assignment));
    search.try_first.push_back(std::move(values));
  }
  return search;
}

void put(const StopSpec& stop, pb::StopSpec& proto) {
  proto.set_policy(same<pb::PolicyKind>(stop.policy));
  proto.set_time(stop.time);
  proto.set_evaluation_interval(stop.evaluation_interval);
  proto.set_delay_evaluation(stop.delay_evaluation);
  if (stop.slack_factor) {
    proto.set_slack_factor(*stop.slack_factor);
  }
  if (stop.slack_amount) {
    proto.set_slack_amount(*stop.slack_amount);
  }
  proto.set_min_peers(stop.min_peers);
  proto.set_truncation_percentage(stop.truncation_percentage);
  proto.set_exclude_finished(stop.exclude_finished);
  proto.set_resource_min(stop.resource_min);
  proto.set_resource_max(stop.resource_max);
  proto.set_reduction(stop.reduction);
  proto.set_stop_on_nan(stop.stop_on_nan);
  if (stop.target) {
    proto.set_target(*stop.target);
  }
  proto.set_allow_pruned(stop.allow_pruned);
}

Result<StopSpec> take(const pb::StopSpec& proto) {
  StopSpec stop;
  SWEEPD_TRY(stop.policy, enumerator<PolicyKind>({proto.policy(), PolicyKind::kAsha, "policy"}));
  stop.time = proto.time();
  stop.evaluation_interval = proto.evaluation_interval();
  stop.delay_evaluation = proto.delay_evaluation();
  if (proto.has_slack_factor()) {
    stop.slack_factor = proto.slack_factor();
  }
  if (proto.has_slack_amount()) {
    stop.slack_amount = proto.slack_amount();
  }
  stop.min_peers = proto.min_peers();
  stop.truncation_percentage = proto.truncation_percentage();
  stop.exclude_finished = proto.exclude_finished();
  stop.resource_min = proto.resource_min();
  stop.resource_max = proto.resource_max();
  stop.reduction = proto.reduction();
  stop.stop_on_nan = proto.stop_on_nan();
  if (proto.has_target()) {
    stop.target = proto.target();
  }
  stop.allow_pruned = proto.allow_pruned();
  return stop;
}

void put(const ResourcesSpec& resources, pb::ResourcesSpec& proto) {
  if (resources.gpus) {
    proto.set_gpus(*resources.gpus);
  }
  proto.set_cpus(resources.cpus);
}

ResourcesSpec take(const pb::ResourcesSpec& proto) {
  ResourcesSpec resources;
  if (proto.has_gpus()) {
    resources.gpus = proto.gpus();
  }
  resources.cpus = proto.cpus();
  return resources;
}

void put(const LimitsSpec& limits, pb::LimitsSpec& proto) {
  if (limits.concurrent) {
    proto.set_concurrent(*limits.concurrent);
  }
  if (limits.trial_time) {
    proto.set_trial_time_us(limits.trial_time->us);
  }
  if (limits.silence) {
    proto.set_silence_us(limits.silence->us);
  }
  if (limits.sweep_time) {
    proto.set_sweep_time_us(limits.sweep_time->us);
  }
  if (limits.failed_trials) {
    proto.set_failed_trials(*limits.failed_trials);
  }
  proto.set_grace_us(limits.grace.us);
}

LimitsSpec take(const pb::LimitsSpec& proto) {
  LimitsSpec limits;
  if (proto.has_concurrent()) {
    limits.concurrent = proto.concurrent();
  }
  if (proto.has_trial_time_us()) {
    limits.trial_time = Duration{proto.trial_time_us()};
  }
  if (proto.has_silence_us()) {
    limits.silence = Duration{proto.silence_us()};
  }
  if (proto.has_sweep_time_us()) {
    limits.sweep_time = Duration{proto.sweep_time_us()};
  }
  if (proto.has_failed_trials()) {
    limits.failed_trials = proto.failed_trials();
  }
  limits.grace = Duration{proto.grace_us()};
  return limits;
}

void put(const MetricsSpec& metrics, pb::MetricsSpec& proto) {
  proto.set_jsonl(metrics.jsonl);
  proto.set_stdout_rules(metrics.stdout_rules);
  for (const StdoutRule& rule : metrics.stdout_patterns) {
    pb::StdoutRule& to = *proto.add_stdout_patterns();
    to.set_pattern(rule.pattern);
    to.set_name(rule.name);
  }
}

MetricsSpec take(const pb::MetricsSpec& proto) {
  MetricsSpec metrics;
  metrics.jsonl = proto.jsonl();
  metrics.stdout_rules = proto.stdout_rules();
  for (const pb::StdoutRule& rule : proto.stdout_patterns()) {
    metrics.stdout_patterns.push_back({rule.pattern(), rule.name()});
  }
  return metrics;
}

// A table that is not there would read as zeros, which mean something else than the defaults.
Result<void> check_complete(const pb::SweepSpec& proto) {
  const std::pair<bool, std::string_view> tables[] = {
      {proto.has_objective(), "objective"},
      {proto.has_run(), "run"},
      {proto.has_space(), "space"},
      {proto.has_search(), "search"},
      {proto.has_stop(), "stop"},
      {proto.has_resources(), "resources"},
      {proto.has_limits(), "limits"},
      {proto.has_retry(), "retry"},
      {proto.has_metrics(), "metrics"},
      {proto.has_registration(), "registration"},
  };
  for (const auto& [there, name] : tables) {
    if (!there) {
      return refused(fmt::format("the specification has no {}", name));
    }
  }
  return {};
}

}  // namespace

pb::Assignment to_proto(const sweeps::Assignment& assignment) {
  pb::Assignment proto;
  for (const auto& [name, value] : assignment) {
    pb::Binding& binding = *proto.add_bindings();
    binding.set_name(name);
    *binding.mutable_value() = value_to_proto(value);
  }
  return proto;
}

Result<sweeps::Assignment> from_proto(const pb::Assignment& proto) {
  sweeps::Assignment assignment;
  for (const pb::Binding& binding : proto.bindings()) {
    SWEEPD_TRY(Value value, value_from_proto(binding.value()));
    assignment.emplace_back(binding.name(), std::move(value));
  }
  return assignment;
}

pb::SweepSpec to_proto(const sweeps::SweepSpec& spec) {
  pb::SweepSpec proto;
  proto.set_name(spec.name);
  proto.set_experiment(spec.experiment);
  proto.set_job(spec.job);
  put(spec.objective, *proto.mutable_objective());
  put_named(spec.tags, *proto.mutable_tags());
  proto.set_notes(spec.notes);
  proto.set_priority(spec.priority);
  put(spec.run, *proto.mutable_run());
  put_named(spec.env, *proto.mutable_env());
  put(spec.space, *proto.mutable_space());
  put(spec.search, *proto.mutable_search());
  put(spec.stop, *proto.mutable_stop());
  put(spec.resources, *proto.mutable_resources());
  put(spec.limits, *proto.mutable_limits());
  proto.mutable_retry()->set_attempts(spec.retry.attempts);
  proto.mutable_retry()->mutable_on()->Add(spec.retry.on.begin(), spec.retry.on.end());
  proto.mutable_retry()->set_backoff_us(spec.retry.backoff.us);
  put(spec.metrics, *proto.mutable_metrics());
  proto.mutable_registration()->set_model(spec.registration.model);
  proto.mutable_registration()->set_path(spec.registration.path);
  return proto;
}

Result<sweeps::SweepSpec> from_proto(const pb::SweepSpec& proto) {
  SWEEPD_TRY_VOID(check_complete(proto));
  sweeps::SweepSpec spec;
  spec.name = proto.name();
  spec.experiment = proto.experiment();
  spec.job = proto.job();
  SWEEPD_TRY(spec.objective, take(proto.objective()));
  spec.tags = take_named(proto.tags());
  spec.notes = proto.notes();
  spec.priority = proto.priority();
  SWEEPD_TRY(spec.run, take(proto.run()));
  spec.env = take_named(proto.env());
  SWEEPD_TRY(spec.space, take(proto.space()));
  SWEEPD_TRY(spec.search, take(proto.search()));
  SWEEPD_TRY(spec.stop, take(proto.stop()));
  spec.resources = take(proto.resources());
  spec.limits = take(proto.limits());
  spec.retry = {proto.retry().attempts(),
                take_texts(proto.retry().on()),
                Duration{proto.retry().backoff_us()}};
  spec.metrics = take(proto.metrics());
  spec.registration = {proto.registration().model(), proto.registration().path()};
  return spec;
}

}  // namespace sweepd::wire
