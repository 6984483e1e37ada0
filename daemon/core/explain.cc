// Why things are as they are, in sentences for people.
#include "base/counted.h"
#include "base/labels.h"
#include "daemon/core/charge.h"
#include "daemon/core/failure.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <vector>

namespace sweepd::core {

namespace {

constexpr std::size_t kWithholdersTold = 2;  // agents; what they say may be long

struct SlotCount {
  std::uint32_t all = 0;
  std::uint32_t gpus = 0;
  std::uint32_t gpus_on_one_agent = 0;
};

SlotCount count_slots(const State& state) {
  SlotCount count;
  for (const auto& [id, agent] : state.agents) {
    if (agent.state != AgentState::kConnected) {
      continue;
    }
    const auto gpus = static_cast<std::uint32_t>(std::count_if(
        agent.slots.begin(), agent.slots.end(), [](const SlotOffer& slot) { return slot.gpu; }));
    count.all += static_cast<std::uint32_t>(agent.slots.size());
    count.gpus += gpus;
    count.gpus_on_one_agent = std::max(count.gpus_on_one_agent, gpus);
  }
  return count;
}

// "agent gpu-a is", "each of agent gpu-a and 3 more is".
std::string awaited_words(const State& state) {
  const std::string first = agent_name(state, *state.awaited.begin());
  const std::size_t others = state.awaited.size() - 1;
  return others == 0 ? fmt::format("agent {} is", first)
                     : fmt::format("each of agent {} and {} more is", first, others);
}

// Whether a trial with these needs would fit on what is idle now.
bool fits_idle(const State& state, std::optional<std::uint32_t> gpus) {
  if (gpus.value_or(0) == 0) {
    return !state.free_cpu.empty() || (!gpus && !state.free_gpu.empty());
  }
  return std::any_of(state.agents.begin(), state.agents.end(), [&](const auto& entry) {
    const auto first = state.free_gpu.lower_bound({entry.first, 0});
    const auto last = state.free_gpu.lower_bound({AgentId{entry.first.value + 1}, 0});
    return std::distance(first, last) >= static_cast<std::ptrdiff_t>(*gpus);
  });
}

// "; gpu-a withholds slots: GPU 2 (GPU-8932f937): 1 process of others"; empty when no agent keeps
// back what a trial could use. One that offers anything keeps back GPUs, and no CPU slots.
std::string withheld_words(const State& state, std::optional<std::uint32_t> gpus) {
  std::string text;
  std::size_t agents = 0;
  for (const auto& [id, agent] : state.agents) {
    const auto label = agent.labels.find(kWithheldLabel);
    const bool useful = gpus != 0U || agent.slots.empty();
    if (agent.state != AgentState::kConnected || agent.drained || !useful ||
        label == agent.labels.end()) {
      continue;
    }
    if (++agents <= kWithholdersTold) {
      text += fmt::format("; {} withholds slots: {}", agent.name, label->second);
    }
  }
  return agents <= kWithholdersTold
             ? text
             : text + fmt::format("; {} more, too", counted(agents - kWithholdersTold, "agent"));
}

// "; agent box has not been heard of for a while: what it runs stays its own until its lease ends";
// empty when there is none.
std::string suspects_words(const State& state) {
  std::string text;
  std::size_t agents = 0;
  for (const auto& [id, agent] : state.agents) {
    if (agent.state == AgentState::kSuspect && ++agents <= kWithholdersTold) {
      text += fmt::format("{}agent {}", agents == 1 ? "; " : ", ", agent.name);
    }
  }
  if (agents == 0) {
    return text;
  }
  const std::string more =
      agents > kWithholdersTold ? fmt::format(" and {} more", agents - kWithholdersTold) : "";
  return fmt::format(
      "{}{} {} not been heard of for a while: what runs there stays there until the "
      "lease ends",
      text,
      more,
      agents == 1 ? "has" : "have");
}

// Why a trial of the sweep finds no slot, though it may start.
std::string why_no_slot(const State& state, const Sweep& sweep) {
  const std::optional<std::uint32_t> gpus = sweep.spec.resources.gpus;
  const SlotCount slots = count_slots(state);
  const std::string withheld = withheld_words(state, gpus);
  if (slots.all == 0) {
    if (const std::string suspects = suspects_words(state); !suspects.empty()) {
      return "no agent is connected now" + suspects;
    }
    return withheld.empty() ? "no agent is connected: start `sweep-agent` on a machine"
                            : "no slot is offered now" + withheld;
  }
  if (gpus.value_or(0) > slots.gpus_on_one_agent) {
    return fmt::format(
               "resources.gpus = {}, and no connected agent has so many GPUs (the most is {})",
               *gpus,
               slots.gpus_on_one_agent) +
           withheld;
  }
  if (gpus == 0U && slots.all == slots.gpus) {
    return "resources.gpus = 0, and no connected agent offers a CPU slot" + withheld;
  }
  if (fits_idle(state, gpus)) {
    const auto back =
        std::find_if(sweep.queued.begin(), sweep.queued.end(), [&sweep](TrialNumber number) {
          return given_back(sweep.trial(number)) >= kGivenBackOften;
        });
    if (back != sweep.queued.end()) {
      const Trial& trial = sweep.trial(*back);
      return fmt::format(
          "slots are idle: agents gave {} back {} times in a row, so it is not tried all the time; "
          "the last one was {}: {}",
          to_string(TrialKey{sweep.id, *back}),
          given_back(trial),
          agent_name(state, trial.attempts.back().agent),
          trial.attempts.back().reason.sentence);
    }
    return sweep.spec.retry.backoff == Duration{}
               ? fmt::format(
                     "slots are idle, on agents where nothing has done well yet: they get at "
                     "most {} new trials at a time until one has reported",
                     kStreakMax)
               : "slots are idle: it waits for retry.backoff to pass";
  }
  const std::uint32_t usable =
      !gpus ? slots.all : (*gpus > 0 ? slots.gpus : slots.all - slots.gpus);
  return (usable == 1 ? "the only slot that could run it is busy"
                      : fmt::format("all {} slots that could run it are busy", usable)) +
         withheld;
}

std::string agent_names(const State& state, const std::vector<AgentId>& agents) {
  std::vector<std::string> names;
  for (const AgentId agent : agents) {
    names.push_back(agent_name(state, agent));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// Agents that could run the sweep's trials and are kept from it.
struct KeptBack {
  std::vector<AgentId> drained;
  std::vector<AgentId> suspended;
  bool others = false;
};

KeptBack kept_back(const State& state, const Sweep& sweep) {
  KeptBack kept;
  for (const auto& [id, agent] : state.agents) {
    Agent undrained = agent;
    undrained.drained.reset();
    if (!could_run(undrained, sweep.spec.resources.gpus)) {
      continue;
    }
    if (agent.drained) {
      kept.drained.push_back(id);
    } else if (is_suspended(agent)) {
      kept.suspended.push_back(id);
    } else {
      kept.others = true;
    }
  }
  return kept;
}

// That every agent that could run it is drained or under suspicion; empty when one is not.
std::string why_kept_back(const State& state, const Sweep& sweep) {
  const KeptBack kept = kept_back(state, sweep);
  if (kept.others || (kept.drained.empty() && kept.suspended.empty())) {
    return {};
  }
  if (kept.suspended.empty()) {
    const AgentId first = kept.drained.front();
    return fmt::format(
        "every agent that could run it is drained ({}); `sweepctl agent show {}` says "
        "why, `sweepctl agent resume {}` lets it work again",
        agent_names(state, kept.drained),
        first.value,
        first.value);
  }
  return fmt::format(
      "{} different trials in a row failed quickly on {}, which gets no new ones "
      "until they have been tried on another agent; `sweepctl agent show {}` lists "
      "them{}{}",
      kStreakMax,
      agent_names(state, kept.suspended),
      kept.suspended.front().value,
      kept.drained.empty() ? "" : "; drained: ",
      agent_names(state, kept.drained));
}

// That the trial is tried on another agent than before; empty when it is not.
std::string why_elsewhere(const State& state, const Sweep& sweep, const Trial& trial) {
  if (trial.failed_on.empty() || !other_agent(state, sweep, trial, trial.failed_on.front())) {
    return {};
  }
  return fmt::format("\nit failed quickly on {} and is tried on another agent",
                     agent_names(state, trial.failed_on));
}

// "it failed on gpu-a and gpu-b"; empty when one agent alone tried it.
std::string where_failed(const State& state, const Trial& trial) {
  std::set<AgentId> agents;
  for (const Attempt& attempt : trial.attempts) {
    if (attempt.state == AttemptState::kFailed) {
      agents.insert(attempt.agent);
    }
  }
  return agents.size() < 2 ? std::string()
                           : fmt::format("\nit failed on {} agents: {}",
                                         agents.size(),
                                         agent_names(state, {agents.begin(), agents.end()}));
}

std::string explain_queued(const State& state,
                           const Sweep& sweep,
                           const Trial& trial,
                           Instant now) {
  std::string text = fmt::format("{} is queued", to_string(TrialKey{sweep.id, trial.number}));
  if (!trial.reason.sentence.empty()) {
    text += fmt::format(" again: {}", trial.reason.sentence);
  }
  return fmt::format(
      "{}{}\n{}", text, why_elsewhere(state, sweep, trial), why_waiting(state, sweep, now));
}

// Given to an agent that has not said that it has begun, so that the order is repeated.
bool is_ordered(const Trial& trial) {
  return !is_terminal(trial.state) && trial.state != TrialState::kQueued &&
         trial.attempts.back().state == AttemptState::kAssigned && !trial.attempts.back().stop;
}

std::string explain_held(const State& state, const Sweep& sweep, const Trial& trial, Instant now) {
  const Attempt& attempt = trial.attempts.back();
  const AttemptKey key{sweep.id, trial.number, attempt.number};
  const auto agent = state.agents.find(attempt.agent);
  std::string text = fmt::format("{} is {} on {} slot {}",
                                 to_string(key),
                                 to_text(trial.state),
                                 agent_name(state, attempt.agent),
                                 fmt::join(attempt.slots, ","));
  if (!trial.reason.sentence.empty()) {
    text += fmt::format(": {}", trial.reason.sentence);
  }
  if (agent != state.agents.end() && agent->second.state == AgentState::kSuspect) {
    text +=
        "\nthe agent has not been heard of for a while; the trial keeps its slot until the lease "
        "ends";
  }
  if (is_ordered(trial)) {
    const std::string held_back = why_nothing_starts(state, now);
    text += held_back.empty() ? "" : "\n" + held_back;
  }
  return text;
}

std::string explain_ended(const State& state, const Sweep& sweep, const Trial& trial) {
  std::string text =
      fmt::format("{} is {}", to_string(TrialKey{sweep.id, trial.number}), to_text(trial.state));
  if (!trial.reason.sentence.empty()) {
    text += fmt::format(": {}", trial.reason.sentence);
  }
  if (trial.state == TrialState::kFailed && sweep.spec.retry.attempts > 1) {
    text += fmt::format("\n{} of {} attempts that may fail were used",
                        trial.failures + 1,
                        sweep.spec.retry.attempts);
  }
  if (const std::string unseen = unseen_time(sweep, trial); !unseen.empty()) {
    text += "\n" + unseen;
  }
  return trial.state == TrialState::kFailed ? text + where_failed(state, trial) : text;
}

}  // namespace

std::string why_nothing_starts(const State& state, Instant now) {
  if (now < state.starts_from) {
    return fmt::format(
        "the store went back or was restored, and what it does not know of may still run "
        "somewhere: nothing is started for {} s, until no lease of before holds any more",
        (state.starts_from - now).us / 1'000'000 + 1);
  }
  if (!state.awaited.empty()) {
    return fmt::format(
        "the daemon's machine was restarted, and what it stored last may be gone: nothing is "
        "started until {} back and says what runs there, or is lost",
        awaited_words(state));
  }
  return {};
}

std::string why_waiting(const State& state, const Sweep& sweep, Instant now) {
  if (is_terminal(sweep.state)) {
    return {};
  }
  if (sweep.queued.empty()) {
    const bool ordered = std::any_of(sweep.trials.begin(), sweep.trials.end(), is_ordered);
    return ordered ? why_nothing_starts(state, now) : std::string();
  }
  if (sweep.state == SweepState::kPaused) {
    const bool by_itself = sweep.reason.code == ReasonCode::kFailedTrials;
    return fmt::format("the sweep {}; `sweepctl resume {}` lets it go on",
                       by_itself ? "paused itself: " + sweep.reason.sentence : "is paused",
                       sweep.id.value);
  }
  if (state.storage != StorageLevel::kPlenty) {
    return state.storage_reason.sentence;
  }
  if (std::string words = why_nothing_starts(state, now); !words.empty()) {
    return words;
  }
  const auto concurrent = sweep.spec.limits.concurrent;
  if (concurrent && sweep.active() >= *concurrent) {
    return fmt::format("limits.concurrent = {}: so many trials of the sweep are active",
                       *concurrent);
  }
  const std::string kept = why_kept_back(state, sweep);
  return kept.empty() ? why_no_slot(state, sweep)
                      : kept + withheld_words(state, sweep.spec.resources.gpus);
}

std::string explain(const State& state, const Sweep& sweep, const Trial& trial, Instant now) {
  if (trial.state == TrialState::kQueued) {
    return explain_queued(state, sweep, trial, now);
  }
  return is_terminal(trial.state) ? explain_ended(state, sweep, trial)
                                  : explain_held(state, sweep, trial, now);
}

}  // namespace sweepd::core
