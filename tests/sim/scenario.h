// What one seed decides beforehand: the boxes, the sweeps and what their programs do, the people,
// and the faults.
#pragma once

#include "daemon/core/event.h"
#include "sweeps/sweep_spec.h"
#include "tests/sim/random.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sweepd::sim {

// Rates of the faults; half of the seeds leave some kinds out, so that rare faults meet undisturbed
// systems too (swarm testing, Groce et al. 2012).
struct Faults {
  Duration latency;            // of the slower messages
  double loss = 0;             // of a message
  double duplication = 0;      // of a message
  double late = 0;             // a second copy arrives seconds later
  double crash_at_commit = 0;  // of the daemon, just before or just after a sync
  Duration partition_every;    // mean times; 0: never
  Duration daemon_crash_every;
  Duration daemon_stall_every;
  Duration program_death_every;  // of an agent program; its trials live on
  Duration reboot_every;         // of a box
  Duration wall_jump_every;      // of the wall clock of the daemon's machine or of a box
  Duration full_disk_every;      // of a box
  double power_cut = 0;          // a reboot takes what was not synced
  double impatience = 0;         // of people: an answered request is made once more, later
  Duration upgrade_every;        // of daemon and agents, one after the other, in good order
  Duration removal_every;        // a person removes a sweep, if it has ended
  double mistaken = 0;           // of people: an answered request's id is used for another one
};

struct BoxPlan {
  std::string uuid;
  std::uint32_t cpus = 0;
  std::uint32_t gpus = 0;
  double clock_rate = 1;       // of its clock against the daemon's
  bool dies_for_good = false;  // its next death in the phase of faults is its last
  bool eager_end = false;      // says that an attempt ended before its reports are acknowledged
  bool broken = false;         // every program fails on it at once
};

struct SubmissionPlan {
  Instant at;
  sweeps::SweepSpec spec;
  bool paused = false;
};

struct ControlPlan {
  Instant at;
  std::size_t submission = 0;
  core::ControlVerb verb = core::ControlVerb::kPause;
  std::string trials;  // the selector after the sweep number: "", "/3", "/failed"
};

// A person drains or resumes the agent of a box.
struct AgentControlPlan {
  Instant at;
  std::size_t box = 0;
  core::AgentVerb verb = core::AgentVerb::kDrain;
};

struct Scenario {
  std::uint64_t seed = 0;
  std::uint64_t chance = 0;  // another number: other luck in the run, the same plans
  Faults faults;
  Duration heartbeat;
  Duration lease;
  Duration grace;   // of every sweep
  Duration faulty;  // how long the phase of faults lasts
  std::vector<BoxPlan> boxes;
  std::vector<SubmissionPlan> submissions;
  std::vector<ControlPlan> controls;
  std::vector<AgentControlPlan> agent_controls;
};

Scenario draw_scenario(std::uint64_t seed);

enum class ProgramEnd { kExit, kSignal, kHang, kExecError };

// What the program of one attempt does when nobody disturbs it.
struct Program {
  std::vector<std::vector<core::MetricValue>> reports;
  Duration between_reports;
  ProgramEnd end = ProgramEnd::kExit;
  std::int32_t code = 0;  // exit code or signal
};

//   box: where it runs
Program program_of(const Scenario& scenario,
                   const sweeps::SweepSpec& spec,
                   const AttemptKey& attempt,
                   std::size_t box);

}  // namespace sweepd::sim
