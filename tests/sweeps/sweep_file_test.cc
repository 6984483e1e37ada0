// Sweep files that are good: what they mean, with defaults filled in; and that no text is fatal.
#include "sweeps/sweep_file.h"

#include "sweeps/sampler.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <variant>

using namespace sweepd;
using namespace sweepd::sweeps;

namespace {

using Overrides = std::vector<std::pair<std::string, std::string>>;
using Texts = std::vector<std::string>;

ParsedSweep parsed(std::string_view text, const Overrides& overrides = {}) {
  auto result = parse_sweep_file({text, "from-file-name", overrides});
  if (const auto* faults = std::get_if<std::vector<Diagnostic>>(&result)) {
    FAIL(render(*faults, "a.toml", text));
  }
  return std::get<ParsedSweep>(std::move(result));
}

SweepSpec spec_of(std::string_view text, const Overrides& overrides = {}) {
  ParsedSweep sweep = parsed(text, overrides);
  CHECK(sweep.warnings.empty());
  return std::move(sweep.spec);
}

std::string faults_of(std::string_view text, const Overrides& overrides) {
  const auto result = parse_sweep_file({text, "a", overrides});
  const auto* faults = std::get_if<std::vector<Diagnostic>>(&result);
  return faults == nullptr ? "" : render(*faults, "a.toml", text);
}

constexpr std::string_view kSmallest = R"(metric  = "loss"
command = "python train.py"
[space]
lr = { log_uniform = [1e-4, 1e-1] }
)";

// Nearly every table and key.
constexpr std::string_view kFull = R"(
[sweep]
name       = "cifar-resnet"
experiment = "cifar"
metric     = "val/acc"
goal       = "maximize"
reduce     = "mean_last:5"
tags       = { team = "vision", ticket = "ML-42" }
notes      = "as in the paper"
priority   = -3

[run]
command = ["python", "train.py", "--rate=${lr}", "${args}"]
code    = "."
args    = "--key=value"
bool    = "no-flag"
cwd     = "src"
outputs = ["outputs", "ckpt"]
logs    = "logs"
keep    = 4

[env.vars]
TF_CPP_MIN_LOG_LEVEL = "2"

[space]
optimizer    = ["sgd", "adamw"]
lr           = { log_uniform = [1e-5, 1e-1] }
momentum     = { uniform = [0.80, 0.99], when = "optimizer == 'sgd'" }
beta2        = { choice = [0.95, 0.98, 0.999], when = "optimizer == 'adamw'" }
noise        = { log_normal = [-4, 1], step = 0.01 }
width        = { int = [32, 512], step = 32 }
depth        = { log_int = [2, 64] }
batch        = { choice = [64, 128, 256], weights = [1, 2, 1] }
nesterov     = [true, false]
seed         = 7

[search]
sampler     = "random"
trials      = 200
seed        = 42
constraints = ["width * depth <= 8192", "batch <= 128 or width <= 256"]
try_first   = [{ optimizer = "adamw", lr = 3e-4, beta2 = 0.999, noise = 0.02, width = 128, depth = 18, batch = 128, nesterov = true }]

[stop]
policy      = "asha"
time        = "epoch"
min         = 1
max         = 81
reduction   = 4
mode        = "stop"
stop_on_nan = false
target      = 0.99
allow_pruned = true

[resources]
gpus = 1
cpus = 8

[limits]
concurrent    = 16
trial_time    = "6h"
silence       = "20m"
sweep_time    = "1d12h"
failed_trials = 10
grace         = "30s"

[retry]
attempts = 3
on       = ["exit:75", "timeout"]
backoff  = "30s"

[metrics]
jsonl = false

[[metrics.stdout]]
pattern = 'epoch\s+(?P<step>\d+).*val_acc[=:]\s*(?P<value>\S+)'
name    = "val/acc"

[register]
model = "resnet"
path  = "outputs/model"
)";

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("sweep file: the smallest one works, and defaults are filled in") {
  SweepSpec expected;
  expected.name = "from-file-name";
  expected.experiment = "from-file-name";
  expected.objective.metric = "loss";
  expected.objective.goal = Goal::kMinimize;
  expected.run.command = {"python", "train.py"};
  expected.run.code = ".";
  expected.space.parameters = {{"lr", FloatRange{1e-4, 1e-1, true, {}}, ""}};
  expected.search.sampler = SamplerKind::kSobol;
  expected.search.trials = 50;
  CHECK(spec_of(kSmallest) == expected);
}

TEST_CASE("sweep file: every table reaches the specification") {
  const SweepSpec spec = spec_of(kFull);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(spec.name == "cifar-resnet");
  CHECK(spec.experiment == "cifar");
  CHECK_FALSE(spec.job);
  CHECK(spec.objective == Objective{"val/acc", Goal::kMaximize, {ReduceKind::kMeanLast, 5}});
  CHECK(spec.tags == Pairs{{"team", "vision"}, {"ticket", "ML-42"}});
  CHECK(spec.notes == "as in the paper");
  CHECK(spec.priority == -3);
  CHECK(spec.run == RunSpec{{"python", "train.py", "--rate=${lr}", "${args}"},
                            false,
                            ArgsStyle::kFlagEqualsValue,
                            BoolStyle::kNoFlag,
                            ".",
                            "src",
                            {"outputs", "ckpt"},
                            {"logs"},
                            4});
  CHECK(spec.env == Pairs{{"TF_CPP_MIN_LOG_LEVEL", "2"}});
  CHECK(spec.stop.policy == PolicyKind::kAsha);
  CHECK(spec.stop.time == "epoch");
  CHECK(spec.stop.resource_min == 1);
  CHECK(spec.stop.resource_max == 81);
  CHECK(spec.stop.reduction == 4);
  CHECK_FALSE(spec.stop.stop_on_nan);
  CHECK(spec.stop.target == 0.99);
  CHECK(spec.stop.allow_pruned);
  CHECK(spec.resources == ResourcesSpec{1, 8});
  CHECK(spec.limits ==
        LimitsSpec{16, seconds(6 * 3600), seconds(20 * 60), seconds(36 * 3600), 10, seconds(30)});
  CHECK(spec.retry == RetrySpec{3, {"exit:75", "timeout"}, seconds(30)});
  CHECK(spec.metrics ==
        MetricsSpec{
            false, true, {{R"(epoch\s+(?P<step>\d+).*val_acc[=:]\s*(?P<value>\S+))", "val/acc"}}});
  CHECK(spec.registration == RegisterSpec{"resnet", "outputs/model"});
}

TEST_CASE("sweep file: parameters keep the order of the file and their types") {
  const SweepSpec spec = spec_of(kFull);
  const std::vector<Parameter> expected = {
      {"optimizer", Choice{{std::string("sgd"), std::string("adamw")}, {}}, ""},
      {"lr", FloatRange{1e-5, 1e-1, true, {}}, ""},
      {"momentum", FloatRange{0.80, 0.99, false, {}}, "optimizer == 'sgd'"},
      {"beta2", Choice{{0.95, 0.98, 0.999}, {}}, "optimizer == 'adamw'"},
      {"noise", Normal{-4, 1, true, 0.01}, ""},
      {"width", IntRange{32, 512, false, 32}, ""},
      {"depth", IntRange{2, 64, true, 1}, ""},
      {"batch", Choice{{std::int64_t{64}, std::int64_t{128}, std::int64_t{256}}, {1, 2, 1}}, ""},
      {"nesterov", Choice{{true, false}, {}}, ""},
      {"seed", Choice{{std::int64_t{7}}, {}}, ""},
  };
  CHECK(spec.space.parameters == expected);
  CHECK(spec.space.constraints == Texts{"width * depth <= 8192", "batch <= 128 or width <= 256"});
}

TEST_CASE(
    "sweep file: an assignment to try first is in file order, with constants and without the "
    "inactive") {
  const SweepSpec spec = spec_of(kFull);
  CHECK(spec.search.sampler == SamplerKind::kRandom);
  CHECK(spec.search.trials == 200);
  CHECK(spec.search.seed == 42);
  const Assignment expected = {{"optimizer", std::string("adamw")},
                               {"lr", 3e-4},
                               {"beta2", 0.999},
                               {"noise", 0.02},
                               {"width", std::int64_t{128}},
                               {"depth", std::int64_t{18}},
                               {"batch", std::int64_t{128}},
                               {"nesterov", true},
                               {"seed", std::int64_t{7}}};
  REQUIRE(spec.search.try_first.size() == 1);
  CHECK(spec.search.try_first[0] == expected);
  CHECK(propose(spec, TrialNumber{1}).assignment == expected);
}

TEST_CASE("sweep file: initial values make one assignment to try first") {
  const SweepSpec spec = spec_of(R"(metric = "loss"
command = "p"
[space]
opt = { choice = ["sgd", "adam"], initial = "adam" }
mom = { uniform = [0, 1], when = "opt == 'sgd'" }
lr  = { log_uniform = [1e-3, 1], initial = 1 }
)");
  REQUIRE(spec.search.try_first.size() == 1);
  CHECK(spec.search.try_first[0] == Assignment{{"opt", std::string("adam")}, {"lr", 1.0}});
}

TEST_CASE("sweep file: a grid has no number of trials of its own") {
  const SweepSpec spec = spec_of(R"([sweep]
name   = "iris-svm"
metric = "Accuracy"
[run]
command = "python train_iris.py"
code    = "."
[space]
kernel  = ["linear", "rbf", "poly", "sigmoid"]
penalty = [0.5, 1.0, 1.5]
seed    = 7
[search]
sampler = "grid"
repeats = 2
)");
  CHECK(spec.objective.goal == Goal::kMaximize);
  CHECK_FALSE(spec.search.trials.has_value());
  CHECK(spec.search.repeats == 2);
  CHECK(trials_total(spec) == 24);
}

TEST_CASE("sweep file: a bandit over an unchanged script") {
  const SweepSpec spec = spec_of(R"([sweep]
metric = "validation_acc"
[run]
command = ["python", "tf_mnist.py", "--data-folder", "${env.MNIST}", "${args}"]
[space]
batch-size           = [25, 50, 100]
first-layer-neurons  = { int = [10, 500], step = 10 }
learning-rate        = { log_uniform = [1e-6, 1e-1] }
[search]
sampler = "random"
trials  = 100
[stop]
compat              = "hyperdrive"
policy              = "bandit"
slack_factor        = 0.15
evaluation_interval = 2
delay_evaluation    = 5
)");
  CHECK(spec.stop.policy == PolicyKind::kBandit);
  CHECK(spec.stop.slack_factor == 0.15);
  CHECK_FALSE(spec.stop.slack_amount.has_value());
  CHECK(spec.stop.evaluation_interval == 2);
  CHECK(spec.stop.delay_evaluation == 5);
  CHECK(spec.space.parameters[0].name == "batch-size");
}

TEST_CASE("sweep file: the other policies") {
  const std::string head = std::string(kSmallest) + "[stop]\n";
  CHECK(spec_of(head + "policy = \"median\"\nmin_peers = 5\n").stop.min_peers == 5);
  const StopSpec truncation =
      spec_of(head +
              "policy = \"truncation\"\ntruncation_percentage = 20\nexclude_finished = true\n")
          .stop;
  CHECK(truncation.truncation_percentage == 20);
  CHECK(truncation.exclude_finished);
  CHECK(spec_of(head + "policy = \"none\"\n").stop == StopSpec{});
}

TEST_CASE("sweep file: without a space it is a job of one trial, which needs no metric") {
  const SweepSpec spec = spec_of("command = \"python eval.py\"\n");
  CHECK(spec.job);
  CHECK(spec.objective.metric.empty());
  CHECK(spec.search.trials == 1);
  CHECK(trials_total(spec) == 1);
}

TEST_CASE("sweep file: HyperDrive's expressions keep their meaning") {
  const ParsedSweep sweep = parsed(R"(metric = "loss"
command = "p"
[space]
compat = "hyperdrive"
a = { loguniform = [-6, -1] }
b = { quniform = [1, 10, 4] }
c = { quniform = [2, 11, 4] }
d = { randint = 4 }
e = { loguniform = [1e-6, 1e-1] }
f = { choice = [1, 2] }
g = { qlognormal = [0, 1, 2] }
h = { uniform = [0, 1] }
)");
  using Kind = Hyperdrive::Kind;
  const auto& parameters = sweep.spec.space.parameters;
  REQUIRE(parameters.size() == 8);
  CHECK(parameters[0].domain == Domain{Hyperdrive{Kind::kLoguniform, -6, -1, 1}});
  CHECK(parameters[1].domain == Domain{Hyperdrive{Kind::kQuniform, 1, 10, 4}});
  CHECK(parameters[3].domain == Domain{Hyperdrive{Kind::kRandint, 4, 0, 1}});
  CHECK(parameters[5].domain == Domain{Choice{{std::int64_t{1}, std::int64_t{2}}, {}}});
  CHECK(parameters[6].domain == Domain{Hyperdrive{Kind::kQlognormal, 0, 1, 2}});
  CHECK(parameters[7].domain == Domain{Hyperdrive{Kind::kUniform, 0, 1, 1}});
  REQUIRE(sweep.warnings.size() == 3);
  CHECK(sweep.warnings[0].message == "`quniform` yields 0, outside of [1, 10]");
  CHECK(sweep.warnings[1].message == "`quniform` yields 12, outside of [2, 11]");
  CHECK(sweep.warnings[2].message ==
        "`loguniform` bounds are natural logarithms: these give values from 1 to 1.10517");
  CHECK(sweep.warnings[2].help == "for values from 1e-06 to 0.1 write [-13.8155, -2.30259]");
}

TEST_CASE("sweep file: a line for the shell is one argument, a dotted name is literal") {
  const SweepSpec spec = spec_of(R"(metric = "loss"
[run]
shell = true
command = "p ${args} | tee log"
[space]
"optim.lr" = { uniform = [0.1, 0.2] }
)");
  CHECK(spec.run.shell);
  CHECK(spec.run.command == Texts{"p ${args} | tee log"});
  CHECK(spec.space.parameters[0].name == "optim.lr");
}

TEST_CASE("sweep file: a command that looks like a line for the shell is warned about") {
  const auto warnings =
      parsed("metric = \"loss\"\ncommand = \"a | b\"\n[space]\nx = { uniform = [1, 2] }\n")
          .warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == Diagnostic{Diagnostic::Severity::kWarning,
                                  2,
                                  14,
                                  1,
                                  "`|` is given to the program: no shell runs this command",
                                  "shell = true in [run] runs it in /bin/sh"});
}

TEST_CASE("sweep file: the goal is told by the metric's name") {
  const auto goal_of = [](const std::string& metric) {
    return spec_of("metric = \"" + metric +
                   "\"\ncommand = \"p\"\n[space]\nx = { uniform = [1, 2] }\n")
        .objective.goal;
  };
  for (const auto* metric :
       {"loss", "val_loss", "val/Loss", "trainError", "err", "RMSE", "mae", "perplexity"}) {
    CHECK_MESSAGE(goal_of(metric) == Goal::kMinimize, metric);
  }
  for (const auto* metric :
       {"acc", "Accuracy", "val_acc1", "roc-auc", "f1", "f1_score", "episodeReward"}) {
    CHECK_MESSAGE(goal_of(metric) == Goal::kMaximize, metric);
  }
  for (const auto* metric : {"accidents", "lossless", "error_score", "glossary"}) {
    CHECK_MESSAGE(faults_of("metric = \"" + std::string(metric) +
                                "\"\ncommand = \"p\"\n[space]\nx = { uniform = [1, 2] }\n",
                            {}) != "",
                  metric);
  }
}

TEST_CASE("sweep file: overrides take the place of what the file says") {
  const SweepSpec spec = spec_of(kSmallest,
                                 {{"search.trials", "2"},
                                  {"search.sampler", "random"},
                                  {"space.lr", "[0.1, 0.2]"},
                                  {"space.\"a.b\"", "x y"},
                                  {"limits.trial_time", "45m"},
                                  {"metric", "acc"},
                                  {"command", "other 'a b'"}});
  CHECK(spec.search.trials == 2);
  CHECK(spec.search.sampler == SamplerKind::kRandom);
  CHECK(spec.space.parameters ==
        std::vector<Parameter>{{"lr", Choice{{0.1, 0.2}, {}}, ""},
                               {"a.b", Choice{{std::string("x y")}, {}}, ""}});
  CHECK(spec.limits.trial_time == seconds(45 * 60));
  CHECK(spec.objective.goal == Goal::kMaximize);
  CHECK(spec.run.command == Texts{"other", "a b"});
}

TEST_CASE("sweep file: a fault of an override names it, and has no line") {
  CHECK(
      faults_of(kSmallest,
                {{"search.trails", "5"}, {"search.trials", "many"}, {"=x", ""}, {"limits", "5"}}) ==
      R"(a.toml: error: --set =x=: `=x` is not a key
      = help: write --set search.trials=5
a.toml: error: --set search.trails=5: unknown key `trails` in [search]
      = help: did you mean `trials`?
a.toml: error: --set limits=5: `limits` must be a table, not a whole number
      = help: write [limits] on a line of its own
a.toml: error: --set search.trials=many: `trials` must be a whole number, not text
)");
}

TEST_CASE("sweep file: more bytes than a sweep can have are refused unread") {
  const std::string large(2 * 1024 * 1024, '#');
  CHECK(faults_of(large, {}) ==
        "a.toml: error: the file has 2097152 bytes, more than the 1048576 that a sweep file may "
        "have\n");
}

TEST_CASE("sweep file: bytes that would harm the parser are refused before it") {
  const auto first_fault = [](std::string_view text) {
    const auto result = parse_sweep_file({text, "a", {}});
    const auto* faults = std::get_if<std::vector<Diagnostic>>(&result);
    return faults == nullptr ? "" : faults->front().message;
  };
  for (const auto* text : {"[&", "[#", "[[[1]]]", "[]", "[ ", "[[", "[[ ]]"}) {
    CHECK_MESSAGE(first_fault(text) == "`[` must be followed by the name of a table", text);
  }
  std::string dots = "a";
  for (int i = 0; i < 200'000; ++i) {
    dots += ".a";
  }
  CHECK(first_fault(dots + " = 1\n") == "this name has too many dots");
  CHECK(first_fault("[" + dots + "]\n") == "this name has too many dots");
  CHECK(first_fault("a = " + std::string(100'000, '[') + "\n") == "brackets are nested too deeply");
  CHECK(first_fault("a = 1\nb = \"\x80\"\n") == "this byte is not UTF-8 text");
  CHECK(first_fault("a = \"\x01\"\n") == "a control character is not allowed here");
  CHECK(first_fault(std::string_view("a\0b", 3)) == "a control character is not allowed here");
}

TEST_CASE("sweep file: cut off at every byte it is refused or read, never fatal") {
  for (std::size_t length = 0; length < kFull.size(); ++length) {
    const auto text = kFull.substr(0, length);
    const auto result = parse_sweep_file({text, "a", {}});
    if (const auto* faults = std::get_if<std::vector<Diagnostic>>(&result)) {
      REQUIRE_FALSE(faults->empty());
      REQUIRE_FALSE(render(*faults, "a.toml", text).empty());
    }
  }
}

TEST_CASE("sweep file: with any byte replaced it is refused or read, never fatal") {
  for (const std::string_view replacement :
       {"\"", "[", "]", "{", "=", "\n", "\xC3", ".", "$", "", "''", "9", "#"}) {
    for (std::size_t at = 0; at < kFull.size(); ++at) {
      std::string text(kFull.substr(0, at));
      text += replacement;
      text += kFull.substr(at + 1);
      const auto result = parse_sweep_file({text, "a", {}});
      if (const auto* faults = std::get_if<std::vector<Diagnostic>>(&result)) {
        REQUIRE_FALSE(faults->empty());
        for (const Diagnostic& fault : *faults) {
          REQUIRE(fault.length >= 1);
          REQUIRE((fault.line == 0 || fault.column >= 1));
        }
        REQUIRE_FALSE(render(*faults, "a.toml", text).empty());
      }
    }
  }
}

TEST_CASE("sweep file: the files that sweepd ships are good") {
  const auto folder = std::filesystem::path(SWEEPD_SOURCE_DIR) / "configs" / "sweeps";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") {
      ++files;
      CHECK_FALSE(spec_of(read(entry.path())).run.command.empty());
    }
  }
  CHECK(files >= 3);
}
