// What the core decides on submissions, proposals, the requests of people, and the passing of time.
#include "daemon/core/decider.h"
#include "daemon/core/selector.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::core {

namespace {

std::string by_whom(const ControlRequested& event, std::string_view what) {
  return fmt::format("{} by {}{}{}",
                     what,
                     event.user.empty() ? "a user" : event.user,
                     event.reason.empty() ? "" : ": ",
                     event.reason);
}

Error wrong_state(const Sweep& sweep, std::string_view verb) {
  return {
      Errc::kWrongState,
      fmt::format("sweep {} is {}: it cannot be {}", sweep.id.value, to_text(sweep.state), verb)};
}

// Nothing new starts in such a sweep, whatever people wish.
Result<void> check_not_ending(const Sweep& sweep) {
  if (!sweep.closing || is_terminal(sweep.state)) {
    return {};
  }
  return Error{Errc::kWrongState,
               fmt::format("sweep {} is ending: {}; `sweepctl retry` runs failed or cancelled "
                           "trials again when it has ended",
                           sweep.id.value,
                           sweep.closing->reason.sentence)};
}

Result<void> pause(Decider& decider, const Sweep& sweep, const ControlRequested& event) {
  SWEEPD_TRY_VOID(check_not_ending(sweep));
  if (is_terminal(sweep.state)) {
    return wrong_state(sweep, "paused");
  }
  if (sweep.state == SweepState::kRunning) {
    decider.decide(SweepStateChanged{
        sweep.id, SweepState::kPaused, {ReasonCode::kUser, by_whom(event, "paused")}});
  }
  return {};
}

Result<void> resume(Decider& decider, const Sweep& sweep, const ControlRequested& event) {
  SWEEPD_TRY_VOID(check_not_ending(sweep));
  if (sweep.state != SweepState::kPaused) {
    return wrong_state(sweep, "resumed");
  }
  decider.decide(SweepStateChanged{
      sweep.id, SweepState::kRunning, {ReasonCode::kUser, by_whom(event, "resumed")}});
  return {};
}

Result<void> stop(Decider& decider, const Sweep& sweep, const ControlRequested& event) {
  if (is_terminal(sweep.state)) {
    return wrong_state(sweep, "stopped");
  }
  close_sweep(
      decider, sweep.id, SweepState::kCompleted, {ReasonCode::kUser, by_whom(event, "stopped")});
  return {};
}

Result<void> kill_sweep(Decider& decider, const Sweep& sweep, const ControlRequested& event) {
  if (is_terminal(sweep.state)) {
    return wrong_state(sweep, "killed");
  }
  const Reason reason{ReasonCode::kUser, by_whom(event, "killed")};
  // A kill is stronger than a stop that is under way: the sweep then counts as cancelled.
  decider.decide(SweepClosing{sweep.id, SweepState::kCancelled, reason});
  stop_all(decider, sweep.id, reason);
  return {};
}

Result<void> kill_trials(Decider& decider,
                         const Sweep& sweep,
                         const std::vector<TrialNumber>& numbers,
                         const ControlRequested& event) {
  const Reason reason{ReasonCode::kUser, by_whom(event, "killed")};
  bool any = false;
  for (const TrialNumber number : numbers) {
    const Trial& trial = sweep.trial(number);
    if (trial.state == TrialState::kQueued) {
      decider.decide(TrialClosed{{sweep.id, number}, TrialState::kCancelled, reason});
      any = true;
    } else if (!is_terminal(trial.state)) {
      stop_attempt(decider,
                   {sweep.id, number, trial.attempts.back().number},
                   TrialState::kCancelled,
                   reason);
      any = true;
    }
  }
  if (!any) {
    return Error{Errc::kWrongState,
                 fmt::format("nothing to kill: {} has ended already", event.selector)};
  }
  return {};
}

// Failed trials once more, with their failures forgiven; an ended sweep runs again for it.
Result<std::vector<TrialNumber>> retry(Decider& decider,
                                       const Sweep& sweep,
                                       const std::vector<TrialNumber>& numbers,
                                       const ControlRequested& event) {
  std::vector<TrialNumber> failed;
  std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(failed), [&](TrialNumber number) {
    const TrialState state = sweep.trial(number).state;
    return state == TrialState::kFailed || state == TrialState::kCancelled;
  });
  if (failed.empty()) {
    return Error{
        Errc::kWrongState,
        fmt::format("nothing to retry: {} has no failed or cancelled trial", event.selector)};
  }
  if (sweep.closing) {
    return wrong_state(sweep, "retried before it has ended");
  }
  const Reason reason{ReasonCode::kUser, by_whom(event, "retried")};
  if (is_terminal(sweep.state)) {
    decider.decide(SweepReopened{sweep.id, reason});
  }
  for (const TrialNumber number : failed) {
    withdraw_charges(decider, {sweep.id, number});  // what it does now says nothing about then
    decider.decide(TrialRequeued{{sweep.id, number}, reason, decider.at().now, false, true, {}});
  }
  return failed;
}

// Who names an attempt means the one that was seen: not the one that has followed it since, and not
// the trial that waits for the next.
Result<void> check_attempt(const Sweep& sweep, const Selection& selection, ControlVerb verb) {
  if (!selection.attempt) {
    return {};
  }
  const Trial& trial = sweep.trial(selection.trials.front());
  const TrialKey key{sweep.id, trial.number};
  const Attempt& named = trial.attempts[selection.attempt->value - 1];
  const Attempt& last = trial.attempts.back();
  const std::string is = fmt::format(
      "{} is {}", to_string(AttemptKey{key.sweep, key.trial, named.number}), to_text(named.state));
  if (named.number != last.number) {
    return Error{Errc::kWrongState,
                 fmt::format("{}: the current attempt is {}",
                             is,
                             to_string(AttemptKey{key.sweep, key.trial, last.number}))};
  }
  if (verb == ControlVerb::kKill && trial.state == TrialState::kQueued) {
    return Error{Errc::kWrongState,
                 fmt::format("{0}: {1} waits for its next attempt; `sweepctl kill {1}` ends it",
                             is,
                             to_string(key))};
  }
  return {};
}

std::vector<TrialNumber> all_trials(const Sweep& sweep) {
  std::vector<TrialNumber> numbers;
  numbers.reserve(sweep.trials.size());
  for (const Trial& trial : sweep.trials) {
    numbers.push_back(trial.number);
  }
  return numbers;
}

Result<std::vector<TrialNumber>> control(Decider& decider,
                                         const Sweep& sweep,
                                         const Selection& selection,
                                         const ControlRequested& event) {
  const auto whole_sweep = [&](Result<void> done) -> Result<std::vector<TrialNumber>> {
    SWEEPD_TRY_VOID(std::move(done));
    return std::vector<TrialNumber>{};
  };
  if (selection.names_trials && event.verb != ControlVerb::kKill &&
      event.verb != ControlVerb::kRetry) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("'{}' names trials: pause, resume and stop take a sweep; kill takes a trial",
                    event.selector)};
  }
  SWEEPD_TRY_VOID(check_attempt(sweep, selection, event.verb));
  switch (event.verb) {
    case ControlVerb::kPause:
      return whole_sweep(pause(decider, sweep, event));
    case ControlVerb::kResume:
      return whole_sweep(resume(decider, sweep, event));
    case ControlVerb::kStop:
      return whole_sweep(stop(decider, sweep, event));
    case ControlVerb::kKill:
      if (!selection.names_trials) {
        return whole_sweep(kill_sweep(decider, sweep, event));
      }
      SWEEPD_TRY_VOID(kill_trials(decider, sweep, selection.trials, event));
      return selection.trials;
    case ControlVerb::kRetry:
      return retry(
          decider, sweep, selection.names_trials ? selection.trials : all_trials(sweep), event);
  }
  return Error{Errc::kInvalidArgument, "unknown verb"};
}

// The files of a version are those of the last attempt, which may be another than was named.
Result<void> check_artifact(const Target& target, const ModelRegistered& version) {
  const auto& named = target.selection.attempt;
  if (!named || *named == version.attempt.attempt) {
    return {};
  }
  const TrialKey trial = version.attempt.trial_key();
  return Error{Errc::kWrongState,
               fmt::format("a version of {} has the files of {}, and {} was named",
                           to_string(trial),
                           to_string(version.attempt),
                           to_string(AttemptKey{trial.sweep, trial.trial, *named}))};
}

void check_sweep_time(Decider& decider, const Sweep& sweep) {
  const auto limit = sweep.spec.limits.sweep_time;
  if (!limit || sweep.closing || sweep.reopened ||
      decider.at().now < sweep.submitted.now + *limit) {
    return;
  }
  const Reason reason{ReasonCode::kSweepTime, "limits.sweep_time has passed"};
  close_sweep(decider, sweep.id, SweepState::kCompleted, reason);
  stop_all(decider, sweep.id, reason);
}

}  // namespace

bool answered_before(Decider& decider, const RequestId& request) {
  const auto& requests = decider.state().requests;
  const auto known = requests.lower_bound({request.high, request.low, 0});
  if (known == requests.end() || known->first.high != request.high ||
      known->first.low != request.low) {
    return false;
  }
  if (known->first != request) {
    decider.ask(Answer{request,
                       Error{Errc::kInvalidArgument,
                             "another request was made under the same id: nothing was done"}});
    return true;
  }
  std::visit([&](const auto& answer) { decider.ask(Answer{request, answer}); }, known->second);
  return true;
}

Result<Target> find_target(const State& state, const std::string& selector) {
  std::vector<SweepName> names;
  for (const auto& [id, sweep] : state.sweeps) {
    names.push_back({id, sweep.spec.name});
  }
  SWEEPD_TRY(const SweepId id, select_sweep(selector, names));
  const Sweep& sweep = state.sweeps.at(id);
  SWEEPD_TRY(Selection selection, select_trials(sweep, selector));
  return Target{&sweep, std::move(selection)};
}

void on(Decider& decider, const SweepSubmitted& event) {
  if (answered_before(decider, event.request)) {
    return;
  }
  if (decider.state().storage != StorageLevel::kPlenty) {
    decider.ask(Answer{event.request,
                       Error{Errc::kUnavailable,
                             fmt::format("the sweep was not taken: {}",
                                         decider.state().storage_reason.sentence)}});
    return;
  }
  const SweepId id{decider.state().sweeps_last + 1};
  decider.decide(SweepAccepted{id,
                               event.request,
                               decider.at(),
                               event.spec,
                               event.toml,
                               event.snapshot_digest,
                               event.user,
                               event.paused});
  decider.ask(Answer{event.request, SubmitAnswer{id, false}});
}

void on(Decider& decider, const ControlRequested& event) {
  if (answered_before(decider, event.request)) {
    return;
  }
  const auto target = find_target(decider.state(), event.selector);
  if (!target.ok()) {
    decider.ask(Answer{event.request, target.error()});
    return;
  }
  const SweepId id = target->sweep->id;
  const auto trials = control(decider, *target->sweep, target->selection, event);
  if (!trials.ok()) {
    decider.ask(Answer{event.request, trials.error()});
    return;
  }
  decider.decide(ControlApplied{event.request, id, *trials, decider.at().wall});
  decider.ask(Answer{event.request, ControlAnswer{id, *trials}});
}

void on(Decider& decider, const ModelRegistrationRequested& event) {
  if (answered_before(decider, event.request)) {
    return;
  }
  const auto target = find_target(decider.state(), event.selector);
  if (!target.ok()) {
    decider.ask(Answer{event.request, target.error()});
    return;
  }
  if (target->selection.trials.size() != 1) {
    decider.ask(Answer{event.request,
                       Error{Errc::kInvalidArgument,
                             fmt::format("'{}' does not name one trial: try {}/best",
                                         event.selector,
                                         target->sweep->id.value)}});
    return;
  }
  const auto version = model_version(decider.state(),
                                     *target->sweep,
                                     target->selection.trials.front(),
                                     {event.request, event.model, event.path, event.user},
                                     decider.at().wall);
  if (!version.ok()) {
    decider.ask(Answer{event.request, version.error()});
    return;
  }
  if (auto named = check_artifact(*target, *version); !named.ok()) {
    decider.ask(Answer{event.request, named.error()});
    return;
  }
  decider.decide(*version);
  decider.ask(Answer{event.request, ModelAnswer{version->model, version->version}});
}

void on(Decider& decider, const TrialsSuggested& event) {
  const auto found = decider.state().sweeps.find(event.sweep);
  if (found == decider.state().sweeps.end()) {
    return;
  }
  const Sweep& sweep = found->second;
  const bool stale = event.first.value != sweep.trials.size() + 1 || sweep.exhausted;
  const bool wanted = !is_terminal(sweep.state) && !sweep.closing;
  if (stale || !wanted || (event.assignments.empty() && !event.exhausted)) {
    return;
  }
  decider.decide(TrialsProposed{event.sweep, event.first, event.assignments, event.exhausted});
}

void on(Decider& decider, const TimePassed&) {
  const std::set<SweepId> live = decider.state().live;
  for (const SweepId id : live) {
    const Sweep& sweep = decider.state().sweeps.at(id);
    check_sweep_time(decider, sweep);
    if (!sweep.queued.empty()) {
      decider.set_schedulable();  // a back-off may be over
    }
  }
}

}  // namespace sweepd::core
