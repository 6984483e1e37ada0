// Samplers propose assignments; pure functions of the specification and the trial number.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "sweeps/sweep_spec.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace sweepd::sweeps {

// What a sampler says besides its proposal. kWait: ask again when a trial has ended.
enum class Availability { kMore, kWait, kExhausted };

// Draws per trial until the constraints hold. A space of which less than a ten-thousandth is
// allowed is not worth more of the core's time.
constexpr std::uint32_t kDrawsMax = 10'000;

struct Proposal {
  std::optional<Assignment> assignment;  // empty when there is nothing to propose now
  Availability availability = Availability::kMore;
  std::uint32_t draws = 1;  // points that were looked at for it: what it cost

  // Whether this is the end because no point of that many satisfied the constraints.
  bool unlucky() const { return !assignment && draws >= kDrawsMax; }

  bool operator==(const Proposal&) const = default;
};

// Proposes for one sweep: what all trials share is worked out once. Used by one thread.
class Proposer {
 public:
  explicit Proposer(const SweepSpec& spec);  // a valid one; copies what it needs
  ~Proposer();
  Proposer(Proposer&&) noexcept;
  Proposer& operator=(Proposer&&) noexcept;

  // The assignment of trial `number` (1, 2, …): first the try_first list, then the sampler's own
  // sequence. kExhausted once `number` is past trials_total. The same specification and number give
  // the same answer for ever.
  Proposal propose(TrialNumber number) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// What a new Proposer would propose.
Proposal propose(const SweepSpec& spec, TrialNumber number);

// Whether the sampler can work on this space at all; the error says why not and what to do.
Result<void> accepts(SamplerKind sampler, const SearchSpace& space);

}  // namespace sweepd::sweeps
