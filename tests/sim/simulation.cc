// One simulated world from one seed.
#include "tests/sim/simulation.h"

#include "base/check.h"
#include "tests/sim/box.h"
#include "tests/sim/check_failed.h"
#include "tests/sim/daemon.h"
#include "tests/sim/network.h"
#include "tests/sim/people.h"
#include "tests/sim/strikes.h"
#include "tests/sim/world.h"

#include <algorithm>
#include <deque>

namespace sweepd::sim {

namespace {

// Enough for the longest sweeps that are drawn, one trial after the other on one slot.
constexpr Duration kPeaceMax = seconds(8000);

class Simulation {
 public:
  explicit Simulation(const Plan& plan);

  Finding run();

 private:
  void plan_faults();
  void cut_somebody_off();
  void crash_daemon();
  void upgrade_daemon();
  void upgrade_agent(std::size_t box);
  void stall_daemon();
  void kill_some_program();
  void reboot_some_box();
  void make_peace();
  bool over() const;
  std::string unfinished() const;

  Box& some_box() { return boxes_[some_index()]; }

  std::size_t some_index() {
    return static_cast<std::size_t>(
        world_.random.between(0, static_cast<std::int64_t>(boxes_.size()) - 1));
  }

  World world_;
  Network network_;
  Daemon daemon_;
  std::deque<Box> boxes_;
  People people_;
  std::vector<bool> gone_;  // boxes that never come back
};

Simulation::Simulation(const Plan& plan)
    : world_(scenario_of(plan), plan.mutant, plan.trace),
      network_(world_),
      daemon_(world_, network_),
      people_(world_, network_),
      gone_(world_.scenario.boxes.size()) {
  for (std::size_t i = 0; i < world_.scenario.boxes.size(); ++i) {
    boxes_.emplace_back(world_, network_, i);
  }
  network_.connect({[this](const ToDaemon& message) { daemon_.receive(message); },
                    [this](BoxIndex box, const ToAgent& message) { boxes_[box].receive(message); },
                    [this](const FromClient& message) { daemon_.receive(message); },
                    [this](ClientIndex, const core::Answer& answer) {
                      people_.receive(answer);
                    }});
}

Finding Simulation::run() {
  daemon_.start();
  for (Box& box : boxes_) {
    world_.heap.after(world_.between({}, seconds(5)), [&box] { box.power_on(); });
  }
  people_.start();
  plan_faults();
  world_.heap.at(Instant{} + world_.scenario.faulty, [this] { make_peace(); });
  const Instant end = Instant{} + world_.scenario.faulty + kPeaceMax;
  Finding finding;
  while (!world_.auditor.violation() && !over()) {
    if (world_.heap.next() > end) {
      world_.auditor.fail("everything works and not everything ends: " + unfinished());
      break;
    }
    world_.heap.advance();
    ++finding.events;
  }
  if (!world_.auditor.violation()) {
    daemon_.check_recovery();
    world_.auditor.finish(daemon_.state());
  }
  finding.violation = world_.auditor.violation();
  finding.virtual_us = world_.now().us;
  return finding;
}

void Simulation::plan_faults() {
  const Faults& faults = world_.scenario.faults;
  plan_strikes(world_, world_.random, faults.partition_every, [this] { cut_somebody_off(); });
  plan_strikes(world_, world_.random, faults.daemon_crash_every, [this] { crash_daemon(); });
  plan_strikes(world_, world_.random, faults.daemon_stall_every, [this] { stall_daemon(); });
  plan_strikes(world_, world_.random, faults.program_death_every, [this] { kill_some_program(); });
  plan_strikes(world_, world_.random, faults.reboot_every, [this] { reboot_some_box(); });
  plan_upgrades(world_,
                {[this] { upgrade_daemon(); },
                 [this](std::size_t box) {
                   upgrade_agent(box);
                 }});
  plan_wall_jumps(world_);
  plan_full_disks(world_, [this](std::size_t box, Duration span) { boxes_[box].fill_disk(span); });
}

void Simulation::cut_somebody_off() {
  const std::size_t index = some_index();
  const auto some_way = [this] {
    return static_cast<Network::Way>(world_.random.between(0, 2));
  };
  const auto some_time = [this] {
    return world_.random.chance(0.4)
               ? world_.between(seconds(1), seconds(8))
               : world_.between(seconds(1), scaled(world_.scenario.lease, 1.8));
  };
  world_.trace("box {} is cut off", index + 1);
  network_.set_way_to_daemon(index, some_way());
  network_.set_way_to_agent(index, some_way());
  world_.heap.after(some_time(),
                    [this, index] { network_.set_way_to_daemon(index, Network::Way::kOpen); });
  world_.heap.after(some_time(),
                    [this, index] { network_.set_way_to_agent(index, Network::Way::kOpen); });
}

void Simulation::crash_daemon() {
  if (!daemon_.runs()) {
    return;
  }
  daemon_.crash();
  world_.heap.after(world_.between(milliseconds(200), scaled(world_.scenario.lease, 1.5)), [this] {
    if (!daemon_.runs()) {
      daemon_.start();
    }
  });
}

// A good stop answers everything that it has read.
void Simulation::upgrade_daemon() {
  if (!daemon_.runs()) {
    return;
  }
  daemon_.stop();
  world_.heap.after({world_.luck.upgrades.between(milliseconds(100).us, seconds(3).us)}, [this] {
    if (!daemon_.runs()) {
      daemon_.start();
    }
  });
}

// The attempts stay with their shims, and the next program takes them over.
void Simulation::upgrade_agent(std::size_t box) {
  if (gone_[box] || !boxes_[box].program_runs()) {
    return;
  }
  boxes_[box].kill_program();
  world_.heap.after({world_.luck.upgrades.between(milliseconds(50).us, seconds(2).us)},
                    [this, box] {
                      if (!gone_[box] && !boxes_[box].program_runs()) {
                        boxes_[box].start_program();
                      }
                    });
}

void Simulation::stall_daemon() {
  if (daemon_.runs()) {
    daemon_.stall(world_.between(seconds(1), scaled(world_.scenario.lease, 1.5)));
  }
}

void Simulation::kill_some_program() {
  const std::size_t index = some_index();
  Box& box = boxes_[index];
  if (!box.program_runs()) {
    return;
  }
  if (world_.random.chance(0.3) && box.quiet()) {
    box.say_goodbye();
  }
  box.kill_program();
  gone_[index] = gone_[index] || world_.scenario.boxes[index].dies_for_good;
  world_.heap.after(world_.between(milliseconds(300), scaled(world_.scenario.lease, 2)),
                    [this, index] {
                      if (!gone_[index] && !boxes_[index].program_runs()) {
                        boxes_[index].start_program();
                      }
                    });
}

void Simulation::reboot_some_box() {
  const std::size_t index = some_index();
  if (!gone_[index]) {
    boxes_[index].reboot(world_.between(seconds(2), scaled(world_.scenario.lease, 2)));
  }
}

void Simulation::make_peace() {
  world_.trace("peace");
  world_.faulty = false;
  network_.heal();
  if (!daemon_.runs()) {
    daemon_.start();
  }
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    boxes_[i].free_disk();
    if (!gone_[i] && !boxes_[i].program_runs()) {
      boxes_[i].start_program();
    }
  }
  world_.heap.after(seconds(35), [this] { people_.resume_everything(); });
}

bool Simulation::over() const {
  if (world_.faulty || !daemon_.idle() || !people_.all_submissions_answered() ||
      !daemon_.state().live.empty()) {
    return false;
  }
  return std::all_of(boxes_.begin(), boxes_.end(), [](const Box& box) { return box.quiet(); });
}

std::string Simulation::unfinished() const {
  std::string text;
  for (const SweepId id : daemon_.state().live) {
    const core::Sweep& sweep = daemon_.state().sweeps.at(id);
    text += fmt::format("sweep {} {} with {} queued, {} active; ",
                        id.value,
                        core::to_text(sweep.state),
                        sweep.queued.size(),
                        sweep.active());
  }
  for (const Box& box : boxes_) {
    if (!box.quiet()) {
      text += box.describe() + "; ";
    }
  }
  return text;
}

}  // namespace

Scenario scenario_of(const Plan& plan) {
  Result<Scenario> scenario = cut(draw_scenario(plan.seed), plan.cuts);
  SWEEPD_CHECK(scenario.ok());
  return *std::move(scenario);
}

Finding simulate(const Plan& plan) {
  return plan.mode == Mode::kCore ? simulate_core(plan) : simulate_system(plan);
}

Finding simulate_core(const Plan& plan) {
  try {
    Simulation simulation(plan);
    return simulation.run();
  } catch (const CheckFailed& failure) {
    return {"a check failed: " + failure.what, 0, 0};
  }
}

}  // namespace sweepd::sim
