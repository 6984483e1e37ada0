// What of a scenario can be healed, how large it is, and how it is told to people.
#include "tests/sim/cut_kinds.h"

#include "tests/sim/cuts.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace sweepd::sim {

namespace {

// Latency cannot be nothing; this much is drawn when nothing is slow.
constexpr Duration kLatencyUsual = milliseconds(40);

double in_seconds(Duration span) {
  return static_cast<double>(span.us) / 1e6;
}

// The names of the kinds that apply to `thing`, each behind a comma.
template <typename Kind, typename Thing>
std::string names_of(std::span<const Kind> kinds, const Thing& thing) {
  std::string names;
  for (const Kind& kind : kinds) {
    names += kind.on(thing) ? fmt::format(", {}", kind.name) : "";
  }
  return names;
}

// A kind that is off when that rate, or mean time, is 0.
template <auto Field>
constexpr FaultKind fault(std::string_view name) {
  return {name,
          [](Faults& of) { of.*Field = {}; },
          [](const Faults& of) {
            return of.*Field != std::remove_reference_t<decltype(of.*Field)>{};
          }};
}

template <typename Kind, typename Thing>
std::size_t count_of(std::span<const Kind> kinds, const Thing& thing) {
  return static_cast<std::size_t>(std::count_if(
      kinds.begin(), kinds.end(), [&thing](const Kind& kind) { return kind.on(thing); }));
}

}  // namespace

std::span<const FaultKind> fault_kinds() {
  static constexpr std::array kKinds{
      FaultKind{"faults.latency",
                [](Faults& of) { of.latency = std::min(of.latency, kLatencyUsual); },
                [](const Faults& of) {
                  return of.latency > kLatencyUsual;
                }},
      fault<&Faults::loss>("faults.loss"),
      fault<&Faults::duplication>("faults.duplication"),
      fault<&Faults::late>("faults.late"),
      fault<&Faults::crash_at_commit>("faults.crash-at-commit"),
      fault<&Faults::partition_every>("faults.partition"),
      fault<&Faults::daemon_crash_every>("faults.daemon-crash"),
      fault<&Faults::daemon_stall_every>("faults.daemon-stall"),
      fault<&Faults::program_death_every>("faults.program-death"),
      fault<&Faults::reboot_every>("faults.reboot"),
      fault<&Faults::wall_jump_every>("faults.wall-jump"),
      fault<&Faults::full_disk_every>("faults.full-disk"),
      fault<&Faults::power_cut>("faults.power-cut"),
      fault<&Faults::impatience>("faults.impatience"),
      fault<&Faults::upgrade_every>("faults.upgrade"),
      fault<&Faults::removal_every>("faults.removal"),
      fault<&Faults::mistaken>("faults.mistaken"),
  };
  return kKinds;
}

std::span<const BoxKind> box_kinds() {
  static constexpr std::array kKinds{
      BoxKind{"clock",
              [](BoxPlan& box) { box.clock_rate = 1; },
              [](const BoxPlan& box) {
                return box.clock_rate != 1;
              }},
      BoxKind{"dies",
              [](BoxPlan& box) { box.dies_for_good = false; },
              [](const BoxPlan& box) {
                return box.dies_for_good;
              }},
      BoxKind{"eager",
              [](BoxPlan& box) { box.eager_end = false; },
              [](const BoxPlan& box) {
                return box.eager_end;
              }},
      BoxKind{"broken",
              [](BoxPlan& box) { box.broken = false; },
              [](const BoxPlan& box) {
                return box.broken;
              }},
  };
  return kKinds;
}

std::span<const SpecKind> spec_kinds() {
  using sweeps::SweepSpec;
  static constexpr std::array kKinds{
      SpecKind{"policy",
               [](SweepSpec& spec) { spec.stop.policy = sweeps::PolicyKind::kNone; },
               [](const SweepSpec& spec) {
                 return spec.stop.policy != sweeps::PolicyKind::kNone;
               }},
      SpecKind{"target",
               [](SweepSpec& spec) { spec.stop.target.reset(); },
               [](const SweepSpec& spec) {
                 return spec.stop.target.has_value();
               }},
      SpecKind{"concurrent",
               [](SweepSpec& spec) { spec.limits.concurrent.reset(); },
               [](const SweepSpec& spec) {
                 return spec.limits.concurrent.has_value();
               }},
      SpecKind{"trial-time",
               [](SweepSpec& spec) { spec.limits.trial_time.reset(); },
               [](const SweepSpec& spec) {
                 return spec.limits.trial_time.has_value();
               }},
      SpecKind{"sweep-time",
               [](SweepSpec& spec) { spec.limits.sweep_time.reset(); },
               [](const SweepSpec& spec) {
                 return spec.limits.sweep_time.has_value();
               }},
      SpecKind{"failed-trials",
               [](SweepSpec& spec) { spec.limits.failed_trials.reset(); },
               [](const SweepSpec& spec) {
                 return spec.limits.failed_trials.has_value();
               }},
      SpecKind{"retry",
               [](SweepSpec& spec) { spec.retry = {}; },
               [](const SweepSpec& spec) {
                 return spec.retry != sweeps::RetrySpec();
               }},
      SpecKind{"model",
               [](SweepSpec& spec) { spec.registration.model.clear(); },
               [](const SweepSpec& spec) {
                 return !spec.registration.model.empty();
               }},
      SpecKind{"keep",
               [](SweepSpec& spec) { spec.run.keep.reset(); },
               [](const SweepSpec& spec) {
                 return spec.run.keep.has_value();
               }},
  };
  return kKinds;
}

std::size_t size_of(const Scenario& scenario) {
  std::size_t size = scenario.controls.size() + scenario.agent_controls.size() +
                     count_of(fault_kinds(), scenario.faults) +
                     static_cast<std::size_t>(scenario.faulty.us / 1'000'000);
  for (const BoxPlan& box : scenario.boxes) {
    size += 1 + count_of(box_kinds(), box);
  }
  for (const SubmissionPlan& submission : scenario.submissions) {
    size += 1 + sweeps::trials_total(submission.spec) + count_of(spec_kinds(), submission.spec);
  }
  return size;
}

std::string describe(const Scenario& scenario) {
  std::string text = fmt::format("faults for {:.0f} s{}\nheartbeat {:.2f} s, lease {:.2f} s\n",
                                 in_seconds(scenario.faulty),
                                 names_of(fault_kinds(), scenario.faults),
                                 in_seconds(scenario.heartbeat),
                                 in_seconds(scenario.lease));
  for (const BoxPlan& box : scenario.boxes) {
    text += fmt::format("{}: {} GPU, {} CPU, clock {:+.2f} %{}\n",
                        box.uuid,
                        box.gpus,
                        box.cpus,
                        (box.clock_rate - 1) * 100,
                        names_of(box_kinds(), box));
  }
  for (const SubmissionPlan& each : scenario.submissions) {
    text += fmt::format("at {:.1f} s a sweep of {} trials{}{}\n",
                        in_seconds(each.at - Instant{}),
                        sweeps::trials_total(each.spec),
                        each.paused ? ", paused" : "",
                        names_of(spec_kinds(), each.spec));
  }
  for (const ControlPlan& each : scenario.controls) {
    text += fmt::format("at {:.1f} s verb {} on the sweep {}{}\n",
                        in_seconds(each.at - Instant{}),
                        static_cast<int>(each.verb),
                        each.submission + 1,
                        each.trials);
  }
  for (const AgentControlPlan& each : scenario.agent_controls) {
    text += fmt::format("at {:.1f} s {} is {}\n",
                        in_seconds(each.at - Instant{}),
                        scenario.boxes[each.box].uuid,
                        each.verb == core::AgentVerb::kDrain ? "drained" : "resumed");
  }
  return text;
}

}  // namespace sweepd::sim
