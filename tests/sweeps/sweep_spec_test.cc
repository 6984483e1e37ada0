// Tests of what no sweep may be.
#include "sweeps/sweep_spec.h"

#include "base/limits.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

namespace sweepd::sweeps {
namespace {

SweepSpec good() {
  SweepSpec spec;
  spec.name = "digits";
  spec.objective.metric = "loss";
  spec.run.command = {"python", "train.py"};
  spec.space.parameters = {{"lr", FloatRange{1e-4, 1e-1, true, {}}, ""},
                           {"depth", IntRange{1, 4, false, 1}, ""},
                           {"momentum", FloatRange{0, 1, false, {}}, "depth > 2"}};
  spec.search.trials = 20;
  return spec;
}

SweepSpec grid() {
  SweepSpec spec = good();
  spec.space.parameters.erase(spec.space.parameters.begin());
  spec.space.parameters.pop_back();
  spec.search.sampler = SamplerKind::kGrid;
  spec.search.trials.reset();
  return spec;
}

// The refusal of the good sweep after this change; empty when it is accepted.
std::string refusal(const std::function<void(SweepSpec&)>& change) {
  SweepSpec spec = good();
  change(spec);
  const Result<void> valid = validate(spec);
  if (valid.ok()) {
    return "";
  }
  CHECK_EQ(valid.error().code, Errc::kInvalidArgument);
  return valid.error().message;
}

std::string stop_refusal(const std::function<void(StopSpec&)>& change) {
  return refusal([&change](SweepSpec& spec) { change(spec.stop); });
}

TEST_CASE("specifications: plain ones are accepted") {
  CHECK_EQ(refusal([](SweepSpec&) {}), "");
  CHECK(validate(grid()).ok());
  SweepSpec job;
  job.name = "once";
  job.job = true;
  job.run.command = {"make"};
  CHECK(validate(job).ok());
}

TEST_CASE("specifications: whose files are kept is checked, and a job has nobody to choose from") {
  CHECK_EQ(refusal([](SweepSpec& s) { s.run.keep = 0; }), "run.keep: 0 is below 1");
  CHECK_EQ(refusal([](SweepSpec& s) { s.run.keep = 1; }), "");
  SweepSpec job;
  job.name = "once";
  job.job = true;
  job.run.command = {"make"};
  job.run.keep = 1;
  const Result<void> refused = validate(job);
  REQUIRE_FALSE(refused.ok());
  CHECK_EQ(refused.error().message, "run.keep: a job is one trial, and its files are kept");
}

TEST_CASE("specifications: names, metric and reduction are checked") {
  CHECK_EQ(refusal([](SweepSpec& s) { s.name.clear(); }), "sweep.name: empty");
  CHECK_EQ(refusal([](SweepSpec& s) { s.name = "a\nb"; }), "sweep.name: holds a control character");
  CHECK_EQ(refusal([](SweepSpec& s) { s.experiment.assign(300, 'x'); }),
           "sweep.experiment: longer than 256 bytes");
  CHECK_EQ(refusal([](SweepSpec& s) {
             s.tags = {{"a", "1"}, {"a", "2"}};
           }),
           "sweep.tags: the tag 'a' is empty or stands twice");
  CHECK_EQ(refusal([](SweepSpec& s) { s.objective.metric.clear(); }), "sweep.metric: missing");
  CHECK_NE(refusal([](SweepSpec& s) { s.objective.metric.assign(129, 'm'); }), "");
  CHECK_EQ(refusal([](SweepSpec& s) { s.objective.goal = static_cast<Goal>(3); }),
           "unknown goal 3");
  CHECK_EQ(refusal([](SweepSpec& s) {
             s.objective.reduce = {ReduceKind::kMeanLast, 0};
           }),
           "sweep.reduce: mean_last:0 is outside 1..10000");
  CHECK_NE(refusal([](SweepSpec& s) { s.objective.reduce.kind = static_cast<ReduceKind>(0); }), "");
}

TEST_CASE("specifications: a sweep has no name that a selector reads otherwise") {
  for (const char* name : {"12", "last", "-x", "a/b", "a#1", "mnist:4"}) {
    SweepSpec spec = good();
    spec.name = name;
    CHECK_FALSE_MESSAGE(validate(spec).ok(), name);
  }
  for (const char* name : {"12a", "lasting", "a-b", "a b", "größe"}) {
    SweepSpec spec = good();
    spec.name = name;
    CHECK_MESSAGE(validate(spec).ok(), name);
  }
}

TEST_CASE("specifications: the command, its paths and its environment are checked") {
  CHECK_EQ(refusal([](SweepSpec& s) { s.run.command.clear(); }), "run.command: empty");
  CHECK_EQ(refusal([](SweepSpec& s) { s.run.command = {""}; }), "run.command: empty");
  CHECK_NE(refusal([](SweepSpec& s) { s.run.command[1] = std::string("a\0b", 3); }), "");
  CHECK_NE(refusal([](SweepSpec& s) { s.run.shell = true; }), "");
  CHECK_NE(refusal([](SweepSpec& s) { s.run.args = static_cast<ArgsStyle>(9); }), "");
  CHECK_NE(refusal([](SweepSpec& s) { s.run.bools = static_cast<BoolStyle>(9); }), "");
  CHECK_EQ(refusal([](SweepSpec& s) { s.run.cwd = "a/../../b"; }),
           "run.cwd: the path 'a/../../b' leads out of its folder");
  CHECK_EQ(refusal([](SweepSpec& s) { s.run.outputs = {"/etc"}; }),
           "run.outputs: the path '/etc' is not relative");
  CHECK_EQ(refusal([](SweepSpec& s) { s.run.logs = {""}; }), "run.logs: a path is empty");
  CHECK_EQ(refusal([](SweepSpec& s) { s.run.outputs = {"a..b/c", "..d"}; }), "");
  CHECK_EQ(refusal([](SweepSpec& s) {
             s.env = {{"A=B", ""}};
           }),
           "env.vars: 'A=B' cannot be an environment variable");
  CHECK_EQ(refusal([](SweepSpec& s) {
             s.env = {{"A", ""}, {"A", ""}};
           }),
           "env.vars: 'A' stands twice");
}

TEST_CASE("specifications: the space and whether the sampler can work on it are checked") {
  CHECK_NE(refusal([](SweepSpec& s) { s.space.parameters[1].name = "lr"; }), "");
  CHECK_NE(refusal([](SweepSpec& s) { s.search.sampler = SamplerKind::kGrid; }), "");
  CHECK_NE(refusal([](SweepSpec& s) { s.search.sampler = static_cast<SamplerKind>(0); }), "");
  CHECK_EQ(refusal([](SweepSpec& s) { s.search.trials.reset(); }),
           "search.trials: missing; only the grid knows by itself when to stop");
  CHECK_EQ(refusal([](SweepSpec& s) { s.search.trials = 0; }),
           "search.trials: 0 is outside 1..1000000");
  CHECK_NE(refusal([](SweepSpec& s) { s.search.trials = limits::kTrialsMax + 1; }), "");
  CHECK_EQ(refusal([](SweepSpec& s) { s.search.repeats = 0; }), "search.repeats: 0 is below 1");
  CHECK_EQ(refusal([](SweepSpec& s) { s.search.repeats = 2; }),
           "search.repeats: only sampler 'grid' has points to repeat");
  CHECK_EQ(refusal([](SweepSpec& s) { s.space.constraints = {"depth > 4"}; }),
           "search.constraints: hardly any assignment satisfies them");
}

TEST_CASE("specifications: a grid of more trials than a sweep may have needs a limit") {
  SweepSpec spec = grid();
  spec.space.parameters[0].domain = IntRange{1, 2'000'000, false, 1};
  CHECK_EQ(
      validate(spec).error().message,
      "search.trials: the grid has more than 1000000 trials; set a limit, or use sampler 'sobol'");
  CHECK_EQ(trials_total(spec), 1'000'000);
  spec.search.trials = 10;
  CHECK(validate(spec).ok());
  CHECK_EQ(trials_total(spec), 10);
}

TEST_CASE("specifications: trials to try first must be what the space allows") {
  const auto first = [](Assignment given) {
    return refusal([&given](SweepSpec& s) { s.search.try_first = {{}, given}; });
  };
  CHECK_EQ(first({{"lr", 0.01}, {"depth", std::int64_t{3}}, {"momentum", 0.5}}), "");
  CHECK_EQ(first({{"depht", std::int64_t{3}}}),
           "search.try_first: entry 2: unknown parameter 'depht', did you mean 'depth'?");
  CHECK_EQ(first({{"lr", 2.0}}),
           "search.try_first: entry 2: parameter 'lr': 2.0 is outside [0.0001, 0.1]");
  CHECK_EQ(first({{"lr", 0.01}, {"lr", 0.02}}),
           "search.try_first: entry 2: the parameter 'lr' stands twice");
  CHECK_EQ(first({{"depth", std::int64_t{1}}, {"momentum", 0.5}}),
           "search.try_first: entry 2: the parameter 'momentum' is not active with these values");
  CHECK_EQ(refusal([](SweepSpec& s) {
             s.space.constraints = {"depth < 3"};
             s.search.try_first = {{{"depth", std::int64_t{3}}}};
           }),
           "search.try_first: entry 1: violates a constraint");
  CHECK_EQ(refusal([](SweepSpec& s) { s.search.try_first.resize(21); }),
           "search.try_first: 21 entries are more than 20 trials");
}

TEST_CASE("specifications: a job has no space and is one trial") {
  const auto job = [](const std::function<void(SweepSpec&)>& change) {
    return refusal([&change](SweepSpec& s) {
      s.job = true;
      s.space = {};
      s.search = {};
      change(s);
    });
  };
  CHECK_EQ(job([](SweepSpec&) {}), "");
  CHECK_EQ(job([](SweepSpec& s) { s.space = good().space; }), "a job has no search space");
  CHECK_EQ(job([](SweepSpec& s) { s.search.trials = 2; }), "a job is one trial");
}

TEST_CASE("specifications: each policy's keys are checked") {
  const double nan = std::nan("");
  CHECK_EQ(stop_refusal([](StopSpec& s) { s.evaluation_interval = 0; }),
           "stop.evaluation_interval: 0 is below 1");
  CHECK_EQ(stop_refusal([nan](StopSpec& s) { s.target = nan; }), "stop.target: nan is not finite");
  CHECK_EQ(stop_refusal([](StopSpec& s) { s.policy = static_cast<PolicyKind>(42); }),
           "unknown policy 42");

  const auto bandit = [](std::optional<double> factor, std::optional<double> amount) {
    return stop_refusal([=](StopSpec& s) {
      s.policy = PolicyKind::kBandit;
      s.slack_factor = factor;
      s.slack_amount = amount;
    });
  };
  CHECK_EQ(bandit(0.1, {}), "");
  CHECK_EQ(bandit({}, 0.1), "");
  CHECK_NE(bandit({}, {}), "");
  CHECK_EQ(bandit(0.1, 0.1),
           "stop.policy 'bandit' needs exactly one of slack_factor and slack_amount");
  CHECK_EQ(bandit(0.0, {}), "stop.slack_factor: 0 is not above 0");
  CHECK_NE(bandit({}, -1), "");
  CHECK_NE(bandit({}, nan), "");

  const auto truncation = [](std::uint32_t percentage) {
    return stop_refusal([=](StopSpec& s) {
      s.policy = PolicyKind::kTruncation;
      s.truncation_percentage = percentage;
    });
  };
  CHECK_EQ(truncation(1), "");
  CHECK_EQ(truncation(99), "");
  CHECK_EQ(truncation(0), "stop.truncation_percentage: 0 is outside 1..99");
  CHECK_EQ(truncation(100), "stop.truncation_percentage: 100 is outside 1..99");

  const auto asha = [](double min, double max, std::uint32_t reduction) {
    return stop_refusal([=](StopSpec& s) {
      s.policy = PolicyKind::kAsha;
      s.resource_min = min;
      s.resource_max = max;
      s.reduction = reduction;
    });
  };
  CHECK_EQ(asha(1, 81, 3), "");
  CHECK_EQ(asha(0, 81, 3), "stop.min: 0 is not above 0");
  CHECK_EQ(asha(3, 3, 3), "stop.max: 3 is not above the minimum 3");
  CHECK_EQ(asha(1, 81, 1), "stop.reduction: 1 is below 2");
  CHECK_NE(asha(nan, 81, 3), "");
  CHECK_NE(asha(1, nan, 3), "");
  CHECK_NE(asha(1, std::numeric_limits<double>::infinity(), 3), "");
  CHECK_EQ(asha(0.1, 1, 3),
           "stop.policy 'asha': no whole number between min 0.1 and max 1 to compare trials at");
  CHECK_EQ(stop_refusal([](StopSpec& s) {
             s.policy = PolicyKind::kMedian;
             s.min_peers = 0;
           }),
           "stop.min_peers: 0 is below 1");
}

TEST_CASE("specifications: limits, retries and the rest are checked") {
  CHECK_EQ(refusal([](SweepSpec& s) { s.limits.concurrent = 0; }),
           "limits.concurrent: 0 is below 1");
  CHECK_EQ(refusal([](SweepSpec& s) { s.limits.failed_trials = 0; }),
           "limits.failed_trials: 0 is below 1");
  CHECK_EQ(refusal([](SweepSpec& s) { s.limits.trial_time = seconds(0); }),
           "limits.trial_time: 0 s is too short");
  CHECK_EQ(refusal([](SweepSpec& s) { s.limits.sweep_time = seconds(-5); }),
           "limits.sweep_time: -5 s is too short");
  CHECK_EQ(refusal([](SweepSpec& s) { s.limits.sweep_time = seconds(4'000'000'000); }),
           "limits.sweep_time: 4000000000 s is too long");
  CHECK_EQ(refusal([](SweepSpec& s) { s.limits.grace = seconds(-1); }),
           "limits.grace: -1 s is too short");
  CHECK_EQ(refusal([](SweepSpec& s) { s.limits.grace = seconds(0); }), "");
  CHECK_EQ(refusal([](SweepSpec& s) { s.resources.cpus = 0; }), "resources.cpus: 0 is below 1");
  CHECK_EQ(refusal([](SweepSpec& s) { s.retry.attempts = 0; }),
           "retry.attempts: 0 is outside 1..100");
  CHECK_NE(refusal([](SweepSpec& s) { s.retry.attempts = 101; }), "");
  CHECK_NE(refusal([](SweepSpec& s) { s.retry.backoff = seconds(-1); }), "");
  CHECK_EQ(refusal([](SweepSpec& s) {
             s.retry.on = {
                 "exit:0", "exit:255", "timeout", "signal", "no-metric", "exec", "oom", "silent"};
           }),
           "");
  for (const std::string reason :
       {"exit", "exit:", "exit:256", "exit:-1", "exit:1x", "memory", ""}) {
    CAPTURE(reason);
    CHECK_NE(refusal([&reason](SweepSpec& s) { s.retry.on = {reason}; }), "");
  }
  CHECK_EQ(refusal([](SweepSpec& s) {
             s.metrics.stdout_patterns = {{"", "x"}};
           }),
           "metrics.stdout: a pattern is empty");
  CHECK_EQ(refusal([](SweepSpec& s) {
             s.registration = {"model", "../x"};
           }),
           "register.path: the path '../x' leads out of its folder");
  CHECK_EQ(refusal([](SweepSpec& s) { s.registration = {"", "../x"}; }), "");
}

}  // namespace
}  // namespace sweepd::sweeps
