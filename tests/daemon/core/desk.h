// A decision core on a desk: helpers that turn a test into a few lines of story. Every step is also
// replayed, so that each test proves recovery too.
#pragma once

#include "daemon/core/step.h"
#include "daemon/core/view.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace sweepd::core {

// The records or effects of one kind, in order.
template <typename T, typename Variant>
std::vector<T> only(const std::vector<Variant>& all) {
  std::vector<T> found;
  for (const Variant& each : all) {
    if (const T* fit = std::get_if<T>(&each)) {
      found.push_back(*fit);
    }
  }
  return found;
}

template <typename T>
std::vector<T> records(const Outcome& outcome) {
  return only<T>(outcome.records);
}

template <typename T>
std::vector<T> effects(const Outcome& outcome) {
  return only<T>(outcome.effects);
}

template <typename T>
T one_record(const Outcome& outcome) {
  const std::vector<T> found = records<T>(outcome);
  REQUIRE_EQ(found.size(), 1);
  return found.front();
}

template <typename T>
T one_effect(const Outcome& outcome) {
  const std::vector<T> found = effects<T>(outcome);
  REQUIRE_EQ(found.size(), 1);
  return found.front();
}

// A minimising sweep over one parameter, as small as they get.
inline sweeps::SweepSpec a_spec(std::uint32_t trials = 3) {
  sweeps::SweepSpec spec;
  spec.name = "digits";
  spec.objective.metric = "loss";
  spec.run.command = {"train"};
  sweeps::Choice choice;
  choice.values = {std::int64_t{1}, std::int64_t{2}};
  spec.space.parameters.push_back({"width", choice, ""});
  spec.search.sampler = sweeps::SamplerKind::kRandom;
  spec.search.trials = trials;
  return spec;
}

inline AttemptKey attempt_key(std::uint64_t sweep, std::uint32_t trial, std::uint32_t attempt = 1) {
  return {SweepId{sweep}, TrialNumber{trial}, AttemptNumber{attempt}};
}

class Desk {
 public:
  State state;
  State replayed;  // by applying the records alone
  Instant now{1'000'000};

  Outcome step(EventBody body) {
    Outcome outcome = core::step(state, {{now, WallTime{now.us}}, std::move(body)});
    for (const Record& record : outcome.records) {
      apply_record(replayed, record);
    }
    CHECK(replayed == state);
    CHECK_EQ(check_invariants(state).value_or(""), "");
    return outcome;
  }

  void pass(Duration span) { now = now + span; }

  RequestId fresh_request() { return {7, ++requests_}; }

  // Submits; with `proposed`, also gives the sweep all its trials.
  SweepId submit(const sweeps::SweepSpec& spec, bool proposed = true) {
    const Outcome outcome =
        step(SweepSubmitted{fresh_request(), spec, "toml", "code", "ada", false});
    const SweepId id = one_record<SweepAccepted>(outcome).sweep;
    if (proposed) {
      propose(id, sweep(id).trials_total);
    }
    return id;
  }

  Outcome propose(SweepId id, std::uint32_t count, bool exhausted = false) {
    const auto first = static_cast<std::uint32_t>(sweep(id).trials.size() + 1);
    TrialsSuggested event{id, TrialNumber{first}, {}, exhausted};
    for (std::uint32_t i = 0; i < count; ++i) {
      event.assignments.push_back({{"width", std::int64_t{first + i}}});
    }
    return step(event);
  }

  static std::vector<SlotOffer> slots(std::uint32_t cpus, std::uint32_t gpus = 0) {
    std::vector<SlotOffer> offers;
    for (std::uint32_t i = 0; i < cpus + gpus; ++i) {
      offers.push_back({i, i >= cpus, fmt::format("slot-{}", i), "slot", 0});
    }
    return offers;
  }

  Outcome join(const std::string& uuid,
               const std::vector<SlotOffer>& offers,
               const std::vector<HeldAttempt>& held = {},
               const std::string& boot = "boot-1") {
    return step(AgentJoined{uuid, uuid, boot, "1", offers, {}, held});
  }

  // The same agent with fewer slots than before, and why.
  Outcome withhold(const std::string& uuid,
                   const std::vector<SlotOffer>& left,
                   const std::string& why) {
    return step(AgentJoined{uuid, uuid, "boot-1", "1", left, {{"withheld", why}}, {}});
  }

  AgentId agent(const std::string& uuid = "box") const { return state.agent_by_uuid.at(uuid); }

  Outcome hold(const std::vector<HeldAttempt>& held, const std::string& uuid = "box") {
    return step(AttemptsHeld{agent(uuid), held});
  }

  Outcome run(const AttemptKey& key, const std::string& uuid = "box") {
    std::vector<HeldAttempt> held;
    for (const AttemptKey& each : state.held[agent(uuid)]) {
      if (each == key || attempt(each).state == AttemptState::kRunning) {
        held.push_back({each, Phase::kRunning});
      }
    }
    return hold(held, uuid);
  }

  static Report a_report(std::uint64_t seq, double value, const std::string& metric = "loss") {
    return {seq, WallTime{static_cast<std::int64_t>(seq)}, {{metric, value}}};
  }

  Outcome report(const AttemptKey& key, std::uint64_t seq, double value) {
    return step(ReportsArrived{attempt(key).agent, key, {a_report(seq, value)}});
  }

  Outcome end(const AttemptKey& key, AttemptOutcome outcome = {}) {
    return step(
        AttemptEnded{attempt(key).agent, key, attempt(key).reports_last, std::move(outcome)});
  }

  Outcome fail(const AttemptKey& key, std::int32_t exit_code = 1) {
    AttemptOutcome outcome;
    outcome.exit_code = exit_code;
    outcome.stderr_tail = "Traceback\nValueError: no\n";
    return end(key, outcome);
  }

  // One report of the value, then the end with exit code 0.
  Outcome complete(const AttemptKey& key, double value) {
    report(key, attempt(key).reports_last + 1, value);
    return end(key);
  }

  Outcome control(ControlVerb verb, const std::string& selector) {
    return step(ControlRequested{fresh_request(), verb, selector, "ada", "because"});
  }

  const Sweep& sweep(SweepId id = SweepId{1}) const { return state.sweeps.at(id); }

  const Trial& trial(std::uint32_t number, SweepId id = SweepId{1}) const {
    return sweep(id).trial(TrialNumber{number});
  }

  const Attempt& attempt(const AttemptKey& key) const {
    const Attempt* found = find_attempt(state, key);
    REQUIRE(found != nullptr);
    return *found;
  }

 private:
  std::uint64_t requests_ = 0;
};

// The error that a request was answered with.
inline Error refusal(const Outcome& outcome) {
  const Answer answer = one_effect<Answer>(outcome);
  const Error* error = std::get_if<Error>(&answer.body);
  REQUIRE(error != nullptr);
  CHECK(outcome.records.empty());
  return *error;
}

}  // namespace sweepd::core
