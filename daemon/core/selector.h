// Selectors: how people name sweeps, trials, attempts and agents ("12", "12/7#2", "last",
// "12/best", "12/1-8:2").
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "daemon/core/state.h"

#include <optional>
#include <string_view>
#include <vector>

namespace sweepd::core {

// The sweep part of a selector: a number, `last`, or a unique name or prefix of one. kNotFound
// otherwise.
//   names: all sweeps ever, also those that are not in memory
struct SweepName {
  SweepId id;
  std::string name;
};

Result<SweepId> select_sweep(std::string_view selector, const std::vector<SweepName>& names);

struct Selection {
  SweepId sweep;
  std::vector<TrialNumber> trials;       // empty: the sweep itself was named
  std::optional<AttemptNumber> attempt;  // only with one trial
  bool names_trials = false;             // there was a part after the slash
};

// Resolves the part after the slash in a sweep: a number, a list or range ("1-8:2", "3,5"), `best`,
// `all`, or a trial state ("failed"). kNotFound when nothing matches, kInvalidArgument when it
// cannot be read.
Result<Selection> select_trials(const Sweep& sweep, std::string_view selector);

// An agent by its number or its unique name. kNotFound otherwise and when it is forgotten,
// kInvalidArgument when several agents have the name.
Result<AgentId> select_agent(const State& state, std::string_view selector);

}  // namespace sweepd::core
