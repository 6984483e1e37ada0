// What people write who come from other programs, and what they are told: a table of mistakes.
#include "sweeps/foreign_words.h"

#include "sweeps/sweep_file.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <variant>
#include <vector>

namespace sweepd::sweeps {

namespace {

// "message | help" of all faults, or of all warnings of a good file.
std::string told(const std::string& text) {
  const auto parsed = parse_sweep_file({text, "a", {}});
  const auto* faults = std::get_if<std::vector<Diagnostic>>(&parsed);
  std::string all;
  for (const Diagnostic& each :
       faults != nullptr ? *faults : std::get_if<ParsedSweep>(&parsed)->warnings) {
    all += fmt::format("{}{} | {}", all.empty() ? "" : "\n", each.message, each.help);
  }
  return all;
}

struct Mistake {
  std::string where;  // a table, or what stands instead of the default for it
  std::string line;
  std::string told;
};

// The mistake in an otherwise good file.
std::string told_of(const Mistake& mistake) {
  std::string top = "metric = \"loss\"\ncommand = \"p\"\n";
  std::string tables = "[space]\na = { uniform = [0, 1] }\n";
  if (mistake.where.empty()) {
    top += mistake.line + "\n";
  } else if (mistake.where == "[space]") {
    tables += mistake.line + "\n";
  } else {
    tables += mistake.where + "\n" + mistake.line + "\n";
  }
  return told(top + tables);
}

}  // namespace

TEST_CASE("foreign words: keys of other programs, and our keys in another table") {
  for (const Mistake& mistake : std::vector<Mistake>{
           {"[search]",
            "method = 'grid'",
            "unknown key `method` in [search] | did you mean `sampler`?"},
           {"[search]",
            "num_samples = 5",
            "unknown key `num_samples` in [search] | did you mean `trials`?"},
           {"[run]",
            "num_to_keep = 2",
            "unknown key `num_to_keep` in [run] | did you mean `keep`? (of so many trials, the "
            "best, "
            "the files are kept)"},
           {"[search]",
            "n_trials = 5",
            "unknown key `n_trials` in [search] | did you mean `trials`?"},
           {"[search]",
            "max_total_runs = 5",
            "unknown key `max_total_runs` in [search] | did you mean `trials`?"},
           {"[search]",
            "type = 'grid'",
            "unknown key `type` in [search] | did you mean `sampler`?"},
           {"[search]",
            "concurrent = 5",
            "unknown key `concurrent` in [search] | `concurrent` belongs in [limits]"},
           {"[search]",
            "concurent = 5",
            "unknown key `concurent` in [search] | did you mean `concurrent` in [limits]?"},
           {"[search]",
            "max_concurrent_runs = 5",
            "unknown key `max_concurrent_runs` in [search] | did you mean `concurrent` in "
            "[limits]?"},
           {"[limits]",
            "trials = 5",
            "unknown key `trials` in [limits] | `trials` belongs in [search]"},
           {"[limits]",
            "max_duration_minutes = 5",
            "unknown key `max_duration_minutes` in [limits] | did you mean `sweep_time`? (with its "
            "unit: \"90m\")"},
           {"[limits]",
            "time_limit = '5m'",
            "unknown key `time_limit` in [limits] | did you mean `trial_time`? (of an attempt; "
            "sweep_time is that of all together)"},
           {"[limits]",
            "max_failures = 5",
            "unknown key `max_failures` in [limits] | did you mean `failed_trials`?"},
           {"[retry]",
            "max_failures = 5",
            "unknown key `max_failures` in [retry] | did you mean `attempts`? (it counts the first "
            "one as well)"},
           {"[resources]", "gpu = 1", "unknown key `gpu` in [resources] | did you mean `gpus`?"},
           {"[resources]",
            "num_cpus = 1",
            "unknown key `num_cpus` in [resources] | did you mean `cpus`?"},
           {"[stop]", "type = 'median'", "unknown key `type` in [stop] | did you mean `policy`?"},
           {"[stop]", "eta = 3", "unknown key `eta` in [stop] | did you mean `reduction`?"},
           {"[stop]",
            "grace_period = 3",
            "unknown key `grace_period` in [stop] | did you mean `min`?"},
           {"[stop]",
            "time_attr = 'epoch'",
            "unknown key `time_attr` in [stop] | did you mean `time`?"},
           {"[sweep]", "mode = 'max'", "unknown key `mode` in [sweep] | did you mean `goal`?"},
           {"[sweep]",
            "direction = 'maximize'",
            "unknown key `direction` in [sweep] | did you mean `goal`?"},
           {"[sweep]",
            "project = 'x'",
            "unknown key `project` in [sweep] | did you mean `experiment`?"},
           {"[env]",
            "FOO = 'x'",
            "unknown key `FOO` in [env] | variables of the program stand in [env.vars]"},
           {"[run]",
            "source_directory = '.'",
            "unknown key `source_directory` in [run] | did you mean `code`?"},
           {"",
            "trials = 5",
            "unknown key `trials` outside of tables | `trials` belongs in [search]"},
           {"",
            "trails = 5",
            "unknown key `trails` outside of tables | did you mean `trials` in [search]?"},
           {"",
            "method = 'grid'",
            "unknown key `method` outside of tables | did you mean `sampler` in [search]?"},
           {"",
            "run_cap = 5",
            "unknown key `run_cap` outside of tables | did you mean `trials` in [search]?"},
           {"", "name = 'x'", "unknown key `name` outside of tables | `name` belongs in [sweep]"},
           {"",
            "zzz = 5",
            "unknown key `zzz` outside of tables | only `metric` and `command` may stand outside "
            "of tables"},
       }) {
    CAPTURE(mistake.line);
    CHECK(told_of(mistake) == mistake.told);
  }
}

TEST_CASE("foreign words: tables of other programs") {
  for (const Mistake& mistake : std::vector<Mistake>{
           {"[early_terminate]", "", "unknown table [early_terminate] | did you mean [stop]?"},
           {"[pruner]", "", "unknown table [pruner] | did you mean [stop]?"},
           {"[tune_config]", "", "unknown table [tune_config] | did you mean [search]?"},
           {"[resources_per_trial]",
            "",
            "unknown table [resources_per_trial] | did you mean [resources]?"},
           {"[environment]", "", "unknown table [environment] | did you mean [env.vars]?"},
           {"[limit]", "", "unknown table [limit] | did you mean [limits]?"},
       }) {
    CAPTURE(mistake.where);
    CHECK(told_of(mistake) == mistake.told);
  }
  // The space is not missing as well.
  CHECK(told("metric = \"loss\"\ncommand = \"p\"\n[param_space]\na = 1\n[search]\ntrials = 3\n") ==
        "unknown table [param_space] | did you mean [space]?");
}

TEST_CASE("foreign words: distributions of other programs") {
  for (const Mistake& mistake : std::vector<Mistake>{
           {"loguniform",
            "loguniform = [1e-4, 1]",
            "did you mean `log_uniform`? Its bounds are the values, not their logarithms"},
           {"loguniform",
            "loguniform = [-4, -1]",
            "compat = \"hyperdrive\" in [space] takes HyperDrive's expressions"},
           {"log-uniform", "\"log-uniform\" = [1e-4, 1]", "did you mean `log_uniform`?"},
           {"quniform",
            "quniform = [0, 1, 0.1]",
            "did you mean `uniform` with `step`? { uniform = [0, 1], step = 0.1 }"},
           {"randint", "randint = [0, 9]", "did you mean `int`? Both its ends are included"},
           {"randint",
            "randint = 9",
            "compat = \"hyperdrive\" in [space] takes HyperDrive's expressions"},
           {"suggest_float",
            "suggest_float = [0, 9]",
            "did you mean `uniform`? Its two numbers are the ends"},
           {"lograndint",
            "lograndint = [1, 9]",
            "did you mean `log_int`? Both its ends are included"},
           {"values",
            "values = [1, 9]",
            "did you mean `choice`? A list alone is one, too: [1, 2, 3]"},
           {"grid_search",
            "grid_search = [1, 9]",
            "did you mean `choice`? A list alone is one, too: [1, 2, 3]"},
           {"value", "value = 1", "a constant stands alone: seed = 7"},
           {"min",
            "min = 1, max = 2",
            "name the distribution with its bounds: { uniform = [0, 1] }, { log_uniform = [1e-4, "
            "1] }, …"},
           {"distribution",
            "distribution = 'q_uniform', min = 1, max = 2",
            "name the distribution with its bounds: { uniform = [0, 1] }, { log_uniform = [1e-4, "
            "1] }, …"},
       }) {
    CAPTURE(mistake.line);
    CHECK(told_of({"[space]", "x = { " + mistake.line + " }", ""}) ==
          fmt::format(
              "unknown distribution `{}` for parameter `x` | {}", mistake.where, mistake.told));
  }
  CHECK(told_of({"[space.x]", "type = 'float'\nbounds = [0, 1]", ""}) ==
        "unknown distribution `type` for parameter `x` | name the distribution with its bounds: { "
        "uniform = [0, 1] }, { log_uniform = [1e-4, 1] }, …");
}

TEST_CASE("foreign words: a text that another program would call is a constant here") {
  CHECK(told_of({"[space]", "x = 'uniform(0, 1)'", ""}) ==
        "\"uniform(0, 1)\" is a constant text | a distribution is written { uniform = [1, 2] }");
  CHECK(told_of({"[space]", "x = 'tune.choice([1, 2])'", ""}).find("is a constant text") !=
        std::string::npos);
  CHECK(told_of({"[space]", "x = 'trial.suggest_int(1, 5)'", ""}).find("did you mean `int`?") !=
        std::string::npos);
  CHECK(told_of({"[space]", "x = 'hp.quniform(0, 1, 0.1)'", ""}).find("`uniform` with `step`") !=
        std::string::npos);
  for (const char* text : {"Conv2d(3, 8)",
                           "default(x)",
                           "value(1)",
                           "values(1, 2)",
                           "options(a)",
                           "float(3)",
                           "int(3)",
                           "range(1, 5)",
                           "np.log(2)",
                           "type(x)"}) {
    CAPTURE(text);
    CHECK(told_of({"[space]", fmt::format("x = '{}'", text), ""}) == "");
  }
}

TEST_CASE("foreign words: values of other programs") {
  for (const Mistake& mistake : std::vector<Mistake>{
           {"[sweep]", "goal = 'max'", "unknown goal \"max\" | did you mean \"maximize\"?"},
           {"[search]",
            "sampler = 'RandomSampler'",
            "unknown sampler \"RandomSampler\" | did you mean \"random\"?"},
           {"[search]",
            "sampler = 'bayes'",
            "sampler \"bayes\" is not available in this version of sweepd | there are \"grid\", "
            "\"random\", \"sobol\""},
           {"[stop]",
            "policy = 'MedianStoppingPolicy'",
            "unknown policy \"MedianStoppingPolicy\" | did you mean \"median\"?"},
           {"[stop]",
            "policy = 'median_stopping'",
            "unknown policy \"median_stopping\" | did you mean \"median\"?"},
           {"[stop]",
            "policy = 'ASHAScheduler'",
            "unknown policy \"ASHAScheduler\" | did you mean \"asha\"?"},
       }) {
    CAPTURE(mistake.line);
    CHECK(told_of(mistake) == mistake.told);
  }
}

TEST_CASE("foreign words: metric and command in the shapes of other programs") {
  const std::string space = "[space]\na = { uniform = [0, 1] }\n";
  const auto with_metric = [&](const std::string& line) {
    return told(line + "\ncommand = \"p\"\n" + space);
  };
  const auto with_command = [&](const std::string& line) {
    return told("metric = \"loss\"\n" + line + "\n" + space);
  };
  CHECK(with_metric("metrics = \"loss\"") ==
        "`metrics` must be a table, not text | did you mean `metric`? [metrics] says how metrics "
        "are read");
  CHECK(with_metric("metric = { name = \"loss\", goal = \"minimize\" }") ==
        "`metric` must be text, not a table | write metric = \"loss\" and goal = \"minimize\" in "
        "[sweep]");
  CHECK(with_metric("primary_metric_name = \"loss\"") ==
        "unknown key `primary_metric_name` outside of tables | did you mean `metric`?");
  CHECK(with_command("program = \"train.py\"") ==
        "unknown key `program` outside of tables | did you mean `command`?");
  CHECK(with_command("[sweep]\ncommand = \"p\"") ==
        "unknown key `command` in [sweep] | `command` belongs in [run]");
  CHECK(with_command("command = { program = \"p\" }") ==
        "`command` must be text or a list of arguments, not a table | write command = \"python "
        "train.py\"");
  CHECK(with_command("command = [\"p\", 5]") ==
        "`command` must be text, not a whole number | put it in quotes");
  CHECK(with_command("command = [\"python train.py\"]") ==
        "the program is called `python train.py`, blanks and all | write command = \"python "
        "train.py\"");
  CHECK(with_command("command = [\"/opt/my program\"]") == "");
  CHECK(with_command("command = [\"${env}\", \"python\"]") ==
        "nothing defines `${env}` | write the program itself: command = \"python train.py\"");
  CHECK(with_command("command = \"p --lr {a} $a ${a}\"") ==
        "`{a}` is given to the program as it is | the value of the parameter is ${a}\n"
        "`$a` is given to the program as it is | the value of the parameter is ${a}");
}

TEST_CASE("foreign words: those that mean much are known in one table only") {
  CHECK(our_key("eta", "stop")->key == "reduction");
  CHECK(our_key("type", "stop")->key == "policy");
  CHECK_FALSE(our_key("type", "run").has_value());
  CHECK_FALSE(our_key("nothing", "").has_value());
  CHECK_FALSE(our_value("policy", "minimize").has_value());
}

}  // namespace sweepd::sweeps
