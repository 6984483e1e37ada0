// What the auditor sees of the world and of what leaves the daemon, and its last look at the state.
#include "tests/sim/auditor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

namespace sweepd::sim {

void Auditor::fail(std::string what) {
  if (!violation_ && !replayed_at_) {
    violation_ = std::move(what);
  }
}

bool Auditor::require(bool holds, std::string_view rule, const std::string& about) {
  if (!holds) {
    fail(fmt::format("{}: not so: {}", about, rule));
  }
  return holds;
}

void Auditor::process_started(BoxIndex box,
                              const AttemptKey& key,
                              const std::vector<std::uint32_t>& slots) {
  const std::string about = to_string(key);
  const Attempt* known = attempt(key);
  const bool lost = lost_attempts_.contains(key);
  const auto before = processes_.find(key);
  require(known != nullptr || lost, "nothing starts before it is on disk", about);
  require(known == nullptr || !known->end, "nothing starts after it is over", about);
  // No box starts a number twice; another one may get a number that the disk has lost.
  require(before == processes_.end() || (lost && before->second.box != box),
          "an attempt starts at most once",
          about);
  for (const AttemptKey& other : running_) {
    const Process& process = processes_.at(other);
    require(other.trial_key() != key.trial_key(), "a trial runs once at a time", about);
    const bool shared =
        process.box == box &&
        std::find_first_of(
            slots.begin(), slots.end(), process.slots.begin(), process.slots.end()) != slots.end();
    require(!shared, "a slot runs one attempt", about);
  }
  processes_[key] = {box, slots, {}, {}, heap_.now(), {}};
  running_.insert(key);
}

void Auditor::report_emitted(const AttemptKey& key, const core::Report& report) {
  processes_.at(key).emitted.push_back(report);
}

void Auditor::process_ended(const AttemptKey& key, const ProcessEnd& end) {
  processes_.at(key).end = end;
  processes_.at(key).ended = heap_.now();
  running_.erase(key);
}

void Auditor::sending(const core::Effect& effect) {
  struct Check {
    Auditor& auditor;

    void operator()(const core::StartAttempt& sent) const { auditor.check_sent(sent); }

    void operator()(const core::StopAttempt& sent) const { auditor.check_sent(sent); }

    void operator()(const core::AckReports& sent) const { auditor.check_sent(sent); }

    void operator()(const core::AckEnded& sent) const { auditor.check_sent(sent); }

    void operator()(const core::WelcomeAgent&) const {}  // checked by what the agent then does

    void operator()(const core::Suggest&) const {}  // never leaves the daemon

    void operator()(const core::Answer& sent) const { auditor.check_sent(sent); }
  };

  if (!violation_) {
    std::visit(Check{*this}, effect);
  }
}

void Auditor::check_sent(const core::StartAttempt& effect) {
  require(attempt(effect.attempt) != nullptr,
          "an order leaves after it is on disk",
          to_string(effect.attempt));
}

void Auditor::check_sent(const core::StopAttempt& effect) {
  const Attempt* open = open_attempt(effect.attempt);
  require(open == nullptr || open->stop || open->agent != effect.agent,
          "an order to stop leaves after it is on disk",
          to_string(effect.attempt));
}

void Auditor::check_sent(const core::AckReports& effect) {
  const Attempt* known = attempt(effect.attempt);
  const std::size_t stored = known == nullptr ? 0 : known->stored.size();
  require(effect.seq <= stored, "an acknowledged report is on disk", to_string(effect.attempt));
  if (effect.fenced) {
    const Attempt* open = open_attempt(effect.attempt);
    require(open == nullptr || open->agent != effect.agent,
            "only what is not current is fenced",
            to_string(effect.attempt));
  }
}

void Auditor::check_sent(const core::AckEnded& effect) {
  const Attempt* open = open_attempt(effect.attempt);
  require(open == nullptr || open->agent != effect.agent,
          "an acknowledged end is on disk",
          to_string(effect.attempt));
}

void Auditor::check_sent(const core::Answer& effect) {
  if (const auto* submitted = std::get_if<core::SubmitAnswer>(&effect.body)) {
    const auto accepted = accepted_.find(identity(effect.request));
    require(accepted != accepted_.end() && accepted->second == submitted->sweep &&
                as_committed(effect.request) == effect.request,
            "an acknowledged sweep is on disk, and was asked for in these words",
            to_string(submitted->sweep));
  } else if (std::holds_alternative<core::ControlAnswer>(effect.body) ||
             std::holds_alternative<core::AgentAnswer>(effect.body)) {
    const auto done = carried_out_.find(identity(effect.request));
    require(done != carried_out_.end() && done->second == effect.request,
            "an acknowledged change is on disk, and was asked for in these words",
            "control");
  }
}

void Auditor::answered(const core::Answer& answer) {
  if (const auto* changed = std::get_if<core::ControlAnswer>(&answer.body)) {
    const auto [told, first] = told_.emplace(identity(answer.request), *changed);
    require(
        first || (told->second.sweep == changed->sweep && told->second.trials == changed->trials),
        "a repeated request gets the same answer",
        to_string(changed->sweep));
    return;
  }
  const auto* submitted = std::get_if<core::SubmitAnswer>(&answer.body);
  if (submitted == nullptr) {
    return;
  }
  const auto [promise, first] = promised_.emplace(identity(answer.request), *submitted);
  require(first || promise->second.sweep == submitted->sweep,
          "a repeated request gets the same answer",
          to_string(submitted->sweep));
}

RequestId Auditor::as_committed(const RequestId& request) const {
  const auto done = carried_out_.find(identity(request));
  return done == carried_out_.end() ? request : done->second;
}

AgentId Auditor::agent_of(const std::string& uuid) const {
  const auto found = agent_by_uuid_.find(uuid);
  return found == agent_by_uuid_.end() ? AgentId{} : found->second;
}

const sweeps::SweepSpec* Auditor::spec_of(SweepId id) const {
  const auto found = sweeps_.find(id);
  if (found != sweeps_.end()) {
    return &found->second.accepted.spec;
  }
  const auto lost = lost_specs_.find(id);
  return lost == lost_specs_.end() ? nullptr : &lost->second;
}

Auditor::Sweep* Auditor::sweep(SweepId id) {
  const auto found = sweeps_.find(id);
  return found == sweeps_.end() ? nullptr : &found->second;
}

Auditor::Trial* Auditor::trial(const TrialKey& key) {
  Sweep* of = sweep(key.sweep);
  const bool known = of != nullptr && key.trial.value > 0 && key.trial.value <= of->trials.size();
  return known ? &of->trials[key.trial.value - 1] : nullptr;
}

const BoxPlan* Auditor::box_of(AgentId agent) const {
  const auto truth = truths_.find(agent);
  const auto box =
      std::find_if(scenario_.boxes.begin(), scenario_.boxes.end(), [&](const BoxPlan& plan) {
        return truth != truths_.end() && plan.uuid == truth->second.registered.uuid;
      });
  return box == scenario_.boxes.end() ? nullptr : &*box;
}

std::vector<SweepId> Auditor::open_sweeps() const {
  std::vector<SweepId> open;
  for (const auto& [id, each] : sweeps_) {
    if (!core::is_terminal(each.state) && !each.removed) {
      open.push_back(id);
    }
  }
  return open;
}

Auditor::Attempt* Auditor::attempt(const AttemptKey& key) {
  Trial* of = trial(key.trial_key());
  const bool known =
      of != nullptr && key.attempt.value > 0 && key.attempt.value <= of->attempts.size();
  return known ? &of->attempts[key.attempt.value - 1] : nullptr;
}

Auditor::Attempt* Auditor::open_attempt(const AttemptKey& key) {
  Attempt* found = attempt(key);
  const bool open =
      found != nullptr && !found->end && found == &trial(key.trial_key())->attempts.back();
  return open ? found : nullptr;
}

void Auditor::free_slots(const AttemptKey& key, const Attempt& attempt) {
  for (const std::uint32_t index : attempt.slots) {
    const auto booked = booked_.find({attempt.agent, index});
    if (booked != booked_.end() && booked->second == key) {
      booked_.erase(booked);
    }
  }
}

std::uint32_t Auditor::active(const Sweep& sweep) const {
  return static_cast<std::uint32_t>(
      std::count_if(sweep.trials.begin(), sweep.trials.end(), [](const Trial& trial) {
        return !trial.attempts.empty() && !trial.attempts.back().end;
      }));
}

namespace {

// The reduced objective of the stored reports, smaller is better; empty without a report of it.
std::optional<double> reduced(const sweeps::Objective& objective,
                              const std::vector<core::Report>& reports) {
  std::vector<double> values;
  for (const core::Report& report : reports) {
    for (const core::MetricValue& metric : report.metrics) {
      if (metric.name == objective.metric) {
        const double sign = objective.goal == sweeps::Goal::kMaximize ? -1 : 1;
        values.push_back(std::isfinite(metric.value) ? sign * metric.value
                                                     : std::numeric_limits<double>::infinity());
      }
    }
  }
  if (values.empty()) {
    return std::nullopt;
  }
  if (objective.reduce.kind == sweeps::ReduceKind::kBest) {
    return *std::min_element(values.begin(), values.end());
  }
  const std::size_t count = objective.reduce.kind == sweeps::ReduceKind::kLast
                                ? 1
                                : std::min<std::size_t>(objective.reduce.count, values.size());
  double sum = 0;
  for (std::size_t i = values.size() - count; i < values.size(); ++i) {
    sum += values[i];
  }
  return sum / static_cast<double>(count);
}

}  // namespace

std::vector<TrialNumber> Auditor::ranked(const Sweep& sweep) const {
  std::vector<std::pair<double, TrialNumber>> values;
  for (std::size_t i = 0; i < sweep.trials.size(); ++i) {
    const Trial& trial = sweep.trials[i];
    const bool eligible =
        trial.end == core::TrialState::kCompleted ||
        (trial.end == core::TrialState::kPruned && sweep.accepted.spec.stop.allow_pruned);
    if (!eligible || trial.attempts.empty()) {
      continue;
    }
    const auto value = reduced(sweep.accepted.spec.objective, trial.attempts.back().stored);
    if (value && std::isfinite(*value)) {
      values.emplace_back(*value, TrialNumber{static_cast<std::uint32_t>(i + 1)});
    }
  }
  std::sort(values.begin(), values.end());
  std::vector<TrialNumber> numbers;
  for (const auto& [value, number] : values) {
    numbers.push_back(number);
  }
  return numbers;
}

std::optional<TrialNumber> Auditor::best(const Sweep& sweep) const {
  const std::vector<TrialNumber> numbers = ranked(sweep);
  return numbers.empty() ? std::nullopt : std::optional(numbers.front());
}

}  // namespace sweepd::sim
