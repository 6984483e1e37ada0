// Whom a failure is charged to: the agent, until another one has tried the trial.
#include "daemon/core/charge.h"

#include "base/limits.h"
#include "daemon/core/decider.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace sweepd::core {

namespace {

// Whether it says of the program, or of what was needed to start it, that it ended badly by itself.
bool failed_by_itself(ReasonCode code) {
  switch (code) {
    case ReasonCode::kExitCode:
    case ReasonCode::kSignal:
    case ReasonCode::kOom:
    case ReasonCode::kExecError:
    case ReasonCode::kPrepareError:
    case ReasonCode::kNoMetric:
      return true;
    case ReasonCode::kNone:
    case ReasonCode::kTimeout:
    case ReasonCode::kPolicy:
    case ReasonCode::kDiverged:
    case ReasonCode::kUser:
    case ReasonCode::kSweepTime:
    case ReasonCode::kFailedTrials:
    case ReasonCode::kTargetReached:
    case ReasonCode::kAgentLost:
    case ReasonCode::kAgentRestarted:
    case ReasonCode::kSpaceExhausted:
    case ReasonCode::kAllTrialsEnded:
    case ReasonCode::kSuperseded:
    case ReasonCode::kWaitingForSlot:
    case ReasonCode::kRetryBackoff:
    case ReasonCode::kSilent:
    case ReasonCode::kAgentCrashed:
    case ReasonCode::kAgentBroken:
    case ReasonCode::kStoppedByAgent:
    case ReasonCode::kAgentError:
    case ReasonCode::kDiskLow:
    case ReasonCode::kRolledBack:
      return false;
  }
  return false;
}

const Trial* find_trial(const State& state, const TrialKey& key) {
  const auto sweep = state.sweeps.find(key.sweep);
  const bool known = sweep != state.sweeps.end() && key.trial.value <= sweep->second.trials.size();
  return known ? &sweep->second.trial(key.trial) : nullptr;
}

// Attempts of new trials on the agent that may still turn out to be quick failures.
std::size_t outstanding(const State& state, const Agent& agent, Instant now) {
  const auto held = state.held.find(agent.id);
  if (held == state.held.end()) {
    return 0;
  }
  const auto may_fail = [&](const AttemptKey& key) {
    const Sweep& sweep = state.sweeps.at(key.sweep);
    const Trial& trial = sweep.trial(key.trial);
    return !sweep.spec.job && trial.failed_on.empty() && trial.tally.count() == 0 &&
           now < trial.attempts.back().assigned + kQuick;
  };
  return static_cast<std::size_t>(
      std::count_if(held->second.begin(), held->second.end(), may_fail));
}

bool any_confirmed(const Agent& agent) {
  return std::any_of(agent.streak.begin(), agent.streak.end(), [](const auto& entry) {
    return entry.second == Charge::kConfirmed;
  });
}

// How the trial failed on the agent.
std::string failure_on(const Trial& trial, AgentId agent) {
  const auto failed =
      std::find_if(trial.attempts.rbegin(), trial.attempts.rend(), [agent](const Attempt& attempt) {
        return attempt.agent == agent && (attempt.state == AttemptState::kFailed ||
                                          attempt.reason.code == ReasonCode::kAgentError);
      });
  return failed == trial.attempts.rend() ? std::string() : failed->reason.sentence;
}

// A full streak and one trial of it that did well elsewhere: the box is broken.
void drain_if_broken(Decider& decider, AgentId id) {
  const Agent& agent = decider.state().agents.at(id);
  if (agent.drained || !is_suspended(agent) || !any_confirmed(agent)) {
    return;
  }
  const auto confirmed = std::find_if(agent.streak.begin(), agent.streak.end(), [](const auto& it) {
    return it.second == Charge::kConfirmed;
  });
  const Trial* trial = find_trial(decider.state(), confirmed->first);
  const std::string failure = trial == nullptr ? std::string() : failure_on(*trial, id);
  decider.decide(AgentDrained{
      {},
      id,
      {ReasonCode::kAgentBroken,
       fmt::format(
           "{} different trials in a row failed on it within {} s of their start, and {} did "
           "well elsewhere{}{}; repair it, then `sweepctl agent resume {}`",
           agent.streak.size(),
           kQuick.us / 1'000'000,
           to_string(confirmed->first),
           failure.empty() ? "" : "; here it failed: ",
           failure,
           id.value)},
      decider.at().wall});
}

void charge(Decider& decider, const TrialKey& trial, AgentId agent) {
  decider.decide(AgentCharged{agent, trial, Charge::kMade});
  drain_if_broken(decider, agent);
}

// The agents that had the trial, each once, in the order in which they got it.
std::vector<AgentId> agents_of(const Trial& trial) {
  std::vector<AgentId> agents;
  for (const Attempt& attempt : trial.attempts) {
    if (std::find(agents.begin(), agents.end(), attempt.agent) == agents.end()) {
      agents.push_back(attempt.agent);
    }
  }
  return agents;
}

}  // namespace

bool failed_quickly(const Sweep& sweep, const Trial& trial, ReasonCode code, Instant now) {
  return !sweep.spec.job && failed_by_itself(code) && trial.tally.count() == 0 &&
         now < trial.attempts.back().assigned + kQuick;
}

bool failed_on(const Trial& trial, AgentId agent) {
  return std::find(trial.failed_on.begin(), trial.failed_on.end(), agent) != trial.failed_on.end();
}

bool could_run(const Agent& agent, std::optional<std::uint32_t> gpus) {
  if (is_gone(agent.state) || agent.drained) {
    return false;
  }
  const auto gpu_slots = static_cast<std::uint32_t>(std::count_if(
      agent.slots.begin(), agent.slots.end(), [](const SlotOffer& slot) { return slot.gpu; }));
  if (!gpus) {
    return !agent.slots.empty();
  }
  return *gpus > 0 ? gpu_slots >= *gpus : gpu_slots < agent.slots.size();
}

bool other_agent(const State& state, const Sweep& sweep, const Trial& trial, AgentId agent) {
  return std::any_of(state.agents.begin(), state.agents.end(), [&](const auto& entry) {
    return entry.first != agent && !failed_on(trial, entry.first) &&
           could_run(entry.second, sweep.spec.resources.gpus);
  });
}

bool verdict_due(const State& state, const Agent& agent) {
  return std::any_of(agent.streak.begin(), agent.streak.end(), [&](const auto& entry) {
    const Trial* trial = find_trial(state, entry.first);
    if (entry.second != Charge::kMade || trial == nullptr || is_terminal(trial->state)) {
      return false;
    }
    const Sweep& sweep = state.sweeps.at(entry.first.sweep);
    return trial->state != TrialState::kQueued ||
           (sweep.state == SweepState::kRunning && !sweep.closing);
  });
}

std::size_t room_for_new(const State& state, const Agent& agent, Instant now) {
  if (agent.proven && agent.streak.empty()) {
    return kNoBound;
  }
  std::size_t room = is_suspended(agent) ? 0 : kStreakMax - agent.streak.size();
  if (room == 0 && !verdict_due(state, agent)) {
    room = 1;
  }
  return room - std::min(room, outstanding(state, agent, now));
}

bool holds_suspect(const State& state, AgentId agent, const TrialKey& key) {
  const auto held = state.held.find(agent);
  return held != state.held.end() &&
         std::any_of(held->second.begin(), held->second.end(), [&](const AttemptKey& other) {
           return other.trial_key() != key && is_suspect(*find_trial(state, other.trial_key()));
         });
}

bool charge_agent(Decider& decider, const AttemptKey& key, const Reason& failure) {
  const Sweep& sweep = decider.state().sweeps.at(key.sweep);
  const Trial& trial = sweep.trial(key.trial);
  const AgentId agent = trial.attempts.back().agent;
  const bool first = trial.failed_on.empty() && key.attempt.value < limits::kAttemptsMax;
  if (!first || sweep.closing || !failed_quickly(sweep, trial, failure.code, decider.at().now) ||
      !other_agent(decider.state(), sweep, trial, agent)) {
    return false;
  }
  const Reason reason{
      failure.code,
      fmt::format(
          "failed quickly on {}: {}", agent_name(decider.state(), agent), failure.sentence)};
  decider.decide(TrialRequeued{key.trial_key(), reason, decider.at().now, false, false, agent});
  charge(decider, key.trial_key(), agent);
  return true;
}

void charge_unbegun(Decider& decider, const AttemptKey& key) {
  const State& state = decider.state();
  const Sweep& sweep = state.sweeps.at(key.sweep);
  const AgentId agent = sweep.trial(key.trial).attempts.back().agent;
  const bool other = std::any_of(state.agents.begin(), state.agents.end(), [&](const auto& entry) {
    return entry.first != agent && could_run(entry.second, sweep.spec.resources.gpus);
  });
  if (!sweep.spec.job && other && !state.agents.at(agent).streak.contains(key.trial_key())) {
    charge(decider, key.trial_key(), agent);
  }
}

void withdraw_charges(Decider& decider, const TrialKey& key) {
  const State& state = decider.state();
  const std::vector<AgentId> agents = agents_of(state.sweeps.at(key.sweep).trial(key.trial));
  for (const AgentId agent : agents) {
    const auto& streak = state.agents.at(agent).streak;
    const auto entry = streak.find(key);
    if (entry != streak.end() && entry->second == Charge::kMade) {
      decider.decide(AgentCharged{agent, key, Charge::kWithdrawn});
    }
  }
}

void did_well(Decider& decider, const AttemptKey& key) {
  const State& state = decider.state();
  const Sweep& sweep = state.sweeps.at(key.sweep);
  if (sweep.spec.job) {
    return;  // a job may need nothing of what is broken
  }
  const Trial& trial = sweep.trial(key.trial);
  const AgentId here = trial.attempts.back().agent;
  const Agent& agent = state.agents.at(here);
  if (!agent.proven || !agent.streak.empty()) {
    decider.decide(AgentProven{here});
  }
  const std::vector<AgentId> before = agents_of(trial);
  for (const AgentId other : before) {
    const auto& streak = state.agents.at(other).streak;
    const auto entry = streak.find(key.trial_key());
    if (other != here && entry != streak.end() && entry->second == Charge::kMade) {
      decider.decide(AgentCharged{other, key.trial_key(), Charge::kConfirmed});
      drain_if_broken(decider, other);
    }
  }
}

}  // namespace sweepd::core
