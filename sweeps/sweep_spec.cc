// What no sweep may be, and how many trials it will have.
#include "sweeps/sweep_spec.h"

#include "base/counted.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "sweeps/sampler.h"
#include "sweeps/sampler_grid.h"
#include "sweeps/space_rules.h"
#include "sweeps/spec_checks.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace sweepd::sweeps {

namespace {

// Grid points with their repeats, UINT64_MAX for that many or more; 0 of what is no grid.
std::uint64_t grid_trials(const SweepSpec& spec) {
  const Result<GridPlan> plan = GridPlan::make(spec.space);
  if (!plan.ok()) {
    return 0;
  }
  const std::uint64_t repeats = spec.search.repeats;
  return plan->count() > UINT64_MAX / std::max<std::uint64_t>(repeats, 1) ? UINT64_MAX
                                                                          : plan->count() * repeats;
}

Result<void> check_names(const SweepSpec& spec) {
  if (spec.name.empty()) {
    return refused("sweep.name: empty");
  }
  SWEEPD_TRY_VOID(check_label("sweep.name", spec.name));
  if (!spec.job) {
    SWEEPD_TRY_VOID(check_sweep_name(spec.name));
  }
  SWEEPD_TRY_VOID(check_label("sweep.experiment", spec.experiment));
  std::set<std::string> tags;
  for (const auto& [key, value] : spec.tags) {
    if (key.empty() || !tags.insert(key).second) {
      return refused(fmt::format("sweep.tags: the tag '{}' is empty or stands twice", key));
    }
    SWEEPD_TRY_VOID(check_label("sweep.tags", key));
    SWEEPD_TRY_VOID(check_label("sweep.tags", value));
  }
  return {};
}

Error unknown_name(const std::string& where, const std::string& name, const SearchSpace& space) {
  std::vector<std::string> known;
  for (const Parameter& parameter : space.parameters) {
    known.push_back(parameter.name);
  }
  const std::optional<std::string> meant = nearest(name, known);
  return refused(fmt::format("{}: unknown parameter '{}'{}",
                             where,
                             name,
                             meant ? fmt::format(", did you mean '{}'?", *meant) : ""));
}

// The k-th list of try_first (1, 2, …) on its own: known names, once each, values of their domains.
Result<void> check_given(const SearchSpace& space,
                         const Assignment& given,
                         const std::string& where) {
  std::set<std::string> names;
  for (const auto& [name, value] : given) {
    const auto found = std::find_if(
        space.parameters.begin(), space.parameters.end(), [&wanted = name](const Parameter& p) {
          return p.name == wanted;
        });
    if (found == space.parameters.end()) {
      return unknown_name(where, name, space);
    }
    if (!names.insert(name).second) {
      return refused(fmt::format("{}: the parameter '{}' stands twice", where, name));
    }
    if (const Result<double> unit = to_unit(found->domain, value); !unit.ok()) {
      return refused(fmt::format("{}: parameter '{}': {}", where, name, unit.error().message));
    }
  }
  return {};
}

Result<void> check_try_first(const SweepSpec& spec) {
  for (std::uint32_t k = 1; k <= spec.search.try_first.size(); ++k) {
    const Assignment& given = spec.search.try_first[k - 1];
    const std::string where = fmt::format("search.try_first: entry {}", k);
    SWEEPD_TRY_VOID(check_given(spec.space, given, where));
    const Proposal proposal = propose(spec, TrialNumber{k});
    if (!proposal.assignment) {
      return refused(fmt::format("{}: violates a constraint", where));
    }
    for (const auto& [name, value] : given) {
      if (find(*proposal.assignment, name) == nullptr) {
        return refused(
            fmt::format("{}: the parameter '{}' is not active with these values", where, name));
      }
    }
  }
  return {};
}

Result<void> check_total(const SweepSpec& spec) {
  const SearchSpec& search = spec.search;
  if (search.trials && (*search.trials < 1 || *search.trials > limits::kTrialsMax)) {
    return refused(
        fmt::format("search.trials: {} is outside 1..{}", *search.trials, limits::kTrialsMax));
  }
  if (search.sampler != SamplerKind::kGrid && !search.trials) {
    return refused("search.trials: missing; only the grid knows by itself when to stop");
  }
  if (search.repeats < 1) {
    return refused("search.repeats: 0 is below 1");
  }
  if (search.repeats > 1 && search.sampler != SamplerKind::kGrid) {
    return refused("search.repeats: only sampler 'grid' has points to repeat");
  }
  const std::uint32_t trials = search.trials.value_or(limits::kTrialsMax);
  if (search.try_first.size() > trials) {
    return refused(fmt::format("search.try_first: {} entries are more than {}",
                               search.try_first.size(),
                               counted(trials, "trial")));
  }
  if (!search.trials && grid_trials(spec) > limits::kTrialsMax - search.try_first.size()) {
    return refused(fmt::format(
        "search.trials: the grid has more than {} trials; set a limit, or use sampler 'sobol'",
        limits::kTrialsMax));
  }
  return {};
}

Result<void> check_search(const SweepSpec& spec) {
  SWEEPD_TRY_VOID(accepts(spec.search.sampler, spec.space));
  SWEEPD_TRY_VOID(check_total(spec));
  SWEEPD_TRY_VOID(check_try_first(spec));
  // The sampler's first proposal shows whether it can satisfy the constraints at all.
  const auto tried = static_cast<std::uint32_t>(spec.search.try_first.size());
  const bool all_given = spec.search.trials && tried >= *spec.search.trials;
  if (!all_given && !propose(spec, TrialNumber{tried + 1}).assignment) {
    return refused("search.constraints: hardly any assignment satisfies them");
  }
  return {};
}

Result<void> check_job(const SweepSpec& spec) {
  if (!spec.space.parameters.empty() || !spec.space.constraints.empty()) {
    return refused("a job has no search space");
  }
  if (spec.search.trials.value_or(1) != 1 || !spec.search.try_first.empty() ||
      spec.search.repeats != 1) {
    return refused("a job is one trial");
  }
  if (spec.run.keep) {
    return refused("run.keep: a job is one trial, and its files are kept");
  }
  return {};
}

}  // namespace

Result<void> validate(const SweepSpec& spec) {
  SWEEPD_TRY_VOID(check_names(spec));
  SWEEPD_TRY_VOID(check_objective(spec.objective));
  if (spec.objective.metric.empty() && !spec.job) {
    return refused("sweep.metric: missing");
  }
  SWEEPD_TRY_VOID(check_run(spec.run));
  SWEEPD_TRY_VOID(check_environment(spec.env));
  SWEEPD_TRY_VOID(validate(spec.space));
  SWEEPD_TRY_VOID(spec.job ? check_job(spec) : check_search(spec));
  SWEEPD_TRY_VOID(check_stop(spec.stop));
  if (spec.resources.cpus < 1) {
    return refused("resources.cpus: 0 is below 1");
  }
  SWEEPD_TRY_VOID(check_limits(spec.limits));
  SWEEPD_TRY_VOID(check_retry(spec.retry));
  SWEEPD_TRY_VOID(check_metrics(spec.metrics));
  return check_registration(spec.registration);
}

std::uint32_t trials_total(const SweepSpec& spec) {
  if (spec.job) {
    return 1;
  }
  std::uint64_t total = spec.search.trials.value_or(limits::kTrialsMax);
  if (spec.search.sampler == SamplerKind::kGrid) {
    const std::uint64_t grid = grid_trials(spec);
    const std::uint64_t first = spec.search.try_first.size();
    total = std::min(total, grid > UINT64_MAX - first ? UINT64_MAX : grid + first);
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(total, limits::kTrialsMax));
}

}  // namespace sweepd::sweeps
