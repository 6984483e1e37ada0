// Drawing of scenarios and programs.
#include "tests/sim/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sweepd::sim {

namespace {

Duration drawn(Random& random, Duration low, Duration high) {
  return {random.between(low.us, high.us)};
}

Faults draw_faults(Random random, bool swarm) {
  const auto on = [&] {
    return !swarm || random.chance(0.5);
  };
  Faults faults;
  faults.latency = drawn(random, milliseconds(5), milliseconds(on() ? 500 : 40));
  faults.loss = on() ? random.unit() * 0.15 : 0;
  faults.duplication = on() ? random.unit() * 0.3 : 0;
  faults.late = on() ? random.unit() * 0.06 : 0;
  faults.crash_at_commit = on() ? random.unit() * 0.01 : 0;
  faults.partition_every = on() ? drawn(random, seconds(15), seconds(90)) : Duration{};
  faults.daemon_crash_every = on() ? drawn(random, seconds(20), seconds(120)) : Duration{};
  faults.daemon_stall_every = on() ? drawn(random, seconds(30), seconds(150)) : Duration{};
  faults.program_death_every = on() ? drawn(random, seconds(20), seconds(120)) : Duration{};
  faults.reboot_every = on() ? drawn(random, seconds(40), seconds(240)) : Duration{};
  faults.wall_jump_every = on() ? drawn(random, seconds(5), seconds(60)) : Duration{};
  faults.full_disk_every = on() ? drawn(random, seconds(20), seconds(120)) : Duration{};
  faults.power_cut = on() ? random.unit() : 0;
  faults.impatience = on() ? random.unit() * 0.5 : 0;
  faults.upgrade_every = on() ? drawn(random, seconds(30), seconds(150)) : Duration{};
  faults.removal_every = on() ? drawn(random, seconds(5), seconds(60)) : Duration{};
  faults.mistaken = on() ? random.unit() * 0.3 : 0;
  return faults;
}

std::vector<BoxPlan> draw_boxes(Random random) {
  std::vector<BoxPlan> boxes(static_cast<std::size_t>(random.between(1, 4)));
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    BoxPlan& box = boxes[i];
    box.uuid = fmt::format("box-{}", i + 1);
    box.gpus = random.chance(0.6) ? static_cast<std::uint32_t>(random.between(1, 3)) : 0;
    box.cpus =
        box.gpus == 0 || random.chance(0.3) ? static_cast<std::uint32_t>(random.between(1, 2)) : 0;
    box.clock_rate = 1 + (random.unit() - 0.5) * 0.02;
    box.eager_end = random.chance(0.3);
    box.dies_for_good = i > 0 && random.chance(0.15);
    box.broken = i > 0 && random.chance(0.25);
  }
  // The first box can run whatever is drawn below, so that every sweep can end.
  boxes.front().cpus = std::max(boxes.front().cpus, 1U);
  boxes.front().gpus = std::max(boxes.front().gpus, 2U);
  return boxes;
}

sweeps::StopSpec draw_stop(Random random) {
  sweeps::StopSpec stop;
  stop.policy = static_cast<sweeps::PolicyKind>(random.between(1, 5));
  stop.time = random.chance(0.3) ? "epoch" : "";
  stop.evaluation_interval = static_cast<std::uint32_t>(random.between(1, 3));
  stop.delay_evaluation = static_cast<std::uint32_t>(random.between(0, 4));
  stop.stop_on_nan = random.chance(0.7);
  stop.allow_pruned = random.chance(0.5);
  if (stop.policy == sweeps::PolicyKind::kBandit) {
    (random.chance(0.5) ? stop.slack_factor : stop.slack_amount) = 0.1 + random.unit() * 0.3;
  }
  stop.min_peers = static_cast<std::uint32_t>(random.between(1, 3));
  stop.truncation_percentage = static_cast<std::uint32_t>(random.between(10, 60));
  stop.exclude_finished = random.chance(0.5);
  stop.resource_min = 1;
  stop.resource_max = 9;
  stop.reduction = static_cast<std::uint32_t>(random.between(2, 3));
  if (random.chance(0.15)) {
    stop.target = 0.0;
  }
  return stop;
}

sweeps::SweepSpec draw_spec(Random random, Duration grace) {
  sweeps::SweepSpec spec;
  spec.name = fmt::format("sweep-{}", random.between(1, 3));
  spec.objective.metric = "loss";
  spec.objective.goal = random.chance(0.5) ? sweeps::Goal::kMinimize : sweeps::Goal::kMaximize;
  spec.objective.reduce.kind = static_cast<sweeps::ReduceKind>(random.between(1, 3));
  spec.objective.reduce.count = static_cast<std::uint32_t>(random.between(1, 3));
  spec.priority = static_cast<std::int32_t>(random.between(-1, 1));
  spec.run.command = {"train"};
  sweeps::Choice choice;
  const std::int64_t widths = random.between(2, 12);
  for (std::int64_t value = 1; value <= widths; ++value) {
    choice.values.emplace_back(value);
  }
  spec.space.parameters.push_back({"width", choice, ""});
  spec.search.sampler =
      random.chance(0.5) ? sweeps::SamplerKind::kGrid : sweeps::SamplerKind::kRandom;
  spec.search.seed = random.next();
  if (spec.search.sampler != sweeps::SamplerKind::kGrid || random.chance(0.5)) {
    spec.search.trials = static_cast<std::uint32_t>(random.between(1, 10));
  }
  spec.stop = draw_stop(random.fork(1));
  if (random.chance(0.6)) {
    spec.resources.gpus = static_cast<std::uint32_t>(random.between(0, 2));
  }
  spec.limits.grace = grace;
  if (random.chance(0.4)) {
    spec.limits.concurrent = static_cast<std::uint32_t>(random.between(1, 3));
  }
  if (random.chance(0.5)) {
    spec.limits.trial_time = drawn(random, seconds(4), seconds(30));
  }
  if (random.chance(0.1)) {
    spec.limits.sweep_time = drawn(random, seconds(20), seconds(150));
  }
  if (random.chance(0.15)) {
    spec.limits.failed_trials = static_cast<std::uint32_t>(random.between(1, 4));
  }
  spec.retry.attempts = static_cast<std::uint32_t>(random.between(1, 3));
  spec.retry.backoff = random.chance(0.4) ? drawn(random, seconds(1), seconds(8)) : Duration{};
  if (random.chance(0.3)) {
    spec.retry.on = {"exit:1", "signal", "timeout"};
  }
  if (random.chance(0.3)) {
    spec.registration.model = fmt::format("model-{}", random.between(1, 2));
  }
  if (Random files = random.fork(2); files.chance(0.5)) {
    spec.run.keep = static_cast<std::uint32_t>(files.between(1, 4));
  }
  return spec;
}

ControlPlan draw_control(Random& random, const Scenario& scenario) {
  using core::ControlVerb;
  ControlPlan control;
  control.at = Instant{} + drawn(random, seconds(3), scenario.faulty);
  control.submission = static_cast<std::size_t>(
      random.between(0, static_cast<std::int64_t>(scenario.submissions.size()) - 1));
  const double which = random.unit();
  if (which < 0.25) {
    control.verb = ControlVerb::kPause;
  } else if (which < 0.45) {
    control.verb = ControlVerb::kResume;
  } else if (which < 0.5) {
    control.verb = ControlVerb::kStop;
  } else if (which < 0.7) {
    control.verb = ControlVerb::kKill;
    control.trials = random.chance(0.2) ? "" : fmt::format("/{}", random.between(1, 8));
  } else {
    control.verb = ControlVerb::kRetry;
    control.trials = random.chance(0.5) ? "" : "/failed";
  }
  return control;
}

double draw_value(Random& random, double quality, std::size_t report) {
  if (random.chance(0.02)) {
    return random.chance(0.5) ? std::numeric_limits<double>::quiet_NaN()
                              : std::numeric_limits<double>::infinity();
  }
  // One decimal, so that ties and exact zeros happen.
  const double noise = static_cast<double>(random.between(-2, 2)) * 0.1;
  return std::round((quality - 0.1 * static_cast<double>(report) + noise) * 10) / 10;
}

}  // namespace

Scenario draw_scenario(std::uint64_t seed) {
  Random random(seed);
  Scenario scenario;
  scenario.seed = seed;
  scenario.faults = draw_faults(random.fork(1), seed % 2 == 1);
  scenario.heartbeat = drawn(random, milliseconds(700), milliseconds(1500));
  scenario.lease = drawn(random, seconds(8), seconds(25));
  scenario.grace = drawn(random, seconds(1), seconds(4));
  scenario.faulty = drawn(random, seconds(60), seconds(150));
  scenario.boxes = draw_boxes(random.fork(2));
  for (std::int64_t left = random.between(1, 3); left > 0; --left) {
    SubmissionPlan submission;
    submission.at = Instant{} + drawn(random, Duration{}, seconds(40));
    submission.spec = draw_spec(random.fork(static_cast<std::uint64_t>(10 + left)), scenario.grace);
    submission.paused = random.chance(0.1);
    scenario.submissions.push_back(std::move(submission));
  }
  for (std::int64_t left = random.between(0, 5); left > 0; --left) {
    scenario.controls.push_back(draw_control(random, scenario));
  }
  Random agents = random.fork(3);
  for (std::int64_t left = agents.between(0, 3); left > 0; --left) {
    AgentControlPlan control;
    control.at = Instant{} + drawn(agents, seconds(3), scenario.faulty);
    control.box = static_cast<std::size_t>(
        agents.between(0, static_cast<std::int64_t>(scenario.boxes.size()) - 1));
    control.verb = agents.chance(0.4) ? core::AgentVerb::kDrain : core::AgentVerb::kResume;
    scenario.agent_controls.push_back(control);
  }
  return scenario;
}

namespace {

// What fails as soon as it starts.
Program failing() {
  Program program;
  program.between_reports = milliseconds(150);
  program.code = 1;
  return program;
}

}  // namespace

Program program_of(const Scenario& scenario,
                   const sweeps::SweepSpec& spec,
                   const AttemptKey& attempt,
                   std::size_t box) {
  const Random base = Random(scenario.seed).fork(attempt.sweep.value).fork(attempt.trial.value);
  Random trial = base.fork(1);
  // Some configurations fail everywhere; in some sweeps all of them do: a typo in the script.
  const bool typo = Random(scenario.seed).fork(attempt.sweep.value).fork(7777).chance(0.05);
  const bool bad = base.fork(2).chance(0.08);
  if (scenario.boxes[box].broken || typo || bad) {
    return failing();
  }
  Random random = base.fork(100 + attempt.attempt.value);
  Program program;
  // Some outlive a lease.
  program.between_reports =
      drawn(random, milliseconds(100), random.chance(0.25) ? seconds(6) : milliseconds(2500));
  const double quality = static_cast<double>(trial.between(2, 9)) * 0.1;
  const std::int64_t count = random.chance(0.08) ? 0 : random.between(1, 10);
  const bool never_the_objective = random.chance(0.03);
  double epoch = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    epoch += static_cast<double>(random.between(1, 3));
    std::vector<core::MetricValue> metrics{{"epoch", epoch}};
    if (!never_the_objective && !random.chance(0.1)) {
      metrics.push_back({"loss", draw_value(random, quality, static_cast<std::size_t>(i))});
    }
    program.reports.push_back(std::move(metrics));
  }
  const double how = random.unit();
  if (how < 0.08 && spec.limits.trial_time) {
    program.end = ProgramEnd::kHang;
  } else if (how < 0.12) {
    program.end = ProgramEnd::kSignal;
    program.code = 11;
  } else if (how < 0.15) {
    program.end = ProgramEnd::kExecError;
    program.reports.clear();
  } else {
    program.code = how < 0.28 ? static_cast<std::int32_t>(random.between(1, 2)) : 0;
  }
  return program;
}

}  // namespace sweepd::sim
