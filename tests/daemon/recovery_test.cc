// Recovery: the state that comes back is the state that was, on a history with everything in it.
#include "daemon/recovery.h"

#include "daemon/core/step.h"
#include "daemon/suggester.h"
#include "daemon/sweep_shelf.h"
#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace sweepd;
using daemon::SweepShelf;
using daemon::test::MemoryJournal;
using daemon::test::sample_spec;

namespace {

// The decision core over a journal: every event is decided and stored at once.
class Daemon {
 public:
  MemoryJournal journal;
  core::State state;
  SweepShelf shelf{journal};
  Instant now{1'000'000};

  void decide(core::EventBody first) {
    std::vector<core::EventBody> events = {std::move(first)};
    while (!events.empty()) {
      const core::EventBody body = events.back();
      events.pop_back();
      now = now + milliseconds(10);
      core::Outcome outcome = core::step(state, {{now, {now.us}}, body});
      for (const core::Effect& effect : outcome.effects) {
        if (const auto* wanted = std::get_if<core::Suggest>(&effect)) {
          events.emplace_back(daemon::Suggester().suggest(state, *wanted));
        }
      }
      if (!outcome.records.empty()) {
        REQUIRE(journal.commit({outcome.records, shelf.update(state, outcome.records), {}}).ok());
      }
    }
  }

  void submit(std::uint64_t request, sweeps::SweepSpec spec) {
    decide(core::SweepSubmitted{{9, request}, std::move(spec), "toml", "", "ada", false});
  }

  void join(std::size_t slots) {
    core::AgentJoined joined{"u-1", "box", "boot", "0.1", {}, {{"room", "b"}}, {}};
    for (std::uint32_t i = 0; i < slots; ++i) {
      joined.slots.push_back({i, false, "", "cpu", 0});
    }
    decide(joined);
  }

  // Runs every attempt that the agent holds: two reports, then exit code 0.
  void run_held() {
    const auto held = state.held[{1}];
    for (const AttemptKey& key : held) {
      decide(core::AttemptsHeld{{1}, {{key, core::Phase::kRunning}}});
      decide(core::ReportsArrived{
          {1},
          key,
          {{1, {1}, {{"loss", 0.5 + key.trial.value}}}, {2, {2}, {{"loss", 0.25}, {"acc", 1}}}}});
      core::AttemptEnded ended{{1}, key, 2, {}};
      ended.outcome.tree_digest = std::string(64, 'd');
      ended.outcome.metric_names = {"loss"};
      ended.outcome.thinned = 9;
      decide(ended);
    }
  }
};

core::State recovered(Daemon& daemon) {
  SweepShelf shelf(daemon.journal);
  auto state = shelf.recover();
  REQUIRE_MESSAGE(state.ok(), state.error().message);
  return *std::move(state);
}

}  // namespace

TEST_CASE("recovery: after every step of a sweep's life the recovered state equals the live one") {
  Daemon daemon;
  daemon.join(2);
  CHECK(recovered(daemon) == daemon.state);
  daemon.submit(1, sample_spec(40));
  daemon.submit(2, sample_spec(3));
  CHECK(recovered(daemon) == daemon.state);
  for (int round = 0; round < 3; ++round) {
    daemon.run_held();
    CHECK(recovered(daemon) == daemon.state);
  }
  daemon.decide(core::ControlRequested{{9, 3}, core::ControlVerb::kPause, "1", "ada", ""});
  daemon.decide(core::AgentSuspected{{1}});
  CHECK(recovered(daemon) == daemon.state);
  daemon.decide(core::AgentLost{{1}, false});
  CHECK(recovered(daemon) == daemon.state);
  daemon.join(1);
  daemon.decide(core::ControlRequested{{9, 4}, core::ControlVerb::kResume, "1", "ada", ""});
  daemon.decide(
      core::ControlRequested{{9, 5}, core::ControlVerb::kKill, "1/1-40", "ada", "enough"});
  CHECK(recovered(daemon) == daemon.state);
  CHECK_FALSE(core::check_invariants(daemon.state).has_value());
}

TEST_CASE("recovery: an ended sweep is left on disk, and comes back equal when it is asked for") {
  Daemon daemon;
  daemon.join(2);
  daemon.submit(1, sample_spec(3));
  while (!daemon.state.live.empty()) {
    daemon.run_held();
  }
  daemon.submit(2, sample_spec(30));
  const core::Sweep ended = daemon.state.sweeps.at({1});
  CHECK(ended.state == core::SweepState::kCompleted);

  SweepShelf shelf(daemon.journal);
  core::State state = *shelf.recover();
  CHECK_FALSE(state.sweeps.contains({1}));
  CHECK(state.sweeps.contains({2}));
  CHECK(state.sweeps_last == 2);
  CHECK(shelf.names().size() == 2);
  CHECK(shelf.headers().at({1}) == daemon::header_of(ended));
  CHECK(state.busy == daemon.state.busy);

  REQUIRE(shelf.bring(state, {1}).ok());
  CHECK(state == daemon.state);
  CHECK_FALSE(core::check_invariants(state).has_value());
}

TEST_CASE(
    "recovery: a submission that was accepted before the restart is answered again, not redone") {
  Daemon daemon;
  daemon.join(2);
  daemon.submit(1, sample_spec(1));
  while (!daemon.state.live.empty()) {
    daemon.run_held();
  }
  core::State state = recovered(daemon);
  const core::Outcome outcome =
      core::step(state, {{}, core::SweepSubmitted{{9, 1}, sample_spec(1), "", "", "", false}});
  CHECK(outcome.records.empty());
  REQUIRE(outcome.effects.size() == 1);
  CHECK(std::get<core::Answer>(outcome.effects[0]).body ==
        decltype(core::Answer::body)(core::SubmitAnswer{{1}, true}));
}

TEST_CASE("recovery: a reopened sweep is live again") {
  Daemon daemon;
  daemon.join(1);
  daemon.submit(1, sample_spec(1));
  daemon.decide(core::ControlRequested{{9, 2}, core::ControlVerb::kKill, "1", "ada", ""});
  core::AttemptEnded stopped{{1}, {{1}, {1}, {1}}, 0, {}};
  stopped.outcome.stopped = true;
  daemon.decide(stopped);
  REQUIRE(daemon.state.live.empty());
  daemon.decide(core::ControlRequested{{9, 3}, core::ControlVerb::kRetry, "1", "ada", ""});
  REQUIRE(daemon.state.live.size() == 1);
  CHECK(recovered(daemon) == daemon.state);
}

TEST_CASE("sweep shelf: ended sweeps that nobody asks for leave the memory, the last 64 stay") {
  Daemon daemon;
  daemon.join(1);
  for (std::uint64_t i = 1; i <= 70; ++i) {
    daemon.submit(i, sample_spec(1));
    daemon.run_held();
  }
  REQUIRE(daemon.state.live.empty());
  daemon.shelf.trim(daemon.state);
  CHECK(daemon.state.sweeps.size() == 64);
  CHECK_FALSE(daemon.state.sweeps.contains({6}));
  CHECK(daemon.state.sweeps.contains({7}));
  REQUIRE(daemon.shelf.bring(daemon.state, {3}).ok());
  daemon.shelf.trim(daemon.state);
  CHECK(daemon.state.sweeps.contains({3}));
  CHECK_FALSE(daemon.state.sweeps.contains({7}));
  CHECK(daemon.state.sweeps.size() == 64);
}

TEST_CASE("sweep shelf: an unknown sweep is none of its business") {
  Daemon daemon;
  REQUIRE(daemon.shelf.bring(daemon.state, {99}).ok());
  CHECK(daemon.state == core::State{});
}
