// Connections between the programs: bytes in order, late, lost when a connection breaks, and held
// back when it stalls; as ZeroMQ over TCP behaves.
#pragma once

#include "tests/sim/world.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sweepd::sim {

// One direction of one connection.
class Pipe {
 public:
  enum class Way { kOpen, kLost, kHeld };

  using Arrive = std::function<void(const std::string& bytes)>;

  Pipe(World& world, Arrive arrive) : world_(world), arrive_(std::move(arrive)) {}

  void send(std::string bytes) {
    if (way_ == Way::kLost ||
        (world_.faulty && world_.random.chance(world_.scenario.faults.loss / 4))) {
      return;
    }
    if (way_ == Way::kHeld) {
      held_.push_back(std::move(bytes));
      return;
    }
    const Duration latency = world_.faulty ? world_.scenario.faults.latency : milliseconds(10);
    // Never before what was sent earlier.
    last_ = std::max(last_, world_.now() + world_.between(milliseconds(1), latency));
    world_.heap.at(last_, [this, life = life_, bytes = std::move(bytes)] {
      if (life != life_) {
        return;
      }
      if (way_ == Way::kHeld) {
        held_.push_back(bytes);
      } else if (way_ == Way::kOpen) {
        arrive_(bytes);
      }
    });
  }

  void set_way(Way way) {
    way_ = way;
    if (way == Way::kOpen) {
      for (std::string& bytes : std::exchange(held_, {})) {
        send(std::move(bytes));
      }
    }
  }

  // What is under way is gone.
  void break_off() {
    ++life_;
    held_.clear();
  }

 private:
  World& world_;
  Arrive arrive_;
  Way way_ = Way::kOpen;
  Instant last_;
  std::uint64_t life_ = 0;
  std::vector<std::string> held_;
};

}  // namespace sweepd::sim
