// What of a scenario can be healed without being dropped: faults, ills of boxes, demands of sweeps.
#pragma once

#include "tests/sim/scenario.h"

#include <array>
#include <span>
#include <string_view>

namespace sweepd::sim {

// One kind of fault.
struct FaultKind {
  std::string_view name;
  void (*off)(Faults& faults);
  bool (*on)(const Faults& faults);
};

// What a box can suffer from.
struct BoxKind {
  std::string_view name;
  void (*off)(BoxPlan& box);
  bool (*on)(const BoxPlan& box);
};

// What a sweep can ask for beyond being run.
struct SpecKind {
  std::string_view name;
  void (*off)(sweeps::SweepSpec& spec);
  bool (*on)(const sweeps::SweepSpec& spec);
};

std::span<const FaultKind> fault_kinds();
std::span<const BoxKind> box_kinds();
std::span<const SpecKind> spec_kinds();

}  // namespace sweepd::sim
