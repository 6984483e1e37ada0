// Samplers propose assignments; pure functions of the specification and the trial number.
#include "sweeps/sampler.h"

#include "sweeps/sampler_grid.h"
#include "sweeps/sampler_random.h"
#include "sweeps/sampler_sobol.h"
#include "sweeps/sobol_table.h"
#include "sweeps/space_rules.h"

#include <fmt/core.h>

#include <cstddef>
#include <utility>
#include <vector>

namespace sweepd::sweeps {

namespace {

Proposal nothing() {
  return {std::nullopt, Availability::kExhausted};
}

// Nothing where the space is not finite; then the sweep has another sampler.
std::optional<GridPlan> plan_of(SamplerKind sampler, const SearchSpace& space) {
  if (sampler != SamplerKind::kGrid) {
    return std::nullopt;
  }
  Result<GridPlan> plan = GridPlan::make(space);
  return plan.ok() ? std::optional(*std::move(plan)) : std::nullopt;
}

}  // namespace

struct Proposer::Impl {
  explicit Impl(const SweepSpec& spec)
      : search(spec.search),
        job(spec.job),
        space(spec.space),
        rules(space),
        plan(plan_of(search.sampler, space)) {}

  // The first assignment that satisfies the constraints, of those at the points that `point_of`
  // gives for retry 0, 1, …
  template <typename PointOf>
  Proposal drawn(const Assignment& given, PointOf point_of) const;
  Proposal random(TrialNumber number, const Assignment& given) const;
  Proposal sobol(std::uint32_t index) const;
  Proposal grid(std::uint32_t index) const;
  Proposal own(TrialNumber number, std::uint32_t index) const;

  SearchSpec search;
  bool job;
  SearchSpace space;
  SpaceRules rules;              // of the space above
  std::optional<GridPlan> plan;  // of a grid
};

template <typename PointOf>
Proposal Proposer::Impl::drawn(const Assignment& given, PointOf point_of) const {
  const std::uint32_t tries = rules.constraints().empty() ? 1 : kDrawsMax;
  for (std::uint32_t retry = 0; retry < tries; ++retry) {
    Assignment assignment = rules.assignment_at(point_of(retry), given);
    if (rules.satisfied(assignment)) {
      return {std::move(assignment), Availability::kMore, retry + 1};
    }
  }
  return {std::nullopt, Availability::kExhausted, tries};
}

Proposal Proposer::Impl::random(TrialNumber number, const Assignment& given) const {
  return drawn(given, [&](std::uint32_t retry) {
    return random_point({search.seed, number, retry}, space.parameters.size());
  });
}

Proposal Proposer::Impl::sobol(std::uint32_t index) const {
  return drawn({}, [&](std::uint32_t retry) {
    return sobol_point({search.seed, retry}, space.parameters.size(), index);
  });
}

// The whole grid, then the whole grid again.
Proposal Proposer::Impl::grid(std::uint32_t index) const {
  if (!plan || plan->count() == 0 || index / plan->count() >= search.repeats) {
    return nothing();
  }
  return {plan->at(space, index % plan->count()), Availability::kMore};
}

// The sampler's own sequence, index 0, 1, …
Proposal Proposer::Impl::own(TrialNumber number, std::uint32_t index) const {
  switch (search.sampler) {
    case SamplerKind::kGrid:
      return grid(index);
    case SamplerKind::kRandom:
      return random(number, {});
    case SamplerKind::kSobol:
      return sobol(index);
  }
  return nothing();
}

Proposer::Proposer(const SweepSpec& spec) : impl_(std::make_unique<const Impl>(spec)) {}

Proposer::~Proposer() = default;
Proposer::Proposer(Proposer&&) noexcept = default;
Proposer& Proposer::operator=(Proposer&&) noexcept = default;

Proposal Proposer::propose(TrialNumber number) const {
  const bool beyond = impl_->search.trials && number.value > *impl_->search.trials;
  if (!number || beyond || (impl_->job && number.value > 1)) {
    return nothing();
  }
  const std::size_t index = number.value - 1;
  const std::vector<Assignment>& first = impl_->search.try_first;
  if (index < first.size()) {
    return impl_->random(number, first[index]);
  }
  return impl_->own(number, static_cast<std::uint32_t>(index - first.size()));
}

Proposal propose(const SweepSpec& spec, TrialNumber number) {
  return Proposer(spec).propose(number);
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
