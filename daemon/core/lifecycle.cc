// How attempts, trials and sweeps come to their end.
#include "base/counted.h"
#include "base/limits.h"
#include "daemon/core/charge.h"
#include "daemon/core/decider.h"
#include "daemon/core/failure.h"
#include "daemon/core/view.h"
#include "sweeps/sampler.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::core {

namespace {

// Proposals wait ready for every slot there is, so that a free slot never waits for the sampler.
constexpr std::size_t kProposalsAheadMin = 4;

// A sweep without limits.failed_trials pauses itself when its first trials all failed, or half of
// the first twenty did: more would fail for the same reason.
constexpr std::uint32_t kGuardFirst = 5;
constexpr std::uint32_t kGuardOf = 20;

// A box without room gives back within milliseconds whatever it gets: the third time in a row a
// trial waits a second, then twice as long each time, up to this. Without it a full disk would fail
// its trials, a hundred attempts each, within seconds.
constexpr Duration kGivenBackPauseMax = seconds(60);

Duration given_back_pause(const Trial& trial) {
  const std::uint32_t times = given_back(trial);
  if (times < kGivenBackOften) {
    return {};
  }
  const std::uint32_t doubled = std::min(times - kGivenBackOften, 6U);
  return std::min(Duration{seconds(1).us << doubled}, kGivenBackPauseMax);
}

const Sweep& sweep_in(const Decider& decider, SweepId id) {
  return decider.state().sweeps.at(id);
}

void cancel_queued(Decider& decider, SweepId id, const Reason& reason) {
  const std::set<TrialNumber> queued = sweep_in(decider, id).queued;
  for (const TrialNumber number : queued) {
    decider.decide(TrialClosed{{id, number}, TrialState::kCancelled, reason});
  }
}

Reason all_ended(const Sweep& sweep) {
  // A grid's total counts its points, so only a sampler that draws ends below its total; what was
  // retried ends where it ended before.
  if (sweep.trials.size() < sweep.trials_total && !sweep.reopened) {
    return {ReasonCode::kSpaceExhausted,
            fmt::format("after {} of {}, no assignment satisfied the constraints in {} tries",
                        sweep.trials.size(),
                        counted(sweep.trials_total, "trial"),
                        sweeps::kDrawsMax)};
  }
  return {ReasonCode::kAllTrialsEnded,
          sweep.trials.size() == 1 ? std::string("its only trial ended")
                                   : fmt::format("all {} trials ended", sweep.trials.size())};
}

// What the sweep has come to when all of its trials have ended by themselves.
SweepEnded natural_end(const Sweep& sweep, WallTime wall) {
  const std::uint32_t failed = sweep.count(TrialState::kFailed);
  const std::uint32_t cancelled = sweep.count(TrialState::kCancelled);
  const auto diverged = static_cast<std::uint32_t>(
      std::count_if(sweep.trials.begin(), sweep.trials.end(), [](const Trial& trial) {
        return trial.state == TrialState::kPruned && trial.diverged;
      }));
  const std::uint32_t good =
      sweep.count(TrialState::kCompleted) + sweep.count(TrialState::kPruned) - diverged;
  if (good > 0 || failed + cancelled + diverged == 0) {
    return {sweep.id, SweepState::kCompleted, all_ended(sweep), wall};
  }
  if (failed == 0 && diverged > 0) {
    return {
        sweep.id,
        SweepState::kFailed,
        {ReasonCode::kDiverged,
         fmt::format(
             "none of {} completed: {} diverged", counted(sweep.trials.size(), "trial"), diverged)},
        wall};
  }
  if (failed == 0) {
    return {
        sweep.id, SweepState::kCancelled, {ReasonCode::kUser, "every trial was cancelled"}, wall};
  }
  if (sweep.trials.size() == 1) {
    return {sweep.id, SweepState::kFailed, sweep.trials.front().reason, wall};
  }
  const auto last_failure =
      std::find_if(sweep.trials.rbegin(), sweep.trials.rend(), [](const Trial& trial) {
        return trial.state == TrialState::kFailed;
      });
  return {sweep.id,
          SweepState::kFailed,
          {ReasonCode::kFailedTrials,
           fmt::format("none of {} trials completed; the last failure: {}",
                       sweep.trials.size(),
                       last_failure->reason.sentence)},
          wall};
}

// Whether the newest version of the model is this very artifact.
bool registered_already(const State& state, const ModelRegistered& version) {
  const auto versions = state.models.find(version.model);
  return versions != state.models.end() && versions->second.back().attempt == version.attempt &&
         versions->second.back().path == version.path;
}

// The version of its model that a sweep leaves behind; none when it names no model or has no best
// trial.
std::optional<Result<ModelRegistered>> version_of(const Decider& decider, const Sweep& sweep) {
  const auto best = best_trial(sweep);
  if (sweep.spec.registration.model.empty() || !best) {
    return std::nullopt;
  }
  const Registration registration{
      {}, sweep.spec.registration.model, sweep.spec.registration.path, sweep.user};
  return model_version(decider.state(), sweep, *best, registration, decider.at().wall);
}

void end_sweep(Decider& decider, SweepEnded ended) {
  std::optional<Result<ModelRegistered>> version;
  if (ended.state == SweepState::kCompleted) {
    version = version_of(decider, sweep_in(decider, ended.sweep));
  }
  if (version && !version->ok()) {
    ended.reason.sentence += "; no model was registered: " + version->error().message;
  }
  if (const std::string unseen = unseen_time(sweep_in(decider, ended.sweep)); !unseen.empty()) {
    ended.reason.sentence += "; " + unseen;
  }
  decider.decide(ended);
  // A sweep that ran again after a retry may end with the best trial that it had before.
  if (version && version->ok() && !registered_already(decider.state(), **version)) {
    decider.decide(**version);
  }
}

// Why the trial may not take down another agent, if it may not.
std::optional<Reason> poisoned(const State& state, const AttemptKey& key) {
  const Trial& trial = state.sweeps.at(key.sweep).trial(key.trial);
  if (trial.crashes < kCrashesMax) {
    return std::nullopt;
  }
  return Reason{ReasonCode::kAgentCrashed,
                fmt::format("its agent went down under it {} times, the last one was {}; look at "
                            "the box (dmesg, memory), then `sweepctl retry {}`",
                            trial.crashes,
                            agent_name(state, trial.attempts.back().agent),
                            to_string(key.trial_key()))};
}

void check_failed_trials(Decider& decider, const Sweep& sweep) {
  const auto limit = sweep.spec.limits.failed_trials;
  if (!limit || sweep.closing || sweep.count(TrialState::kFailed) < *limit) {
    return;
  }
  const Reason reason{ReasonCode::kFailedTrials,
                      fmt::format("{} failed, the limit: limits.failed_trials",
                                  counted(sweep.count(TrialState::kFailed), "trial"))};
  close_sweep(decider, sweep.id, SweepState::kFailed, reason);
  stop_all(decider, sweep.id, reason);
}

// Pauses the sweep when nearly everything has failed so far, and more would start.
void guard(Decider& decider, const Sweep& sweep, const Reason& last) {
  const std::uint32_t failed = sweep.count(TrialState::kFailed);
  const std::uint32_t ended =
      failed + sweep.count(TrialState::kCompleted) + sweep.count(TrialState::kPruned);
  const bool all = failed >= kGuardFirst && failed == ended;
  const bool half = failed >= kGuardOf / 2 && ended <= kGuardOf;
  const bool more =
      !sweep.queued.empty() || (!sweep.exhausted && sweep.trials.size() < sweep.trials_total);
  if (sweep.spec.limits.failed_trials || sweep.guard_spent || sweep.closing || !more ||
      sweep.state != SweepState::kRunning || !(all || half)) {
    return;
  }
  decider.decide(SweepStateChanged{
      sweep.id,
      SweepState::kPaused,
      {ReasonCode::kFailedTrials,
       fmt::format("{} of its first {} trials failed, the last: {}; find out why, then `sweepctl "
                   "retry {}/failed` and `sweepctl resume {}`",
                   failed,
                   ended,
                   last.sentence,
                   sweep.id.value,
                   sweep.id.value)}});
}

// Queued trials that could start now, counted up to `enough`; those that have to wait must not keep
// slots idle.
std::size_t ready(const Sweep& sweep, Instant now, std::size_t enough) {
  std::size_t count = 0;
  for (auto number = sweep.queued.begin(); number != sweep.queued.end() && count < enough;
       ++number) {
    count += sweep.trial(*number).not_before <= now ? 1U : 0U;
  }
  return count;
}

void ask_for_proposals(Decider& decider, const Sweep& sweep) {
  const State& state = decider.state();
  const std::size_t slots = state.busy.size() + state.free_cpu.size() + state.free_gpu.size();
  const std::size_t ahead = std::max(slots, kProposalsAheadMin);
  const std::size_t waiting = ready(sweep, decider.at().now, ahead);
  if (waiting >= ahead) {
    return;
  }
  const std::size_t left = sweep.trials_total - sweep.trials.size();
  const auto count = static_cast<std::uint32_t>(std::min(ahead - waiting, left));
  const auto first = static_cast<std::uint32_t>(sweep.trials.size() + 1);
  decider.ask(Suggest{sweep.id, TrialNumber{first}, count});
}

// The attempt is lost; true when its trial is over with that, because it was being stopped.
bool closed_as_lost(Decider& decider, const AttemptKey& key, const Reason& reason) {
  const std::optional<StopRequested> stop = find_attempt(decider.state(), key)->stop;
  AttemptOutcome outcome;
  outcome.ended_wall = decider.at().wall;
  decider.decide(AttemptClosed{key, AttemptState::kLost, reason, outcome});
  if (stop) {
    decider.decide(TrialClosed{key.trial_key(), stop->state, stop->reason});
  }
  return stop.has_value();
}

// It spends no retry.
void requeue_later(Decider& decider, const AttemptKey& key, const Reason& reason) {
  const Trial& trial = sweep_in(decider, key.sweep).trial(key.trial);
  const Instant not_before = decider.at().now + given_back_pause(trial);
  decider.decide(TrialRequeued{key.trial_key(), reason, not_before, false, false, {}});
}

}  // namespace

void stop_attempt(Decider& decider, const AttemptKey& key, TrialState state, const Reason& reason) {
  const Attempt& attempt = *find_attempt(decider.state(), key);
  if (attempt.stop) {
    return;
  }
  decider.decide(StopRequested{key, state, reason});
  decider.ask(
      StopAttempt{attempt.agent, key, reason, sweep_in(decider, key.sweep).spec.limits.grace});
}

void stop_all(Decider& decider, SweepId id, const Reason& reason, TrialNumber spared) {
  std::vector<AttemptKey> running;
  for (const auto& [agent, keys] : decider.state().held) {
    const auto end = keys.lower_bound({SweepId{id.value + 1}, {}, {}});
    for (auto key = keys.lower_bound({id, {}, {}}); key != end; ++key) {
      if (key->trial != spared) {
        running.push_back(*key);
      }
    }
  }
  for (const AttemptKey& key : running) {
    stop_attempt(decider, key, TrialState::kCancelled, reason);
  }
}

void close_sweep(Decider& decider, SweepId sweep, SweepState state, const Reason& reason) {
  if (!sweep_in(decider, sweep).closing) {
    decider.decide(SweepClosing{sweep, state, reason});
  }
}

void lose_attempt(Decider& decider, const AttemptKey& key, const Reason& reason) {
  if (closed_as_lost(decider, key, reason)) {
    return;
  }
  if (key.attempt.value >= limits::kAttemptsMax) {
    fail_trial(decider, key.trial_key(), reason);
    return;
  }
  if (const auto poison = poisoned(decider.state(), key)) {
    fail_trial(decider, key.trial_key(), *poison);
    return;
  }
  requeue_later(decider, key, reason);
}

void lose_unbegun(Decider& decider, const AttemptKey& key, const Reason& reason) {
  if (!closed_as_lost(decider, key, reason)) {
    requeue_later(decider, key, reason);
    charge_unbegun(decider, key);
  }
}

void fail_trial(Decider& decider, const TrialKey& key, const Reason& reason) {
  decider.decide(TrialClosed{key, TrialState::kFailed, reason});
  const Sweep& sweep = sweep_in(decider, key.sweep);
  check_failed_trials(decider, sweep);
  guard(decider, sweep, reason);
}

void settle_sweep(Decider& decider, SweepId id) {
  const auto found = decider.state().sweeps.find(id);
  if (found == decider.state().sweeps.end() || is_terminal(found->second.state)) {
    return;
  }
  const Sweep& sweep = found->second;
  if (sweep.closing) {
    Closing closing = *sweep.closing;
    cancel_queued(decider, id, closing.reason);
    if (sweep.active() == 0) {
      // Nobody should take for a success what was stopped before it had any.
      if (closing.state == SweepState::kCompleted && closing.reason.code == ReasonCode::kUser &&
          sweep.count(TrialState::kCompleted) + sweep.count(TrialState::kPruned) == 0) {
        closing.state = SweepState::kCancelled;
        closing.reason.sentence += ", before any trial completed";
      }
      end_sweep(decider, {id, closing.state, closing.reason, decider.at().wall});
    }
    return;
  }
  const bool complete = sweep.exhausted || sweep.trials.size() >= sweep.trials_total;
  if (complete && sweep.queued.empty() && sweep.active() == 0) {
    end_sweep(decider, natural_end(sweep, decider.at().wall));
  } else if (!complete && sweep.state == SweepState::kRunning) {
    ask_for_proposals(decider, sweep);
  }
}

}  // namespace sweepd::core
