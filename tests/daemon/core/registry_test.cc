// The model registry.
#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

AttemptOutcome with_files() {
  AttemptOutcome outcome;
  outcome.tree_digest = "tree";
  return outcome;
}

// Two completed trials, the second is the better one.
Desk two_completed(const std::string& model = "") {
  sweeps::SweepSpec spec = a_spec(2);
  spec.registration.model = model;
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(spec);
  for (std::uint32_t trial = 1; trial <= 2; ++trial) {
    desk.report(attempt_key(1, trial), 1, 0.5 - 0.1 * trial);
    desk.end(attempt_key(1, trial), with_files());
  }
  return desk;
}

Outcome ask(Desk& desk, const std::string& selector, const std::string& model) {
  return desk.step(
      ModelRegistrationRequested{desk.fresh_request(), selector, model, "outputs", "ada"});
}

}  // namespace

TEST_CASE("registry: versions of a model are numbered 1, 2, …") {
  Desk desk = two_completed();
  const Outcome first = ask(desk, "1/1", "mnist");
  const auto version = one_record<ModelRegistered>(first);
  CHECK_EQ(version.version, 1);
  CHECK(version.attempt == attempt_key(1, 1));
  CHECK_EQ(version.tree_digest, "tree");
  CHECK(version.value == 0.4);
  CHECK_EQ(version.snapshot_digest, "code");
  CHECK(std::get<ModelAnswer>(one_effect<Answer>(first).body) == ModelAnswer{"mnist", 1});
  CHECK_EQ(one_record<ModelRegistered>(ask(desk, "1/best", "mnist")).version, 2);
  CHECK(desk.state.models.at("mnist")[1].attempt == attempt_key(1, 2));
}

TEST_CASE("registry: a repeated request is answered with the same version") {
  Desk desk = two_completed();
  const ModelRegistrationRequested event{{3, 3}, "1/1", "mnist", "outputs", "ada"};
  desk.step(event);
  const Outcome again = desk.step(event);
  CHECK(again.records.empty());
  CHECK(std::get<ModelAnswer>(one_effect<Answer>(again).body) == ModelAnswer{"mnist", 1});
}

TEST_CASE("registry: bad names, several trials, and trials without files or end are refused") {
  Desk desk = two_completed();
  CHECK(refusal(ask(desk, "1/1", "a/b")).code == Errc::kInvalidArgument);
  CHECK(refusal(ask(desk, "1/1", "")).code == Errc::kInvalidArgument);
  CHECK(refusal(ask(desk, "1/all", "mnist")).code == Errc::kInvalidArgument);
  CHECK(refusal(ask(desk, "1", "mnist")).code == Errc::kInvalidArgument);
  CHECK(refusal(ask(desk, "9/1", "mnist")).code == Errc::kNotFound);
  desk.submit(a_spec(2));
  CHECK(refusal(ask(desk, "2/1", "mnist")).code == Errc::kWrongState);
  desk.complete(attempt_key(2, 1), 0.5);
  CHECK(refusal(ask(desk, "2/1", "mnist")).code == Errc::kWrongState);
}

TEST_CASE("registry: what a failed attempt left is not the model of the one that completed") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  sweeps::SweepSpec spec = a_spec(1);
  spec.retry.attempts = 2;
  desk.submit(spec);
  AttemptOutcome failed = with_files();
  failed.exit_code = 1;
  desk.end(attempt_key(1, 1), failed);
  desk.report(attempt_key(1, 1, 2), 1, 0.1);
  AttemptOutcome completed;
  completed.uncollected = "outputs were not collected: no room";
  desk.end(attempt_key(1, 1, 2), completed);
  const Error refused = refusal(ask(desk, "1/1", "mnist"));
  CHECK(refused.code == Errc::kWrongState);
  CHECK_EQ(refused.message, "1/1 has no files here: outputs were not collected: no room");
}

TEST_CASE("registry: an attempt that is named is registered, and no other in its place") {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  AttemptOutcome failed = with_files();
  failed.exit_code = 1;
  desk.end(attempt_key(1, 1), failed);
  desk.control(ControlVerb::kRetry, "1");
  desk.report(attempt_key(1, 1, 2), 1, 0.5);
  desk.end(attempt_key(1, 1, 2), with_files());
  const Error other = refusal(ask(desk, "1/1#1", "mnist"));
  CHECK(other.code == Errc::kWrongState);
  CHECK_EQ(other.message, "a version of 1/1 has the files of 1/1#2, and 1/1#1 was named");
  CHECK(one_record<ModelRegistered>(ask(desk, "1/1#2", "mnist")).attempt == attempt_key(1, 1, 2));
}

TEST_CASE("registry: a completed sweep registers its best trial by itself, once") {
  Desk desk = two_completed("mnist");
  REQUIRE_EQ(desk.state.models.at("mnist").size(), 1);
  CHECK(desk.state.models.at("mnist")[0].attempt == attempt_key(1, 2));
  CHECK(desk.state.models.at("mnist")[0].request == RequestId{});
}

TEST_CASE("registry: a sweep whose best trial left no files says that it registered nothing") {
  sweeps::SweepSpec spec = a_spec(1);
  spec.registration.model = "mnist";
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(spec);
  desk.report(attempt_key(1, 1), 1, 0.5);
  const Outcome ended = desk.end(attempt_key(1, 1));
  CHECK(records<ModelRegistered>(ended).empty());
  CHECK_EQ(
      one_record<SweepEnded>(ended).reason.sentence,
      "its only trial ended; no model was registered: 1/1 left no files behind: write the model "
      "below outputs/");
}

TEST_CASE("registry: a sweep whose best trial lacks the model registers nothing, and says what") {
  sweeps::SweepSpec spec = a_spec(1);
  spec.registration = {"mnist", "outputs/modle"};
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(spec);
  desk.report(attempt_key(1, 1), 1, 0.5);
  AttemptOutcome outcome = with_files();
  outcome.model_missing = true;
  const Outcome ended = desk.end(attempt_key(1, 1), outcome);
  CHECK(records<ModelRegistered>(ended).empty());
  CHECK_EQ(one_record<SweepEnded>(ended).reason.sentence,
           "its only trial ended; no model was registered: 1/1 left no 'outputs/modle' behind: "
           "register.path names a file or folder that the script writes");
  // By hand, with the path that is there.
  CHECK_EQ(one_record<ModelRegistered>(ask(desk, "1/1", "mnist")).path, "outputs");
}

TEST_CASE("registry: a sweep that runs again and finds nothing better registers nothing again") {
  sweeps::SweepSpec spec = a_spec(2);
  spec.registration.model = "mnist";
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(spec);
  desk.fail(attempt_key(1, 1));
  desk.report(attempt_key(1, 2), 1, 0.3);
  desk.end(attempt_key(1, 2), with_files());
  CHECK_EQ(desk.state.models.at("mnist").size(), 1);
  desk.control(ControlVerb::kRetry, "1");
  desk.fail(attempt_key(1, 1, 2));
  CHECK_EQ(desk.state.models.at("mnist").size(), 1);
  desk.control(ControlVerb::kRetry, "1");
  desk.report(attempt_key(1, 1, 3), 1, 0.2);
  desk.end(attempt_key(1, 1, 3), with_files());
  CHECK_EQ(desk.state.models.at("mnist").size(), 2);
}

TEST_CASE("registry: a cancelled sweep registers nothing") {
  sweeps::SweepSpec spec = a_spec(2);
  spec.registration.model = "mnist";
  Desk desk;
  desk.join("box", Desk::slots(2));
  desk.submit(spec);
  desk.report(attempt_key(1, 1), 1, 0.3);
  desk.end(attempt_key(1, 1), with_files());
  desk.control(ControlVerb::kKill, "1");
  desk.end(attempt_key(1, 2));
  CHECK(desk.state.models.empty());
}
