// The grid: every assignment of a finite space that its conditions and constraints allow, by
// number.
#include "sweeps/sampler_grid.h"

#include "base/check.h"
#include "sweeps/space_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace sweepd::sweeps {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::size_t kEdgesMax = 200'000;  // some 100 ms to build; only odd spaces come near

std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) {
  return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

// Which rule needs which parameter until when.
struct Uses {
  std::vector<std::size_t> last_layer;  // of each parameter: the last layer that looks at it
  std::vector<std::vector<std::size_t>>
      decided;  // per layer: constraints whose last parameter it is
};

std::size_t index_of(const SearchSpace& space, const std::string& name) {
  const auto found = std::find_if(space.parameters.begin(),
                                  space.parameters.end(),
                                  [&name](const Parameter& p) { return p.name == name; });
  SWEEPD_CHECK(found != space.parameters.end());  // the space has been validated
  return static_cast<std::size_t>(found - space.parameters.begin());
}

Uses uses_in(const SpaceRules& rules) {
  const SearchSpace& space = rules.space();
  Uses uses;
  uses.last_layer.assign(space.parameters.size(), 0);
  uses.decided.resize(space.parameters.size());
  const auto look = [&](const Expression& expression, std::size_t layer) {
    for (const std::string& name : expression.names()) {
      std::size_t& last = uses.last_layer[index_of(space, name)];
      last = std::max(last, layer);
    }
  };
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    if (const std::optional<Expression>& condition = rules.conditions()[i]) {
      look(*condition, i);
    }
  }
  for (std::size_t c = 0; c < rules.constraints().size(); ++c) {
    std::size_t layer = 0;
    for (const std::string& name : rules.constraints()[c].names()) {
      layer = std::max(layer, index_of(space, name));
    }
    look(rules.constraints()[c], layer);
    uses.decided[layer].push_back(c);
  }
  return uses;
}

}  // namespace

// Builds the layers front to back. A prefix is the assignment of the parameters still looked at
// later.
struct GridPlan::Builder {
  const SpaceRules& rules;
  Uses uses;
  Effort& effort;
  std::vector<std::vector<Node>> layers;
  std::map<Assignment, std::uint32_t> prefixes;       // of the layer being expanded
  std::map<Assignment, std::uint32_t> next_prefixes;  // of the one after it
  std::size_t edges = 0;

  bool allowed(std::size_t layer, const Assignment& assignment) const {
    const std::vector<std::size_t>& decided = uses.decided[layer];
    return std::all_of(decided.begin(), decided.end(), [&](std::size_t c) {
      return rules.constraints()[c].evaluate(assignment) != Truth::kFalse;
    });
  }

  // The node of the next layer for this assignment, reduced to what is looked at from there on.
  std::uint32_t next_node(std::size_t layer, const Assignment& assignment) {
    Assignment kept;
    for (const auto& entry : assignment) {
      if (uses.last_layer[index_of(rules.space(), entry.first)] > layer) {
        kept.push_back(entry);
      }
    }
    const auto fresh = static_cast<std::uint32_t>(next_prefixes.size());
    return next_prefixes.emplace(std::move(kept), fresh).first->second;
  }

  std::uint32_t edge(std::size_t layer, const Assignment& assignment) {
    return allowed(layer, assignment) ? next_node(layer, assignment) : kNone;
  }

  Node expanded(std::size_t layer, const Assignment& prefix, std::uint64_t cardinality) {
    Node node;
    node.active = rules.active(layer, prefix);
    if (!node.active) {
      node.next.push_back(edge(layer, prefix));
      return node;
    }
    const bool indistinct = uses.last_layer[layer] <= layer && uses.decided[layer].empty();
    if (indistinct) {
      node.rounds = cardinality;
      node.next.push_back(next_node(layer, prefix));
      return node;
    }
    Assignment assignment = prefix;
    const Parameter& parameter = rules.space().parameters[layer];
    assignment.emplace_back(parameter.name, Value());
    for (std::uint64_t k = 0; k < cardinality; ++k) {
      assignment.back().second = nth_value(parameter.domain, k);
      node.next.push_back(edge(layer, assignment));
    }
    return node;
  }

  // Of the expressions that are evaluated for each value of a layer.
  std::uint64_t effort_of_value(std::size_t layer) const {
    std::uint64_t units = 1;
    for (const std::size_t c : uses.decided[layer]) {
      units += effort_of(rules.space().constraints[c]);
    }
    return units;
  }

  Result<void> expand(std::size_t layer) {
    const Parameter& parameter = rules.space().parameters[layer];
    const std::optional<std::uint64_t> cardinality = sweeps::cardinality(parameter.domain);
    if (!cardinality) {
      return Error{Errc::kInvalidArgument,
                   fmt::format("a grid needs finitely many values, and parameter '{}' has a "
                               "continuous range: give it a step, or use sampler 'sobol'",
                               parameter.name)};
    }
    const bool looked_at = uses.last_layer[layer] > layer || !uses.decided[layer].empty();
    const std::uint64_t values =
        looked_at
            ? saturating_product(prefixes.size(), std::min<std::uint64_t>(*cardinality, kEdgesMax))
            : 0;
    edges += prefixes.size() + values;
    if (edges > kEdgesMax) {
      return Error{
          Errc::kInvalidArgument,
          fmt::format("the conditions and constraints of parameter '{}' tie too many values "
                      "together for a grid: use sampler 'sobol'",
                      parameter.name)};
    }
    if (!effort.take(prefixes.size() * effort_of(parameter.when) +
                     values * effort_of_value(layer))) {
      return Error{Errc::kInvalidArgument, "counting the grid takes too long"};
    }
    std::vector<Node> nodes(prefixes.size());
    for (const auto& [prefix, index] : prefixes) {
      nodes[index] = expanded(layer, prefix, *cardinality);
    }
    layers.push_back(std::move(nodes));
    prefixes = std::exchange(next_prefixes, {});
    return {};
  }

  // Back to front: what follows is counted before what leads there.
  void count() {
    layers.push_back({Node{true, 0, {}, 1}});
    for (std::size_t layer = layers.size() - 1; layer-- > 0;) {
      for (Node& node : layers[layer]) {
        for (const std::uint32_t next : node.next) {
          const std::uint64_t leads_to = next == kNone ? 0 : layers[layer + 1][next].count;
          node.count = saturating_sum(node.count, leads_to);
        }
        node.count = saturating_product(node.count, std::max<std::uint64_t>(node.rounds, 1));
      }
    }
  }
};

Result<GridPlan> GridPlan::make(const SearchSpace& space) {
  Effort unlimited(UINT64_MAX);
  return make(space, unlimited);
}

Result<GridPlan> GridPlan::make(const SearchSpace& space, Effort& effort) {
  const SpaceRules rules(space);
  Builder builder{rules, uses_in(rules), effort, {}, {{Assignment(), 0}}, {}, 0};
  for (std::size_t layer = 0; layer < space.parameters.size(); ++layer) {
    SWEEPD_TRY_VOID(builder.expand(layer));
  }
  builder.count();
  GridPlan plan;
  plan.layers_ = std::move(builder.layers);
  return plan;
}

std::uint64_t GridPlan::count() const {
  return layers_.front().empty() ? 0 : layers_.front().front().count;
}

Assignment GridPlan::at(const SearchSpace& space, std::uint64_t k) const {
  SWEEPD_CHECK(k < count());
  Assignment assignment;
  std::uint64_t left = k;
  std::uint32_t at = 0;
  for (std::size_t layer = 0; layer < space.parameters.size(); ++layer) {
    const Node& node = layers_[layer][at];
    const auto count_of = [&](std::uint32_t next) {
      return next == kNone ? 0 : layers_[layer + 1][next].count;
    };
    std::uint64_t value = 0;
    if (node.rounds > 0) {
      at = node.next.front();
      const std::uint64_t share = count_of(at);
      SWEEPD_CHECK(share > 0);  // else the node would count nothing and not be here
      value = left / share;
      left %= share;
    } else {
      while (left >= count_of(node.next[value])) {
        left -= count_of(node.next[value]);
        ++value;
      }
      at = node.next[value];
    }
    if (node.active) {
      const Parameter& parameter = space.parameters[layer];
      assignment.emplace_back(parameter.name, nth_value(parameter.domain, value));
    }
  }
  return assignment;
}

}  // namespace sweepd::sweeps
