// Selectors: how people name sweeps, trials and attempts.
#include "daemon/core/selector.h"

#include "base/nearest.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sweepd::core {

namespace {

// No selector that makes sense is longer; a range may still name every trial.
constexpr std::size_t kSelectorBytesMax = 1024;

std::optional<std::uint64_t> as_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// "12/7#2" -> "12", "7", "2"
struct Parts {
  std::string_view sweep;
  std::string_view trials;
  std::string_view attempt;
};

Parts split(std::string_view selector) {
  Parts parts;
  // A sweep's name may hold a slash no more than a trial part may hold two.
  const std::size_t slash = selector.find('/');
  parts.sweep = selector.substr(0, slash);
  if (slash != std::string_view::npos) {
    const std::string_view rest = selector.substr(slash + 1);
    const std::size_t hash = rest.find('#');
    parts.trials = rest.substr(0, hash);
    if (hash != std::string_view::npos) {
      parts.attempt = rest.substr(hash + 1);
    }
  }
  return parts;
}

Error unreadable(std::string_view selector) {
  return {
      Errc::kInvalidArgument,
      fmt::format("cannot read selector '{}': try 12, 12/7, 12/7#2, 12/best, 12/failed or 12/1-8:2",
                  selector)};
}

struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t step = 1;
};

// "7", "1-8" or "1-8:2"
std::optional<Range> as_range(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view bounds = text.substr(0, colon);
  const std::size_t dash = bounds.find('-');
  const auto first = as_number(bounds.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : as_number(bounds.substr(dash + 1));
  const auto step = colon == std::string_view::npos ? std::optional<std::uint64_t>(1)
                                                    : as_number(text.substr(colon + 1));
  if (!first || !last || !step || *first == 0 || *last < *first || *step == 0) {
    return std::nullopt;
  }
  return Range{*first, *last, *step};
}

Result<std::vector<TrialNumber>> numbered(const Sweep& sweep, std::string_view list) {
  std::set<TrialNumber> numbers;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const auto range = as_range(list.substr(0, comma));
    if (!range) {
      return unreadable(list);
    }
    const std::uint64_t last = std::min<std::uint64_t>(range->last, sweep.trials.size());
    if (range->first == range->last && range->first > sweep.trials.size()) {
      return Error{Errc::kNotFound,
                   fmt::format("sweep {} has no trial {}: it has {} so far",
                               sweep.id.value,
                               range->first,
                               sweep.trials.size())};
    }
    // A step beyond the last trial is as good as any other, and does not overflow.
    const std::uint64_t step = std::min<std::uint64_t>(range->step, sweep.trials.size() + 1);
    for (std::uint64_t number = range->first; number <= last; number += step) {
      numbers.insert(TrialNumber{static_cast<std::uint32_t>(number)});
    }
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return std::vector<TrialNumber>(numbers.begin(), numbers.end());
}

std::vector<TrialNumber> in_state(const Sweep& sweep, TrialState state) {
  std::vector<TrialNumber> numbers;
  for (const Trial& trial : sweep.trials) {
    if (trial.state == state) {
      numbers.push_back(trial.number);
    }
  }
  return numbers;
}

Result<std::vector<TrialNumber>> find_trials(const Sweep& sweep, std::string_view text) {
  if (text == "best") {
    const auto best = best_trial(sweep);
    if (!best) {
      return Error{Errc::kNotFound,
                   fmt::format("sweep {} has no best trial yet: none has completed with a value",
                               sweep.id.value)};
    }
    return std::vector<TrialNumber>{*best};
  }
  if (text == "last" && !sweep.trials.empty()) {
    return std::vector<TrialNumber>{sweep.trials.back().number};
  }
  if (text == "all") {
    return numbered(sweep, "1-4294967295");
  }
  for (int state = 1; state <= kTrialStates; ++state) {
    if (text == to_text(static_cast<TrialState>(state))) {
      return in_state(sweep, static_cast<TrialState>(state));
    }
  }
  if (text.empty() || text.front() < '0' || text.front() > '9') {
    return unreadable(text);
  }
  return numbered(sweep, text);
}

Result<AttemptNumber> find_attempt_number(const Sweep& sweep,
                                          const Selection& selection,
                                          std::string_view text) {
  const auto number = as_number(text);
  if (!number || selection.trials.size() != 1) {
    return unreadable(text);
  }
  const Trial& trial = sweep.trial(selection.trials.front());
  if (*number == 0 || *number > trial.attempts.size()) {
    return Error{Errc::kNotFound,
                 fmt::format("{} has no attempt {}: it has {}",
                             to_string(TrialKey{sweep.id, trial.number}),
                             *number,
                             trial.attempts.size())};
  }
  return AttemptNumber{static_cast<std::uint32_t>(*number)};
}

Error no_sweep(std::string_view text, const std::vector<SweepName>& names) {
  std::vector<std::string> known;
  for (const SweepName& name : names) {
    known.push_back(name.name);
  }
  const auto close = nearest(text, known);
  return {Errc::kNotFound,
          close ? fmt::format("no sweep '{}': did you mean '{}'?", text, *close)
                : fmt::format("no sweep '{}': `sweepctl ls --all` lists them", text)};
}

}  // namespace

Result<SweepId> select_sweep(std::string_view selector, const std::vector<SweepName>& names) {
  if (selector.empty() || selector.size() > kSelectorBytesMax) {
    return unreadable(selector.substr(0, 64));
  }
  const std::string_view text = split(selector).sweep;
  const auto newest =
      std::max_element(names.begin(), names.end(), [](const SweepName& a, const SweepName& b) {
        return a.id < b.id;
      });
  if (text == "last" && newest != names.end()) {
    return newest->id;
  }
  const auto number = as_number(text);
  std::vector<SweepId> exact;
  std::vector<SweepId> prefixed;
  for (const SweepName& name : names) {
    if (number && name.id.value == *number) {
      return name.id;
    }
    if (name.name == text) {
      exact.push_back(name.id);
    } else if (!number && name.name.starts_with(text)) {
      prefixed.push_back(name.id);
    }
  }
  const std::vector<SweepId>& found = exact.empty() ? prefixed : exact;
  if (found.empty()) {
    return no_sweep(text, names);
  }
  if (found.size() > 1) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("'{}' names {} sweeps: use the number; the newest is {}",
                             text,
                             found.size(),
                             std::max_element(found.begin(), found.end())->value)};
  }
  return found.front();
}

Result<Selection> select_trials(const Sweep& sweep, std::string_view selector) {
  const Parts parts = split(selector);
  Selection selection;
  selection.sweep = sweep.id;
  selection.names_trials = selector.find('/') != std::string_view::npos;
  if (!selection.names_trials) {
    return selection;
  }
  SWEEPD_TRY(selection.trials, find_trials(sweep, parts.trials));
  if (!parts.attempt.empty()) {
    SWEEPD_TRY(selection.attempt, find_attempt_number(sweep, selection, parts.attempt));
  }
  if (selection.trials.empty()) {
    return Error{Errc::kNotFound,
                 fmt::format("no trial of sweep {} matches '{}'", sweep.id.value, parts.trials)};
  }
  return selection;
}

Result<AgentId> select_agent(const State& state, std::string_view selector) {
  std::vector<AgentId> named;
  std::vector<std::string> names;
  for (const auto& [id, agent] : state.agents) {
    if (agent.state == AgentState::kForgotten) {
      continue;
    }
    names.push_back(agent.name);
    if (agent.name == selector) {
      named.push_back(id);
    }
  }
  if (named.size() > 1) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("{} agents are named '{}': use a number, as `sweepctl agent ls` shows "
                             "them",
                             named.size(),
                             selector)};
  }
  // A name first: a box may be called 7.
  if (named.size() == 1) {
    return named.front();
  }
  const auto number = as_number(selector);
  const auto found = number && *number <= UINT32_MAX
                         ? state.agents.find(AgentId{static_cast<std::uint32_t>(*number)})
                         : state.agents.end();
  if (found != state.agents.end() && found->second.state != AgentState::kForgotten) {
    return found->first;
  }
  const auto close = nearest(selector, names);
  return Error{Errc::kNotFound,
               fmt::format("there is no agent '{}'{}",
                           selector,
                           close ? fmt::format("; did you mean '{}'?", *close)
                                 : std::string("; `sweepctl agent ls` lists them"))};
}

}  // namespace sweepd::core
