// Samplers propose assignments; pure functions of the specification and the trial number.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "sweeps/sweep_spec.h"

#include <optional>

namespace sweepd::sweeps {

// What a sampler says besides its proposal. kWait: ask again when a trial has ended.
enum class Availability { kMore, kWait, kExhausted };

struct Proposal {
  std::optional<Assignment> assignment;  // empty when there is nothing to propose now
  Availability availability = Availability::kMore;

  bool operator==(const Proposal&) const = default;
};

// The assignment of trial `number` (1, 2, …): first the try_first list, then the sampler's own
// sequence. kExhausted once `number` is past trials_total. The same arguments give the same answer
// for ever.
Proposal propose(const SweepSpec& spec, TrialNumber number);

// Whether the sampler can work on this space at all; the error says why not and what to do.
Result<void> accepts(SamplerKind sampler, const SearchSpace& space);

}  // namespace sweepd::sweeps
