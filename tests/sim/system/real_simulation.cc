// The world of the production programs: loop, gateways, codecs and recovery of the daemon, session
// of the agent.
#include "tests/sim/check_failed.h"
#include "tests/sim/simulation.h"
#include "tests/sim/strikes.h"
#include "tests/sim/system/real_box.h"
#include "tests/sim/system/real_daemon.h"
#include "tests/sim/system/real_people.h"
#include "tests/sim/system/wire_net.h"

#include <algorithm>
#include <deque>

namespace sweepd::sim {

namespace {

constexpr Duration kPeaceMax = seconds(8000);
constexpr double kLossChance = 0.5;  // of a daemon that crashes
constexpr std::int64_t kBatchesLostMax = 40;
constexpr double kRebootChance = 0.2;  // of its machine

class RealSimulation {
 public:
  explicit RealSimulation(const Plan& plan);

  Finding run();

 private:
  // A box and its connection to the daemon. A new connection has a new name.
  struct Host {
    std::unique_ptr<RealBox> box;
    std::unique_ptr<Pipe> up;
    std::unique_ptr<Pipe> down;
    std::uint64_t connection = 1;
    bool gone = false;

    std::string peer() const { return fmt::format("{}/{}", box->uuid(), connection); }
  };

  void add_host(std::size_t index);
  void reconnect(Host& host);
  void from_daemon(wire::Door door, const std::string& peer, std::string bytes);
  void plan_faults();
  void cut_off();
  void crash_daemon();
  void upgrade_daemon();
  void daemon_away_for(Duration span);
  void upgrade_agent(std::size_t box);
  void disturb_program();
  void reboot();
  void make_peace();
  bool over() const;

  Host& some_host() {
    return hosts_[static_cast<std::size_t>(
        world_.random.between(0, static_cast<std::int64_t>(hosts_.size()) - 1))];
  }

  World world_;
  RealDaemon daemon_;
  std::deque<Host> hosts_;
  Pipe client_up_;
  Pipe client_down_;
  RealPeople people_;
};

RealSimulation::RealSimulation(const Plan& plan)
    : world_(scenario_of(plan), plan.mutant, plan.trace),
      daemon_(world_,
              [this](wire::Door door, const std::string& peer, std::string bytes) {
                from_daemon(door, peer, std::move(bytes));
              }),
      client_up_(
          world_,
          [this](const std::string& bytes) { daemon_.arrive(wire::Door::kClient, "ada", bytes); }),
      client_down_(world_, [this](const std::string& bytes) { people_.arrive(bytes); }),
      people_(world_, [this](std::string bytes) { client_up_.send(std::move(bytes)); }) {
  for (std::size_t i = 0; i < world_.scenario.boxes.size(); ++i) {
    add_host(i);
  }
  world_.losses = plan.mode == Mode::kLosses;
  if (world_.losses) {
    world_.auditor.expect_losses();
  }
}

void RealSimulation::add_host(std::size_t index) {
  Host& host = hosts_.emplace_back();
  host.box = std::make_unique<RealBox>(
      world_, index, [&host](std::string bytes) { host.up->send(std::move(bytes)); });
  host.up = std::make_unique<Pipe>(world_, [this, &host](const std::string& bytes) {
    daemon_.arrive(wire::Door::kControl, host.peer(), bytes);
  });
  host.down = std::make_unique<Pipe>(
      world_, [&host](const std::string& bytes) { host.box->arrive(bytes); });
}

void RealSimulation::reconnect(Host& host) {
  ++host.connection;
  host.up->break_off();
  host.down->break_off();
}

void RealSimulation::from_daemon(wire::Door door, const std::string& peer, std::string bytes) {
  if (door == wire::Door::kClient) {
    client_down_.send(std::move(bytes));
    return;
  }
  for (Host& host : hosts_) {
    if (host.peer() == peer) {
      host.down->send(std::move(bytes));
      return;
    }
  }
}

Finding RealSimulation::run() {
  daemon_.start();
  for (Host& host : hosts_) {
    world_.heap.after(world_.between({}, seconds(5)), [&host] { host.box->power_on(); });
  }
  people_.start();
  plan_faults();
  world_.heap.at(Instant{} + world_.scenario.faulty, [this] { make_peace(); });
  const Instant end = Instant{} + world_.scenario.faulty + kPeaceMax;
  Finding finding;
  while (!world_.auditor.violation() && !over()) {
    if (world_.heap.next() > end) {
      std::string text;
      for (const Host& host : hosts_) {
        text += host.box->describe() + "; ";
      }
      text += daemon_.describe();
      world_.auditor.fail("everything works and not everything ends: " + text);
      break;
    }
    world_.heap.advance();
    ++finding.events;
  }
  if (!world_.auditor.violation()) {
    daemon_.audit_history();
  }
  finding.violation = world_.auditor.violation();
  finding.virtual_us = world_.now().us;
  return finding;
}

void RealSimulation::plan_faults() {
  const Faults& faults = world_.scenario.faults;
  plan_strikes(world_, world_.random, faults.partition_every, [this] { cut_off(); });
  plan_strikes(world_, world_.random, faults.daemon_crash_every, [this] { crash_daemon(); });
  plan_strikes(world_, world_.random, faults.daemon_stall_every, [this] {
    daemon_.stall(world_.between(seconds(1), scaled(world_.scenario.lease, 1.5)));
  });
  plan_strikes(world_, world_.random, faults.program_death_every, [this] { disturb_program(); });
  plan_strikes(world_, world_.random, faults.reboot_every, [this] { reboot(); });
  plan_upgrades(world_,
                {[this] { upgrade_daemon(); },
                 [this](std::size_t box) {
                   upgrade_agent(box);
                 }});
  plan_wall_jumps(world_);
  plan_full_disks(world_,
                  [this](std::size_t box, Duration span) { hosts_[box].box->fill_disk(span); });
}

void RealSimulation::cut_off() {
  Host& host = some_host();
  const auto way = [this] {
    return static_cast<Pipe::Way>(world_.random.between(0, 2));
  };
  const Pipe::Way up = way();
  const Pipe::Way down = way();
  world_.trace("{} is cut off", host.box->uuid());
  host.up->set_way(up);
  host.down->set_way(down);
  const auto time = [this] {
    return world_.random.chance(0.4)
               ? world_.between(seconds(1), seconds(8))
               : world_.between(seconds(1), scaled(world_.scenario.lease, 1.8));
  };
  const bool breaks = world_.random.chance(0.5);
  world_.heap.after(time(), [this, &host, breaks] {
    if (breaks) {
      reconnect(host);
    }
    host.up->set_way(Pipe::Way::kOpen);
  });
  world_.heap.after(time(), [&host] { host.down->set_way(Pipe::Way::kOpen); });
}

void RealSimulation::crash_daemon() {
  if (daemon_.runs()) {
    daemon_away_for(world_.between(milliseconds(200), scaled(world_.scenario.lease, 1.5)));
    if (world_.luck.reboots.chance(kRebootChance)) {
      daemon_.reboot();
    }
  }
}

// Everything that was read is answered by then: a turn takes no time here.
void RealSimulation::upgrade_daemon() {
  if (daemon_.runs()) {
    daemon_away_for({world_.luck.upgrades.between(milliseconds(100).us, seconds(3).us)});
  }
}

void RealSimulation::daemon_away_for(Duration span) {
  daemon_.crash();
  for (Host& host : hosts_) {
    reconnect(host);
  }
  client_up_.break_off();
  if (world_.losses && world_.luck.losses.chance(kLossChance)) {
    // What was promised and is read later is lost all the same.
    client_down_.break_off();
    daemon_.lose_tail(static_cast<std::size_t>(world_.luck.losses.between(1, kBatchesLostMax)));
  }
  world_.heap.after(span, [this] {
    if (!daemon_.runs()) {
      daemon_.start();
    }
  });
}

void RealSimulation::upgrade_agent(std::size_t box) {
  Host& host = hosts_[box];
  if (host.gone || !host.box->program_runs()) {
    return;
  }
  host.box->kill_program();
  reconnect(host);
  world_.heap.after({world_.luck.upgrades.between(milliseconds(50).us, seconds(2).us)}, [&host] {
    if (!host.gone && !host.box->program_runs()) {
      host.box->start_program();
    }
  });
}

void RealSimulation::disturb_program() {
  Host& host = some_host();
  if (!host.box->program_runs()) {
    return;
  }
  const Duration span = world_.between(milliseconds(300), scaled(world_.scenario.lease, 2));
  if (world_.random.chance(0.4)) {
    host.box->freeze_program(span);
    return;
  }
  host.box->kill_program();
  reconnect(host);
  const auto index = static_cast<std::size_t>(
      std::find_if(
          hosts_.begin(), hosts_.end(), [&host](const Host& each) { return &each == &host; }) -
      hosts_.begin());
  host.gone = host.gone || world_.scenario.boxes[index].dies_for_good;
  world_.heap.after(span, [&host] {
    if (!host.gone && !host.box->program_runs()) {
      host.box->start_program();
    }
  });
}

void RealSimulation::reboot() {
  Host& host = some_host();
  if (!host.gone) {
    host.box->reboot(world_.between(seconds(2), scaled(world_.scenario.lease, 2)));
    reconnect(host);
  }
}

void RealSimulation::make_peace() {
  world_.trace("peace");
  world_.faulty = false;
  if (!daemon_.runs()) {
    daemon_.start();
  }
  for (Host& host : hosts_) {
    host.up->set_way(Pipe::Way::kOpen);
    host.down->set_way(Pipe::Way::kOpen);
    host.box->free_disk();
    if (!host.gone && !host.box->program_runs()) {
      host.box->start_program();
    }
  }
  world_.heap.after(seconds(35), [this] { people_.resume_everything(); });
}

bool RealSimulation::over() const {
  if (world_.faulty || !daemon_.runs() || !people_.all_submissions_answered() ||
      !daemon_.state().live.empty()) {
    return false;
  }
  return std::all_of(hosts_.begin(), hosts_.end(), [](const Host& host) {
    return host.gone || host.box->quiet();
  });
}

}  // namespace

Finding simulate_system(const Plan& plan) {
  try {
    RealSimulation simulation(plan);
    return simulation.run();
  } catch (const CheckFailed& failure) {
    return {"a check failed: " + failure.what, 0, 0};
  }
}

}  // namespace sweepd::sim
