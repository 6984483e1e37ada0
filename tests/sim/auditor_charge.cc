// What the auditor demands of those who are charged with failures: agents, trials and sweeps.
#include "base/limits.h"
#include "tests/sim/auditor.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::sim {

namespace {

constexpr Duration kQuick = seconds(30);
constexpr std::size_t kRow = 5;
constexpr std::uint32_t kCrashes = 3;

bool about_the_program(core::ReasonCode code) {
  return code != core::ReasonCode::kTimeout;
}

bool has_slots(const core::AgentRegistered& agent, std::optional<std::uint32_t> gpus) {
  std::uint32_t gpu = 0;
  std::uint32_t cpu = 0;
  for (const core::SlotOffer& slot : agent.slots) {
    ++(slot.gpu ? gpu : cpu);
  }
  return !gpus ? gpu + cpu > 0 : *gpus == 0 ? cpu > 0 : gpu >= *gpus;
}

}  // namespace

std::vector<std::string> Auditor::drained_agents() const {
  std::vector<std::string> names;
  for (const auto& [id, agent] : truths_) {
    if (agent.drained) {
      names.push_back(agent.registered.name);
    }
  }
  return names;
}

bool Auditor::other_fits(const Sweep& sweep, AgentId but) const {
  return std::any_of(truths_.begin(), truths_.end(), [&](const auto& entry) {
    const auto state = agents_.find(entry.first);
    return entry.first != but && !entry.second.drained && state != agents_.end() &&
           !core::is_gone(state->second) &&
           has_slots(entry.second.registered, sweep.accepted.spec.resources.gpus);
  });
}

bool Auditor::verdict_due(const AgentTruth& agent) {
  return std::any_of(agent.streak.begin(), agent.streak.end(), [this](const auto& entry) {
    const Trial* of = trial(entry.first);
    const Sweep* in = sweep(entry.first.sweep);
    return entry.second == Blame::kOpen && of != nullptr && !of->end &&
           (!of->queued || (in->state == core::SweepState::kRunning && !in->closing));
  });
}

// Attempts of trials that have not failed yet, that began less than kQuick ago and have told
// nothing.
std::size_t Auditor::on_probation(AgentId agent, Instant now) const {
  std::size_t count = 0;
  for (const auto& [id, in] : sweeps_) {
    count += static_cast<std::size_t>(
        std::count_if(in.trials.begin(), in.trials.end(), [&](const Trial& each) {
          return !each.attempts.empty() && !each.attempts.back().end && each.failures == 0 &&
                 each.attempts.back().agent == agent && !each.attempts.back().objective &&
                 now < each.attempts.back().at + kQuick;
        }));
  }
  return count;
}

void Auditor::check_given(const core::AttemptAssigned& record, const Trial& trial) {
  const std::string about = to_string(record.attempt);
  AgentTruth& agent = truths_[record.agent];
  require(!agent.drained, "a drained agent gets nothing new", about);
  if (trial.crashes + 1 == kCrashes) {
    for (const auto& [id, in] : sweeps_) {
      for (const Trial& other : in.trials) {
        const bool shares = &other != &trial && !other.attempts.empty() &&
                            !other.attempts.back().end &&
                            other.attempts.back().agent == record.agent;
        require(!shares || other.crashes + 1 != kCrashes,
                "two trials that may take their agent down do not share one",
                about);
      }
    }
  }
  if (trial.free > 0 || (agent.proven && agent.streak.empty())) {
    return;
  }
  const bool full = agent.streak.size() >= kRow;
  if (full && !trial.attempts.empty() &&
      trial.attempts.back().why == core::ReasonCode::kAgentError) {
    ++agent.probes;  // what nobody could begin may go to whoever is left
    return;
  }
  const bool probe = full && !verdict_due(agent);
  const std::size_t room = full ? (probe ? 1 : 0) : kRow - agent.streak.size();
  // What failed before, and not quickly, is a risk for the agent too; what failed quickly is none.
  require(trial.failures > 0 || on_probation(record.agent, record.at) < room,
          "an agent on which nothing has done well gets five new trials at most",
          about);
  agent.probes += probe ? 1 : 0;
}

void Auditor::check_failed(const core::TrialClosed& record,
                           const Sweep& sweep,
                           const Trial& trial) {
  const std::string about = to_string(record.trial);
  if (record.reason.code == core::ReasonCode::kAgentCrashed) {
    require(trial.crashes == kCrashes, "a trial is poison after three crashes", about);
    return;
  }
  not_the_agents(record.trial);
  const Attempt& last = trial.attempts.back();
  require(last.why != core::ReasonCode::kAgentError, "what no agent could begin waits", about);
  const bool alone = trial.failures == 1 && last.end == core::AttemptState::kFailed &&
                     about_the_program(last.why) && !last.objective && now() < last.at + kQuick;
  require(!alone || sweep.closing || !other_fits(sweep, last.agent) ||
              trial.attempts.size() >= limits::kAttemptsMax,
          "no trial fails because of one agent alone",
          about);
}

void Auditor::check_requeued(const core::TrialRequeued& record, const Sweep& sweep, Trial& trial) {
  const std::string about = to_string(record.trial);
  if (record.forgives) {
    trial.failures = 0;
    trial.free = 0;
    trial.crashes = 0;
    not_the_agents(record.trial);
    return;
  }
  require(trial.crashes < kCrashes, "a trial takes its agent down three times at most", about);
  const Attempt& last = trial.attempts.back();
  if (last.end != core::AttemptState::kFailed) {
    require(!record.failed_on, "a loss is no failure on an agent", about);
    if (last.why == core::ReasonCode::kAgentError && other_fits(sweep, last.agent)) {
      truths_[last.agent].streak.emplace(record.trial, Blame::kOpen);
    }
    return;
  }
  if (record.spends_retry) {
    not_the_agents(record.trial);
    return;
  }
  require(trial.free == 0, "what has failed on two agents has failed", about);
  require(other_fits(sweep, last.agent), "only another agent can tell who is to blame", about);
  ++trial.free;
  AgentTruth& agent = truths_[last.agent];
  agent.streak[record.trial] = Blame::kOpen;
  agent.failed.insert(record.trial);
  const BoxPlan* box = box_of(last.agent);
  require(box == nullptr || !box->broken || agent.failed.size() <= kRow + agent.probes,
          "a broken agent costs five attempts",
          about);
}

void Auditor::check_paused(const core::SweepStateChanged& record, Sweep& sweep) {
  if (record.reason.code != core::ReasonCode::kFailedTrials) {
    return;
  }
  std::uint32_t failed = 0;
  std::uint32_t ended = 0;
  for (const Trial& each : sweep.trials) {
    const bool counts = each.end && *each.end != core::TrialState::kCancelled;
    ended += counts ? 1U : 0U;
    failed += counts && *each.end == core::TrialState::kFailed ? 1U : 0U;
  }
  require(!sweep.guarded, "a sweep pauses itself once", to_string(record.sweep));
  require((failed >= 5 && failed == ended) || (failed >= 10 && ended <= 20),
          "a sweep pauses itself when its first trials fail",
          to_string(record.sweep));
  sweep.guarded = true;
}

void Auditor::well_done(const AttemptKey& key, AgentId here) {
  for (auto& [id, agent] : truths_) {
    const auto entry = agent.streak.find(key.trial_key());
    if (id != here && entry != agent.streak.end() && entry->second == Blame::kOpen) {
      entry->second = Blame::kAgent;
    }
  }
  truths_[here].streak.clear();
  truths_[here].failed.clear();
  truths_[here].proven = true;
}

void Auditor::not_the_agents(const TrialKey& key) {
  for (auto& [id, agent] : truths_) {
    const auto entry = agent.streak.find(key);
    if (entry != agent.streak.end() && entry->second == Blame::kOpen) {
      agent.streak.erase(entry);
      agent.failed.erase(key);
    }
  }
}

// A full row of which one trial did well elsewhere.
void Auditor::check_drained() {
  for (const auto& [id, agent] : truths_) {
    const bool guilty =
        std::any_of(agent.streak.begin(), agent.streak.end(), [](const auto& entry) {
          return entry.second == Blame::kAgent;
        });
    require(agent.drained || agent.streak.size() < kRow || !guilty,
            "a broken agent is drained",
            agent.registered.uuid);
  }
}

void Auditor::take(const core::AgentCharged& record) {
  const auto& streak = truths_[record.agent].streak;
  const auto entry = streak.find(record.trial);
  const bool listed = entry != streak.end();
  const bool right = record.charge == core::Charge::kMade ? listed && entry->second == Blame::kOpen
                     : record.charge == core::Charge::kConfirmed
                         ? listed && entry->second == Blame::kAgent
                         : true;
  require(
      right,
      "an agent is charged with what happened",
      fmt::format("{} {} {}", to_string(record.trial), static_cast<int>(record.charge), listed));
}

void Auditor::take(const core::AgentProven& record) {
  const AgentTruth& agent = truths_[record.agent];
  require(agent.proven && agent.streak.empty(),
          "an agent is proven by a trial that does well on it",
          agent.registered.uuid);
}

void Auditor::take(const core::AgentDrained& record) {
  AgentTruth& agent = truths_[record.agent];
  if (record.request != RequestId{}) {
    carry_out(record.request, agent.registered.uuid);
  } else {
    const bool guilty =
        std::any_of(agent.streak.begin(), agent.streak.end(), [](const auto& entry) {
          return entry.second == Blame::kAgent;
        });
    require(
        guilty && agent.streak.size() >= kRow,
        "only an agent that five trials in a row failed on, and not because of them, is drained",
        agent.registered.uuid);
  }
  agent.drained = true;
}

void Auditor::take(const core::AgentResumed& record) {
  AgentTruth& agent = truths_[record.agent];
  carry_out(record.request, agent.registered.uuid);
  agent.drained = false;
  agent.proven = false;
  agent.streak.clear();
  agent.failed.clear();
  agent.probes = 0;
}

}  // namespace sweepd::sim
