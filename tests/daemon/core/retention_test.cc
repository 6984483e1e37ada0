// Whose files are kept: run.keep.
#include "tests/daemon/core/desk.h"
#include "tests/daemon/core/two_boxes.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

using Keys = std::vector<AttemptKey>;

AttemptOutcome with_files(std::int32_t exit_code = 0) {
  AttemptOutcome outcome;
  outcome.exit_code = exit_code;
  outcome.tree_digest = "tree";
  outcome.tree_files = 2;
  outcome.tree_bytes = 300;
  return outcome;
}

sweeps::SweepSpec keeping(std::uint32_t keep, std::uint32_t trials) {
  sweeps::SweepSpec spec = a_spec(trials);
  spec.run.keep = keep;
  return spec;
}

// All trials of a sweep with run.keep run at once.
struct KeepDesk : Desk {
  explicit KeepDesk(const sweeps::SweepSpec& spec) {
    join("box", slots(8));
    submit(spec);
  }

  KeepDesk(std::uint32_t keep, std::uint32_t trials) : KeepDesk(keeping(keep, trials)) {}

  // The trial completes with the value and leaves files; gives what is let go for it.
  Keys complete_with_files(std::uint32_t number, double value) {
    const AttemptKey key = current(*this, number);
    report(key, attempt(key).reports_last + 1, value);
    return dropped(end(key, with_files()));
  }

  static Keys dropped(const Outcome& outcome) {
    Keys keys;
    for (const OutputsDropped& record : records<OutputsDropped>(outcome)) {
      keys.push_back(record.attempt);
    }
    return keys;
  }

  // The trials whose last attempt has files here.
  std::vector<std::uint32_t> kept() const {
    std::vector<std::uint32_t> numbers;
    for (const Trial& trial : sweep().trials) {
      if (!trial.attempts.empty() && !trial.attempts.back().outcome.tree_digest.empty()) {
        numbers.push_back(trial.number.value);
      }
    }
    return numbers;
  }
};

using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("keep: the files of the best N stay, the others go in the batch that makes it clear") {
  KeepDesk desk(2, 5);
  CHECK(desk.complete_with_files(1, 0.5).empty());
  CHECK(desk.complete_with_files(2, 0.4).empty());
  CHECK(desk.complete_with_files(3, 0.6) == Keys{attempt_key(1, 3)});  // worse: its own
  CHECK(desk.complete_with_files(4, 0.1) == Keys{attempt_key(1, 1)});  // better: the worst one's
  CHECK(desk.kept() == Numbers{2, 4});
  const Attempt& gone = desk.attempt(attempt_key(1, 1));
  CHECK(gone.outputs_dropped);
  CHECK(gone.outcome.tree_digest.empty());
  CHECK_EQ(gone.outcome.tree_files, 0);
  CHECK_EQ(gone.outcome.tree_bytes, 0);
  CHECK(desk.complete_with_files(5, 0.4) == Keys{attempt_key(1, 5)});  // a tie: the earlier stays
  CHECK(desk.kept() == Numbers{2, 4});
  CHECK(desk.sweep().state == SweepState::kCompleted);
}

TEST_CASE("keep: without it everything stays") {
  KeepDesk desk(a_spec(3));
  CHECK(desk.complete_with_files(1, 0.5).empty());
  CHECK(desk.complete_with_files(2, 0.4).empty());
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 3), with_files(1))).empty());
  CHECK(desk.kept() == Numbers{1, 2, 3});
  CHECK(desk.sweep().with_files.empty());
}

TEST_CASE("keep: what failed, was killed, was pruned or diverged keeps nothing") {
  sweeps::SweepSpec spec = keeping(4, 5);
  spec.stop.policy = sweeps::PolicyKind::kAsha;
  spec.stop.resource_max = 9;
  KeepDesk desk(spec);
  CHECK(desk.complete_with_files(1, 0.1).empty());
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 2), with_files(1))) == Keys{attempt_key(1, 2)});
  desk.control(ControlVerb::kKill, "1/3");
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 3), with_files())) == Keys{attempt_key(1, 3)});
  desk.report(attempt_key(1, 4), 1, 0.9);
  REQUIRE(desk.attempt(attempt_key(1, 4)).stop.has_value());
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 4), with_files())) == Keys{attempt_key(1, 4)});
  desk.report(attempt_key(1, 5), 1, std::numeric_limits<double>::quiet_NaN());
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 5), with_files())) == Keys{attempt_key(1, 5)});
  CHECK(desk.kept() == Numbers{1});
}

TEST_CASE("keep: a pruned trial that may be the best one counts like any other") {
  sweeps::SweepSpec spec = keeping(1, 3);
  spec.stop.policy = sweeps::PolicyKind::kAsha;
  spec.stop.resource_max = 9;
  spec.stop.allow_pruned = true;
  KeepDesk desk(spec);
  desk.report(attempt_key(1, 1), 1, 0.1);
  desk.report(attempt_key(1, 2), 1, 0.9);
  REQUIRE(desk.attempt(attempt_key(1, 2)).stop.has_value());
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 2), with_files())).empty());
  CHECK(desk.kept() == Numbers{2});
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 1), with_files())) == Keys{attempt_key(1, 2)});
}

TEST_CASE("keep: an earlier attempt keeps nothing, and its trial is judged by its last one") {
  sweeps::SweepSpec spec = keeping(1, 2);
  spec.retry.attempts = 2;
  KeepDesk desk(spec);
  desk.report(attempt_key(1, 1), 1, 0.1);
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 1), with_files(1))) == Keys{attempt_key(1, 1)});
  CHECK(desk.complete_with_files(2, 0.5).empty());
  CHECK(desk.complete_with_files(1, 0.4) == Keys{attempt_key(1, 2)});
  CHECK(desk.kept() == Numbers{1});
  CHECK(desk.attempt(attempt_key(1, 1)).outputs_dropped);
}

TEST_CASE("keep: what is tried on another agent leaves nothing on the first") {
  Desk desk = two_boxes(1, 1);
  desk.submit(keeping(1, 1));
  REQUIRE(runs_on(desk, 1, "bad"));
  const Outcome failed = desk.end(attempt_key(1, 1), with_files(1));
  CHECK(one_record<TrialRequeued>(failed).failed_on == desk.agent("bad"));
  CHECK(one_record<OutputsDropped>(failed).attempt == attempt_key(1, 1));
}

TEST_CASE("keep: a trial without files takes nobody's place") {
  KeepDesk desk(1, 3);
  CHECK(desk.complete_with_files(1, 0.5).empty());
  desk.complete(attempt_key(1, 2), 0.1);
  CHECK(desk.kept() == Numbers{1});
  CHECK(desk.complete_with_files(3, 0.3) == Keys{attempt_key(1, 1)});
  CHECK(desk.kept() == Numbers{3});
}

TEST_CASE("keep: a trial in progress has what it has, and a retry that ends better displaces") {
  KeepDesk desk(1, 2);
  CHECK(desk.complete_with_files(1, 0.5).empty());
  CHECK(KeepDesk::dropped(desk.end(attempt_key(1, 2), with_files(1))) == Keys{attempt_key(1, 2)});
  REQUIRE(is_terminal(desk.sweep().state));
  desk.control(ControlVerb::kRetry, "1/2");
  CHECK(desk.complete_with_files(2, 0.2) == Keys{attempt_key(1, 1)});
  CHECK(desk.kept() == Numbers{2});
}

TEST_CASE("keep: the model that a sweep registers at its end has its files, whatever is let go") {
  sweeps::SweepSpec spec = keeping(1, 2);
  spec.registration.model = "m";
  KeepDesk desk(spec);
  desk.complete_with_files(1, 0.5);
  desk.report(attempt_key(1, 2), 1, 0.4);
  const Outcome last = desk.end(attempt_key(1, 2), with_files());
  CHECK(KeepDesk::dropped(last) == Keys{attempt_key(1, 1)});
  CHECK(one_record<ModelRegistered>(last).attempt == attempt_key(1, 2));
  CHECK_EQ(one_record<ModelRegistered>(last).tree_digest, "tree");
}

TEST_CASE("keep: what was let go cannot be registered, and what is registered outlives it") {
  KeepDesk desk(1, 3);
  desk.complete_with_files(1, 0.5);
  const auto ask = [&desk](const std::string& selector) {
    return desk.step(
        ModelRegistrationRequested{desk.fresh_request(), selector, "m", "outputs", "ada"});
  };
  CHECK_EQ(one_record<ModelRegistered>(ask("1/1")).tree_digest, "tree");
  desk.complete_with_files(2, 0.4);
  const Error refused = refusal(ask("1/1"));
  CHECK(refused.code == Errc::kWrongState);
  CHECK_EQ(refused.message,
           "1/1 has no files here: run.keep = 1 kept only the files of the best trial; 1/1#1 was "
           "not it");
  CHECK_EQ(desk.state.models.at("m").front().tree_digest, "tree");
}

TEST_CASE("keep: the reason says how many were kept") {
  KeepDesk desk(3, 1);
  CHECK_EQ(why_dropped(desk.sweep(), attempt_key(1, 7)),
           "run.keep = 3 kept only the files of the best 3; 1/7#1 was not among them");
}

TEST_CASE("invariants: files that should have gone, or should have stayed, are a fault") {
  KeepDesk desk(1, 3);
  desk.complete_with_files(1, 0.5);
  desk.complete_with_files(2, 0.4);
  const auto broken = [&desk](auto&& break_it) {
    State state = desk.state;
    break_it(state.sweeps.at(SweepId{1}));
    return check_invariants(state).value_or("nothing");
  };
  CHECK_EQ(broken([](Sweep&) {}), "nothing");
  CHECK_EQ(broken([](Sweep& sweep) {
             sweep.trial({1}).attempts.back().outcome.tree_digest = "tree";
             sweep.trial({1}).attempts.back().outputs_dropped = false;
           }),
           "1/1#1 has files that run.keep does not keep");
  CHECK_EQ(broken([](Sweep& sweep) {
             sweep.trial({1}).attempts.back().outcome.tree_digest = "tree";
             sweep.trial({1}).attempts.back().outputs_dropped = false;
             sweep.with_files.insert({0.5, {1}});
           }),
           "sweep 1: 2 trials have files, 2 are listed, run.keep is 1");
  CHECK_EQ(broken([](Sweep& sweep) {
             sweep.trial({2}).attempts.back().outcome.tree_digest.clear();
             sweep.trial({2}).attempts.back().outputs_dropped = true;
             sweep.with_files.clear();
           }),
           "1/1#1 let files go that run.keep keeps");
}
