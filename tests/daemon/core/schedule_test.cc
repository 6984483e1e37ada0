// Which queued trial gets which idle slot.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

std::vector<AttemptKey> assigned(const Outcome& outcome) {
  std::vector<AttemptKey> keys;
  for (const AttemptAssigned& record : records<AttemptAssigned>(outcome)) {
    keys.push_back(record.attempt);
  }
  return keys;
}

sweeps::SweepSpec gpu_spec(std::optional<std::uint32_t> gpus, std::uint32_t trials = 1) {
  sweeps::SweepSpec spec = a_spec(trials);
  spec.resources.gpus = gpus;
  return spec;
}

}  // namespace

TEST_CASE("schedule: one trial a slot, the lowest number first") {
  Desk desk;
  desk.submit(a_spec(3));
  const Outcome outcome = desk.join("box", Desk::slots(2));
  CHECK(assigned(outcome) == std::vector<AttemptKey>{attempt_key(1, 1), attempt_key(1, 2)});
  CHECK(desk.attempt(attempt_key(1, 2)).slots == std::vector<std::uint32_t>{1});
  CHECK(desk.state.free_cpu.empty());
}

TEST_CASE("schedule: a higher priority goes first, whatever the age") {
  Desk desk;
  desk.submit(a_spec(2));
  sweeps::SweepSpec urgent = a_spec(2);
  urgent.priority = 5;
  desk.submit(urgent);
  CHECK(assigned(desk.join("box", Desk::slots(3))) ==
        std::vector<AttemptKey>{attempt_key(2, 1), attempt_key(2, 2), attempt_key(1, 1)});
}

TEST_CASE("schedule: sweeps of one priority share the slots evenly") {
  Desk desk;
  desk.submit(a_spec(4));
  desk.submit(a_spec(4));
  CHECK(assigned(desk.join("box", Desk::slots(4))) ==
        std::vector<AttemptKey>{
            attempt_key(1, 1), attempt_key(2, 1), attempt_key(1, 2), attempt_key(2, 2)});
}

TEST_CASE("schedule: limits.concurrent counts trials until they are over") {
  sweeps::SweepSpec spec = a_spec(4);
  spec.limits.concurrent = 2;
  Desk desk;
  desk.submit(spec);
  CHECK_EQ(assigned(desk.join("box", Desk::slots(4))).size(), 2);
  const Outcome finishing =
      desk.hold({{attempt_key(1, 1), Phase::kFinishing}, {attempt_key(1, 2), Phase::kRunning}});
  CHECK(assigned(finishing).empty());
  CHECK(assigned(desk.complete(attempt_key(1, 1), 0.5)) ==
        std::vector<AttemptKey>{attempt_key(1, 3)});
}

TEST_CASE("schedule: without `gpus` a GPU is taken before a CPU slot") {
  Desk desk;
  desk.submit(gpu_spec(std::nullopt, 2));
  desk.join("box", Desk::slots(1, 1));
  CHECK(desk.attempt(attempt_key(1, 1)).slots == std::vector<std::uint32_t>{1});  // the GPU
  CHECK(desk.attempt(attempt_key(1, 2)).slots == std::vector<std::uint32_t>{0});
}

TEST_CASE("schedule: gpus = 0 takes CPU slots only") {
  Desk desk;
  desk.submit(gpu_spec(0, 2));
  CHECK_EQ(assigned(desk.join("box", Desk::slots(1, 2))).size(), 1);
  CHECK(desk.attempt(attempt_key(1, 1)).slots == std::vector<std::uint32_t>{0});
}

TEST_CASE("schedule: several GPUs come from one agent, the fullest that still suffices") {
  Desk desk;
  desk.join("large", Desk::slots(0, 4));
  desk.join("split", Desk::slots(0, 1));
  desk.join("small", Desk::slots(0, 2));
  desk.submit(gpu_spec(2));
  CHECK(desk.attempt(attempt_key(1, 1)).agent == desk.agent("small"));
  CHECK(desk.attempt(attempt_key(1, 1)).slots == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("schedule: GPUs of two agents are not put together, and others may use them") {
  Desk desk;
  desk.join("a", Desk::slots(0, 1));
  desk.join("b", Desk::slots(0, 1));
  desk.submit(gpu_spec(2));
  CHECK(desk.trial(1).attempts.empty());
  const SweepId small = desk.submit(gpu_spec(1));
  CHECK_FALSE(desk.trial(1, small).attempts.empty());
}

TEST_CASE("schedule: a trial that backs off lets the next one pass") {
  sweeps::SweepSpec spec = a_spec(2);
  spec.retry = {2, {}, seconds(60)};
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(spec);
  CHECK(assigned(desk.fail(attempt_key(1, 1))) == std::vector<AttemptKey>{attempt_key(1, 2)});
}

TEST_CASE("schedule: a proposal that comes late starts at once") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  const SweepId id = desk.submit(a_spec(2), false);
  CHECK(assigned(desk.propose(id, 1)) == std::vector<AttemptKey>{attempt_key(1, 1)});
}
