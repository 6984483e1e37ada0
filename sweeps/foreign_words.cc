// The words of other programs, as tables.
#include "sweeps/foreign_words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace sweepd::sweeps {
namespace {

struct ForeignKey {
  std::string_view theirs;
  OurKey ours;
  bool only_there = false;  // known in our table alone: elsewhere it may mean anything
};

constexpr std::string_view kAttempts = "it counts the first one as well";
constexpr std::string_view kOfTrials = "of so many trials, the best, the files are kept";
constexpr std::string_view kPerTrial = "of an attempt; sweep_time is that of all together";

constexpr ForeignKey kKeys[] = {
    {"method", {"search", "sampler", ""}},
    {"algorithm", {"search", "sampler", ""}},
    {"algo", {"search", "sampler", ""}},
    {"search_alg", {"search", "sampler", ""}},
    {"sampling", {"search", "sampler", ""}},
    {"parameter_sampling", {"search", "sampler", ""}},
    {"type", {"search", "sampler", ""}, true},
    {"max_trials", {"search", "trials", ""}},
    {"max_total_runs", {"search", "trials", ""}},
    {"max_total_trials", {"search", "trials", ""}},
    {"num_samples", {"search", "trials", ""}},
    {"n_trials", {"search", "trials", ""}},
    {"num_trials", {"search", "trials", ""}},
    {"run_cap", {"search", "trials", ""}},
    {"count", {"search", "trials", ""}, true},
    {"points_to_evaluate", {"search", "try_first", ""}},
    {"enqueue", {"search", "try_first", ""}},
    {"max_concurrent_trials", {"limits", "concurrent", ""}},
    {"max_concurrent_runs", {"limits", "concurrent", ""}},
    {"max_concurrent", {"limits", "concurrent", ""}},
    {"concurrency", {"limits", "concurrent", ""}},
    {"n_jobs", {"limits", "concurrent", ""}},
    {"timeout", {"limits", "trial_time", kPerTrial}},
    {"time_limit", {"limits", "trial_time", kPerTrial}},
    {"trial_timeout", {"limits", "trial_time", ""}},
    {"max_duration_minutes", {"limits", "sweep_time", "with its unit: \"90m\""}},
    {"time_budget_s", {"limits", "sweep_time", "with its unit: \"90m\""}},
    {"max_failures", {"limits", "failed_trials", ""}, true},
    {"program", {"run", "command", ""}},
    {"script", {"run", "command", ""}},
    {"entry_script", {"run", "command", ""}},
    {"entry_point", {"run", "command", ""}},
    {"entrypoint", {"run", "command", ""}},
    {"cmd", {"run", "command", ""}},
    {"source_directory", {"run", "code", ""}},
    {"working_dir", {"run", "code", ""}},
    {"workdir", {"run", "cwd", ""}},
    {"num_to_keep", {"run", "keep", kOfTrials}},
    {"keep_checkpoints_num", {"run", "keep", kOfTrials}},
    {"save_experiment_best", {"run", "keep", kOfTrials}},
    {"metric_name", {"sweep", "metric", ""}},
    {"primary_metric", {"sweep", "metric", ""}},
    {"primary_metric_name", {"sweep", "metric", ""}},
    {"objective", {"sweep", "metric", ""}},
    {"monitor", {"sweep", "metric", ""}},
    {"direction", {"sweep", "goal", ""}},
    {"primary_metric_goal", {"sweep", "goal", ""}},
    {"mode", {"sweep", "goal", ""}},
    {"project", {"sweep", "experiment", ""}},
    {"group", {"sweep", "experiment", ""}},
    {"experiment_name", {"sweep", "experiment", ""}},
    {"study_name", {"sweep", "name", ""}},
    {"description", {"sweep", "notes", ""}},
    {"type", {"stop", "policy", ""}, true},
    {"pruner", {"stop", "policy", ""}},
    {"scheduler", {"stop", "policy", ""}},
    {"slack", {"stop", "slack_factor", ""}},
    {"max_t", {"stop", "max", ""}},
    {"max_iter", {"stop", "max", ""}},
    {"max_resource", {"stop", "max", ""}},
    {"grace_period", {"stop", "min", ""}},
    {"min_iter", {"stop", "min", ""}},
    {"min_resource", {"stop", "min", ""}},
    {"reduction_factor", {"stop", "reduction", ""}},
    {"eta", {"stop", "reduction", ""}},
    {"time_attr", {"stop", "time", ""}},
    {"n_warmup_steps", {"stop", "delay_evaluation", ""}},
    {"interval_steps", {"stop", "evaluation_interval", ""}},
    {"n_startup_trials", {"stop", "min_peers", ""}, true},
    {"min_samples_required", {"stop", "min_peers", ""}},
    {"gpu", {"resources", "gpus", ""}},
    {"num_gpus", {"resources", "gpus", ""}},
    {"n_gpus", {"resources", "gpus", ""}},
    {"gpu_count", {"resources", "gpus", ""}},
    {"gpus_per_trial", {"resources", "gpus", ""}},
    {"cpu", {"resources", "cpus", ""}},
    {"num_cpus", {"resources", "cpus", ""}},
    {"n_cpus", {"resources", "cpus", ""}},
    {"cpu_count", {"resources", "cpus", ""}},
    {"cpus_per_trial", {"resources", "cpus", ""}},
    {"max_retries", {"retry", "attempts", kAttempts}},
    {"retries", {"retry", "attempts", kAttempts}},
    {"max_failures", {"retry", "attempts", kAttempts}, true},
    {"max_attempts", {"retry", "attempts", ""}},
    {"env_vars", {"env", "vars", ""}},
    {"environment_variables", {"env", "vars", ""}},
};

struct Pair {
  std::string_view theirs;
  std::string_view ours;
};

constexpr Pair kTables[] = {
    {"parameters", "space"},      {"params", "space"},
    {"hyperparameters", "space"}, {"hparams", "space"},
    {"search_space", "space"},    {"searchspace", "space"},
    {"param_space", "space"},     {"parameter_space", "space"},
    {"config", "space"},          {"early_termination", "stop"},
    {"early_terminate", "stop"},  {"early_termination_policy", "stop"},
    {"early_stopping", "stop"},   {"policy", "stop"},
    {"pruner", "stop"},           {"scheduler", "stop"},
    {"sampler", "search"},        {"search_alg", "search"},
    {"tune_config", "search"},    {"objective", "sweep"},
    {"resource", "resources"},    {"resources_per_trial", "resources"},
    {"environment", "env.vars"},  {"env_vars", "env.vars"},
};

struct ForeignValue {
  std::string_view key;
  std::string_view theirs;  // in lower case, without `_`, `-` and blanks
  std::string_view ours;
};

constexpr ForeignValue kValues[] = {
    {"goal", "min", "minimize"},
    {"goal", "minimise", "minimize"},
    {"goal", "lower", "minimize"},
    {"goal", "max", "maximize"},
    {"goal", "maximise", "maximize"},
    {"goal", "higher", "maximize"},
    {"sampler", "randomsearch", "random"},
    {"sampler", "randomsampler", "random"},
    {"sampler", "randomsampling", "random"},
    {"sampler", "randomparametersampling", "random"},
    {"sampler", "gridsearch", "grid"},
    {"sampler", "gridsampler", "grid"},
    {"sampler", "gridsampling", "grid"},
    {"sampler", "gridparametersampling", "grid"},
    {"sampler", "qmcsampler", "sobol"},
    {"sampler", "qmc", "sobol"},
    {"policy", "banditpolicy", "bandit"},
    {"policy", "medianstopping", "median"},
    {"policy", "medianstoppingrule", "median"},
    {"policy", "medianstoppingpolicy", "median"},
    {"policy", "medianpruner", "median"},
    {"policy", "truncationselection", "truncation"},
    {"policy", "truncationselectionpolicy", "truncation"},
    {"policy", "ashascheduler", "asha"},
    {"policy", "asynchyperband", "asha"},
    {"policy", "asynchyperbandscheduler", "asha"},
    {"policy", "successivehalving", "asha"},
    {"policy", "successivehalvingpruner", "asha"},
    {"policy", "noterminationpolicy", "none"},
    {"policy", "nop", "none"},
};

constexpr std::string_view kRange = "did you mean `uniform`? Its two numbers are the ends";
constexpr std::string_view kWhole = "did you mean `int`? Both its ends are included";
constexpr std::string_view kLogWhole = "did you mean `log_int`? Both its ends are included";
constexpr std::string_view kLog =
    "did you mean `log_uniform`? Its bounds are the values, not their logarithms";
constexpr std::string_view kChoice = "did you mean `choice`? A list alone is one, too: [1, 2, 3]";
constexpr std::string_view kConstant = "a constant stands alone: seed = 7";
constexpr std::string_view kParts =
    "name the distribution with its bounds: { uniform = [0, 1] }, { log_uniform = [1e-4, 1] }, …";

constexpr Pair kDistributions[] = {
    {"float", kRange},
    {"real", kRange},
    {"suggest_float", kRange},
    {"suggest_uniform", kRange},
    {"integer", kWhole},
    {"int_uniform", kWhole},
    {"suggest_int", kWhole},
    {"randint", kWhole},
    {"qrandint", "did you mean `int` with `step`? { int = [0, 100], step = 10 }"},
    {"lograndint", kLogWhole},
    {"qlograndint", kLogWhole},
    {"loguniform", kLog},
    {"log_uniform_values", kLog},
    {"suggest_loguniform", kLog},
    {"quniform", "did you mean `uniform` with `step`? { uniform = [0, 1], step = 0.1 }"},
    {"q_uniform", "did you mean `uniform` with `step`? { uniform = [0, 1], step = 0.1 }"},
    {"qloguniform", "did you mean `log_uniform` with `step`?"},
    {"q_log_uniform_values", "did you mean `log_uniform` with `step`?"},
    {"randn", "did you mean `normal`? Its numbers are the mean and the standard deviation"},
    {"qrandn", "did you mean `normal` with `step`?"},
    {"qnormal", "did you mean `normal` with `step`? { normal = [0, 1], step = 0.1 }"},
    {"q_normal", "did you mean `normal` with `step`? { normal = [0, 1], step = 0.1 }"},
    {"lognormal", "did you mean `log_normal`?"},
    {"qlognormal", "did you mean `log_normal` with `step`?"},
    {"values", kChoice},
    {"options", kChoice},
    {"choices", kChoice},
    {"categorical", kChoice},
    {"suggest_categorical", kChoice},
    {"grid_search", kChoice},
    {"value", kConstant},
    {"constant", kConstant},
    {"default", "did you mean `initial`? It is tried first"},
    {"probabilities", "did you mean `weights`?"},
};

// Not `float`, `value` or `range`: those are calls of many things.
constexpr std::string_view kFunctions[] = {"uniform",
                                           "quniform",
                                           "loguniform",
                                           "log_uniform",
                                           "qloguniform",
                                           "randint",
                                           "qrandint",
                                           "lograndint",
                                           "qlograndint",
                                           "normal",
                                           "qnormal",
                                           "lognormal",
                                           "log_normal",
                                           "qlognormal",
                                           "randn",
                                           "qrandn",
                                           "choice",
                                           "grid_search",
                                           "suggest_float",
                                           "suggest_uniform",
                                           "suggest_loguniform",
                                           "suggest_int",
                                           "suggest_categorical"};

constexpr std::string_view kPartWords[] = {"min",
                                           "max",
                                           "low",
                                           "high",
                                           "lower",
                                           "upper",
                                           "minval",
                                           "maxval",
                                           "bounds",
                                           "range",
                                           "log",
                                           "log_scale",
                                           "q",
                                           "mu",
                                           "sigma",
                                           "type",
                                           "dist",
                                           "distribution"};

template <std::size_t N>
std::optional<std::string_view> ours_in(const Pair (&pairs)[N], std::string_view theirs) {
  const auto found = std::find_if(
      std::begin(pairs), std::end(pairs), [theirs](const Pair& p) { return p.theirs == theirs; });
  return found == std::end(pairs) ? std::nullopt : std::optional(found->ours);
}

// As kValues spells words.
std::string bare(std::string_view word) {
  std::string text;
  for (const char byte : word) {
    if (byte != '_' && byte != '-' && byte != ' ') {
      text += static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
    }
  }
  return text;
}

}  // namespace

std::optional<OurKey> our_key(std::string_view theirs, std::string_view table) {
  const ForeignKey* elsewhere = nullptr;
  for (const ForeignKey& key : kKeys) {
    if (key.theirs != theirs) {
      continue;
    }
    if (key.ours.table == table) {
      return key.ours;
    }
    if (!key.only_there && elsewhere == nullptr) {
      elsewhere = &key;
    }
  }
  return elsewhere == nullptr ? std::nullopt : std::optional(elsewhere->ours);
}

std::optional<std::string_view> our_table(std::string_view theirs) {
  return ours_in(kTables, theirs);
}

std::optional<std::string_view> our_value(std::string_view key, std::string_view theirs) {
  const std::string word = bare(theirs);
  const auto found =
      std::find_if(std::begin(kValues), std::end(kValues), [&](const ForeignValue& value) {
        return value.key == key && value.theirs == word;
      });
  return found == std::end(kValues) ? std::nullopt : std::optional(found->ours);
}

std::optional<std::string_view> our_distribution(std::string_view theirs) {
  return is_part_of_distribution(theirs) ? std::optional(kParts) : ours_in(kDistributions, theirs);
}

bool is_foreign_function(std::string_view theirs) {
  return std::find(std::begin(kFunctions), std::end(kFunctions), theirs) != std::end(kFunctions);
}

bool is_part_of_distribution(std::string_view theirs) {
  return std::find(std::begin(kPartWords), std::end(kPartWords), theirs) != std::end(kPartWords);
}

}  // namespace sweepd::sweeps
