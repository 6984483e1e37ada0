// Why things are as they are, in sentences for people.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

std::string waiting(const Desk& desk, std::uint64_t sweep = 1) {
  return why_waiting(desk.state, desk.sweep(SweepId{sweep}), desk.now);
}

std::string told(const Desk& desk, std::uint32_t trial) {
  return explain(desk.state, desk.sweep(), desk.trial(trial), desk.now);
}

}  // namespace

TEST_CASE("waiting: without an agent the sentence says how to start one") {
  Desk desk;
  desk.submit(a_spec(1));
  CHECK_EQ(waiting(desk), "no agent is connected: start `sweep-agent` on a machine");
  CHECK_EQ(told(desk, 1), "1/1 is queued\nno agent is connected: start `sweep-agent` on a machine");
}

TEST_CASE("waiting: an agent that is not heard of for a while is named") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.step(AgentSuspected{desk.agent()});
  desk.submit(a_spec(1));
  CHECK_EQ(
      waiting(desk),
      "no agent is connected now; agent box has not been heard of for a while: what runs there "
      "stays there until the lease ends");
}

TEST_CASE("waiting: a pause, the limit and busy slots are told apart") {
  Desk desk;
  desk.join("box", Desk::slots(2));
  sweeps::SweepSpec spec = a_spec(4);
  spec.limits.concurrent = 1;
  desk.submit(spec);
  CHECK_EQ(waiting(desk), "limits.concurrent = 1: so many trials of the sweep are active");
  desk.submit(a_spec(4));
  CHECK_EQ(waiting(desk, 2), "all 2 slots that could run it are busy");
  desk.control(ControlVerb::kPause, "1");
  CHECK_EQ(waiting(desk), "the sweep is paused; `sweepctl resume 1` lets it go on");
}

TEST_CASE("waiting: nothing is said of a sweep without queued trials") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  CHECK_EQ(waiting(desk), "");
  desk.complete(attempt_key(1, 1), 0.5);
  CHECK_EQ(waiting(desk), "");
}

TEST_CASE("waiting: more GPUs than any box has") {
  Desk desk;
  desk.join("a", Desk::slots(0, 2));
  desk.join("b", Desk::slots(0, 1));
  sweeps::SweepSpec spec = a_spec(1);
  spec.resources.gpus = 3;
  desk.submit(spec);
  CHECK_EQ(waiting(desk),
           "resources.gpus = 3, and no connected agent has so many GPUs (the most is 2)");
}

TEST_CASE("waiting: a trial for a CPU slot does not wait for GPUs") {
  Desk desk;
  desk.join("box", Desk::slots(0, 2));
  sweeps::SweepSpec spec = a_spec(1);
  spec.resources.gpus = 0;
  desk.submit(spec);
  CHECK_EQ(waiting(desk), "resources.gpus = 0, and no connected agent offers a CPU slot");
  desk.join("other", Desk::slots(1));
  desk.submit(spec);
  CHECK_EQ(waiting(desk, 2), "the only slot that could run it is busy");
}

TEST_CASE("waiting: what agents withhold is told wherever no slot fits, and why") {
  const std::string why = "GPU 1 (GPU-8932f937): 1 process of others, 3.2 of 80.0 GiB free";
  Desk desk;
  desk.withhold("a", Desk::slots(0, 1), why);
  sweeps::SweepSpec spec = a_spec(2);
  desk.submit(spec);
  CHECK_EQ(waiting(desk), "the only slot that could run it is busy; a withholds slots: " + why);
  spec.resources.gpus = 2;
  desk.submit(spec);
  CHECK_EQ(waiting(desk, 2),
           "resources.gpus = 2, and no connected agent has so many GPUs (the most is 1); a "
           "withholds slots: " +
               why);
  spec.resources.gpus = 0;
  desk.submit(spec);
  CHECK_EQ(waiting(desk, 3), "resources.gpus = 0, and no connected agent offers a CPU slot");
  desk.withhold("b", {}, "less than 2.1 GB of disk are free");
  CHECK_EQ(waiting(desk, 3),
           "resources.gpus = 0, and no connected agent offers a CPU slot; b withholds slots: less "
           "than 2.1 GB of disk are free");
}

TEST_CASE("waiting: agents that withhold everything are not called missing") {
  Desk desk;
  desk.withhold("a", {}, "GPU 0 (GPU-1): NVML: GPU is lost (15)");
  desk.submit(a_spec(1));
  CHECK_EQ(waiting(desk),
           "no slot is offered now; a withholds slots: GPU 0 (GPU-1): NVML: GPU is lost (15)");
  for (const char* more : {"b", "c", "d"}) {
    desk.withhold(more, {}, "x");
  }
  CHECK_EQ(waiting(desk),
           "no slot is offered now; a withholds slots: GPU 0 (GPU-1): NVML: GPU is lost (15); b "
           "withholds slots: x; 2 agents more, too");
  desk.step(AgentLost{desk.agent("a"), false});
  CHECK_EQ(waiting(desk),
           "no slot is offered now; b withholds slots: x; c withholds slots: x; 1 agent more, too");
}

TEST_CASE("waiting: a drained agent and one that withholds are both told") {
  Desk desk;
  desk.join("a", Desk::slots(0, 1));
  desk.withhold("b", {}, "x");
  desk.step(AgentControlRequested{desk.fresh_request(), AgentVerb::kDrain, "a", "ada", "fan"});
  desk.submit(a_spec(1));
  CHECK_MESSAGE(waiting(desk).ends_with("lets it work again; b withholds slots: x"), waiting(desk));
}

TEST_CASE("waiting: a back-off is told as one while slots are idle") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(1);
  spec.retry = {2, {}, seconds(30)};
  desk.submit(spec);
  desk.fail(attempt_key(1, 1));
  CHECK_EQ(waiting(desk), "slots are idle: it waits for retry.backoff to pass");
  CHECK_EQ(told(desk, 1),
           "1/1 is queued again: exit code 1: ValueError: no\n"
           "slots are idle: it waits for retry.backoff to pass");
}

TEST_CASE("waiting: what agents give back again and again is told with the last reason") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  AttemptOutcome outcome;
  outcome.started = false;
  outcome.failure = {ReasonCode::kStoppedByAgent, "no room"};
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    desk.end(attempt_key(1, 1, attempt), outcome);
  }
  CHECK_EQ(
      waiting(desk),
      "slots are idle: agents gave 1/1 back 3 times in a row, so it is not tried all the time; "
      "the last one was box: no room");
}

TEST_CASE(
    "explain: a running trial is told with its place, and a suspect agent with what follows") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  desk.run(attempt_key(1, 1));
  CHECK_EQ(told(desk, 1), "1/1#1 is running on box slot 0");
  desk.step(AgentSuspected{desk.agent()});
  CHECK_EQ(told(desk, 1),
           "1/1#1 is running on box slot 0\nthe agent has not been heard of for a while; the trial "
           "keeps its slot until the lease ends");
}

TEST_CASE("explain: a trial that is being stopped says who asked for it") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  desk.control(ControlVerb::kKill, "1/1");
  CHECK_EQ(told(desk, 1), "1/1#1 is stopping on box slot 0: killed by ada: because");
}

TEST_CASE("explain: an ended trial says why, and how many attempts it used") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(2);
  spec.retry.attempts = 2;
  desk.submit(spec);
  desk.fail(attempt_key(1, 1));
  desk.fail(attempt_key(1, 1, 2), 4);
  CHECK_EQ(told(desk, 1),
           "1/1 is failed: exit code 4: ValueError: no\n2 of 2 attempts that may fail were used");
  desk.complete(attempt_key(1, 2), 0.5);
  CHECK_EQ(told(desk, 2), "1/2 is completed");
}
