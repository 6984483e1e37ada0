// Samplers propose assignments; pure functions of the specification and the trial number.
#include "sweeps/sampler.h"

#include "sweeps/sampler_grid.h"
#include "sweeps/sampler_random.h"
#include "sweeps/sampler_sobol.h"
#include "sweeps/sobol_table.h"
#include "sweeps/space_rules.h"

#include <fmt/core.h>

#include <utility>

namespace sweepd::sweeps {

namespace {

// Draws per trial until the constraints hold. A space of which less than a ten-thousandth is
// allowed is not worth more of the core's time.
constexpr std::uint32_t kTriesMax = 10'000;

Proposal proposed(Assignment assignment) {
  return {std::move(assignment), Availability::kMore};
}

Proposal nothing() {
  return {std::nullopt, Availability::kExhausted};
}

// The first assignment that satisfies the constraints, of those at the points that `point_of` gives
// for retry 0, 1, …
template <typename PointOf>
Proposal drawn(const SpaceRules& rules, const Assignment& given, PointOf point_of) {
  const std::uint32_t tries = rules.constraints().empty() ? 1 : kTriesMax;
  for (std::uint32_t retry = 0; retry < tries; ++retry) {
    Assignment assignment = rules.assignment_at(point_of(retry), given);
    if (rules.satisfied(assignment)) {
      return proposed(std::move(assignment));
    }
  }
  return nothing();
}

Proposal propose_random(const SweepSpec& spec, TrialNumber number, const Assignment& given) {
  const SpaceRules rules(spec.space);
  return drawn(rules, given, [&](std::uint32_t retry) {
    return random_point({spec.search.seed, number, retry}, spec.space.parameters.size());
  });
}

Proposal propose_sobol(const SweepSpec& spec, std::uint32_t index) {
  const SpaceRules rules(spec.space);
  return drawn(rules, {}, [&](std::uint32_t retry) {
    return sobol_point({spec.search.seed, retry}, spec.space.parameters.size(), index);
  });
}

// The whole grid, then the whole grid again.
Proposal propose_grid(const SweepSpec& spec, std::uint32_t index) {
  const Result<GridPlan> plan = GridPlan::make(spec.space);
  if (!plan.ok() || plan->count() == 0 || index / plan->count() >= spec.search.repeats) {
    return nothing();
  }
  return proposed(plan->at(spec.space, index % plan->count()));
}

// The sampler's own sequence, index 0, 1, …
Proposal propose_own(const SweepSpec& spec, TrialNumber number, std::uint32_t index) {
  switch (spec.search.sampler) {
    case SamplerKind::kGrid:
      return propose_grid(spec, index);
    case SamplerKind::kRandom:
      return propose_random(spec, number, {});
    case SamplerKind::kSobol:
      return propose_sobol(spec, index);
  }
  return nothing();
}

}  // namespace

Proposal propose(const SweepSpec& spec, TrialNumber number) {
  const bool beyond = spec.search.trials && number.value > *spec.search.trials;
  if (!number || beyond || (spec.job && number.value > 1)) {
    return nothing();
  }
  const std::size_t index = number.value - 1;
  const std::vector<Assignment>& first = spec.search.try_first;
  if (index < first.size()) {
    return propose_random(spec, number, first[index]);
  }
  return propose_own(spec, number, static_cast<std::uint32_t>(index - first.size()));
}

Result<void> accepts(SamplerKind sampler, const SearchSpace& space) {
  switch (sampler) {
    case SamplerKind::kRandom:
      return {};
    case SamplerKind::kSobol:
      if (space.parameters.size() > kSobolDimensionsMax) {
        return Error{Errc::kInvalidArgument,
                     fmt::format("sampler 'sobol' has {} dimensions, and the space has {} "
                                 "parameters: use sampler 'random'",
                                 kSobolDimensionsMax,
                                 space.parameters.size())};
      }
      return {};
    case SamplerKind::kGrid: {
      SWEEPD_TRY(const GridPlan plan, GridPlan::make(space));
      if (plan.count() == 0) {
        return Error{Errc::kInvalidArgument, "no point of the grid satisfies the constraints"};
      }
      return {};
    }
  }
  return Error{Errc::kInvalidArgument,
               fmt::format("unknown sampler {}", static_cast<int>(sampler))};
}

}  // namespace sweepd::sweeps
