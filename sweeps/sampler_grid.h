// The grid: every assignment of a finite space that its conditions and constraints allow, by
// number.
#pragma once

#include "base/result.h"
#include "sweeps/effort.h"
#include "sweeps/search_space.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sweepd::sweeps {

// Counts and decodes the grid points without listing them. Points are ordered as by nested loops in
// file order, the last parameter fastest; an inactive parameter is a loop of one round, so no
// assignment comes twice; points that violate a constraint are not counted.
//
// How: a layered graph, one layer a parameter. Two prefixes are the same node when later conditions
// and constraints cannot tell them apart, that is, when they agree on the parameters that those
// still mention. A parameter that nothing mentions later is one edge of `cardinality` rounds. The
// node knows how many points it leads to, so point k is found by walking down once. Without
// conditions and constraints there is one node a layer.
class GridPlan {
 public:
  // An error when the space is not finite, or when conditions and constraints tie so many
  // parameters together that the graph would be large.
  static Result<GridPlan> make(const SearchSpace& space);

  // An error also when it would take more effort than is left.
  static Result<GridPlan> make(const SearchSpace& space, Effort& effort);

  // How many points there are; UINT64_MAX stands for that many or more.
  std::uint64_t count() const;

  // The k-th point, k < count(). The space is the one of make.
  Assignment at(const SearchSpace& space, std::uint64_t k) const;

 private:
  // A prefix of assignments, seen from what follows.
  struct Node {
    bool active = true;               // whether the parameter of this layer is
    std::uint64_t rounds = 0;         // one edge for so many values that nothing tells apart, or 0
    std::vector<std::uint32_t> next;  // the node in the next layer, one per value; kNone: violates
    std::uint64_t count = 0;          // points that begin with it
  };
  struct Builder;

  std::vector<std::vector<Node>>
      layers_;  // one more than parameters; the last holds one finished node
};

}  // namespace sweepd::sweeps
