// What can be told of a search space by counting, where it is finite and small enough to count.
#pragma once

#include "sweeps/effort.h"
#include "sweeps/search_space.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sweepd::sweeps {

// How many assignments the space has, UINT64_MAX for that many or more; empty when it is continuous
// or too entangled to count with what effort is left. The space is valid, here as below.
std::optional<std::uint64_t> assignments_in(const SearchSpace& space, Effort& effort);

// The index of the first constraint that leaves no assignment, on its own or with those before it;
// a later one when the effort ends before that is found. Looks at the constraints over finite
// parameters only; empty when those leave one, or are too entangled.
std::optional<std::size_t> contradiction(const SearchSpace& space, Effort& effort);

// Whether the condition of the parameter holds for no values of the parameters before it; false
// when those are continuous or too many to try. Constraints are not looked at.
bool is_never_active(const SearchSpace& space, std::size_t parameter, Effort& effort);

}  // namespace sweepd::sweeps
