// Selectors: how people name sweeps, trials and attempts.
#include "daemon/core/selector.h"

#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

const std::vector<SweepName> kNames = {{SweepId{1}, "digits"},
                                       {SweepId{2}, "digits-wide"},
                                       {SweepId{3}, "cifar"},
                                       {SweepId{12}, "cifar"},
                                       {SweepId{13}, "2024-rerun"}};

std::uint64_t sweep_of(std::string_view selector) {
  const auto found = select_sweep(selector, kNames);
  return found.ok() ? found->value : 0;
}

Errc refusal_of(std::string_view selector) {
  const auto found = select_sweep(selector, kNames);
  REQUIRE_FALSE(found.ok());
  return found.error().code;
}

// Five trials: 1 completed, 2 failed, 3 to 5 queued.
Desk five_trials() {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(5));
  desk.complete(attempt_key(1, 1), 0.5);
  desk.fail(attempt_key(1, 2));
  desk.control(ControlVerb::kPause, "1");
  desk.complete(attempt_key(1, 3), 0.7);
  return desk;
}

std::vector<std::uint32_t> trials_of(const Desk& desk, std::string_view selector) {
  const auto selection = select_trials(desk.sweep(), selector);
  std::vector<std::uint32_t> numbers;
  if (selection.ok()) {
    for (const TrialNumber number : selection->trials) {
      numbers.push_back(number.value);
    }
  }
  return numbers;
}

using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("selector: a sweep by number, last, name or unique beginning") {
  CHECK_EQ(sweep_of("3"), 3);
  CHECK_EQ(sweep_of("3/7"), 3);
  CHECK_EQ(sweep_of("last"), 13);
  CHECK_EQ(sweep_of("last/best"), 13);
  CHECK_EQ(sweep_of("digits"), 1);  // exactly, though another begins so
  CHECK_EQ(sweep_of("digits-w"), 2);
}

TEST_CASE("selector: what names no sweep, or several, is refused with help") {
  CHECK(refusal_of("7") == Errc::kNotFound);
  CHECK(refusal_of("") == Errc::kInvalidArgument);
  CHECK(refusal_of(std::string(2000, 'x')) == Errc::kInvalidArgument);
  const auto typo = select_sweep("digist", kNames);
  CHECK_EQ(typo.error().message, "no sweep 'digist': did you mean 'digits'?");
  const auto both = select_sweep("cifar", kNames);
  CHECK(both.error().code == Errc::kInvalidArgument);
  CHECK(both.error().message.find("the newest is 12") != std::string::npos);
  CHECK_FALSE(select_sweep("last", {}).ok());
}

TEST_CASE("selector: a number that is no sweep's is not the beginning of a name") {
  CHECK(refusal_of("20") == Errc::kNotFound);
  CHECK_EQ(sweep_of("2024-"), 13);
}

TEST_CASE("selector: trials by number, list, range, state and place") {
  const Desk desk = five_trials();
  CHECK(trials_of(desk, "1/3") == Numbers{3});
  CHECK(trials_of(desk, "1/1-5:2") == Numbers{1, 3, 5});
  CHECK(trials_of(desk, "1/5,1,2-3") == Numbers{1, 2, 3, 5});
  CHECK(trials_of(desk, "1/4-99") == Numbers{4, 5});
  CHECK(trials_of(desk, "1/all") == Numbers{1, 2, 3, 4, 5});
  CHECK(trials_of(desk, "1/failed") == Numbers{2});
  CHECK(trials_of(desk, "1/queued") == Numbers{4, 5});
  CHECK(trials_of(desk, "1/best") == Numbers{1});
  CHECK(trials_of(desk, "1/last") == Numbers{5});
}

TEST_CASE("selector: the sweep itself is told apart from its trials") {
  const Desk desk = five_trials();
  const auto whole = select_trials(desk.sweep(), "1");
  REQUIRE(whole.ok());
  CHECK_FALSE(whole->names_trials);
  CHECK(whole->trials.empty());
  CHECK(select_trials(desk.sweep(), "1/1")->names_trials);
}

TEST_CASE("selector: an attempt of one trial") {
  const Desk desk = five_trials();
  CHECK(select_trials(desk.sweep(), "1/1#1")->attempt == AttemptNumber{1});
  CHECK(select_trials(desk.sweep(), "1/1#2").error().code == Errc::kNotFound);
  CHECK(select_trials(desk.sweep(), "1/1#0").error().code == Errc::kNotFound);
  CHECK(select_trials(desk.sweep(), "1/1-2#1").error().code == Errc::kInvalidArgument);
  CHECK(select_trials(desk.sweep(), "1/1#x").error().code == Errc::kInvalidArgument);
}

TEST_CASE("selector: what cannot be read, and what matches nothing, are told apart") {
  const Desk desk = five_trials();
  for (const char* bad : {"1/",
                          "1/x",
                          "1/0",
                          "1/3-1",
                          "1/1-",
                          "1/1:0",
                          "1/-3",
                          "1/1/2",
                          "1/1,,2",
                          "1/99999999999999999999"}) {
    CAPTURE(bad);
    const auto selection = select_trials(desk.sweep(), bad);
    REQUIRE_FALSE(selection.ok());
    CHECK(selection.error().code == Errc::kInvalidArgument);
  }
  for (const char* none : {"1/6", "1/6-9", "1/running"}) {
    CAPTURE(none);
    const auto selection = select_trials(desk.sweep(), none);
    REQUIRE_FALSE(selection.ok());
    CHECK(selection.error().code == Errc::kNotFound);
  }
}

TEST_CASE("selector: the largest step and bounds name only trials that exist") {
  const Desk desk = five_trials();
  CHECK(trials_of(desk, "1/1-2:18446744073709551615") == Numbers{1});
  CHECK(trials_of(desk, "1/2-18446744073709551615:3") == Numbers{2, 5});
}
