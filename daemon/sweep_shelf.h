// All sweeps there are: what is known of each, and the few ended ones that are in memory.
#pragma once

#include "base/result.h"
#include "daemon/core/selector.h"
#include "daemon/core/state.h"
#include "daemon/journal.h"

#include <list>
#include <map>
#include <vector>

namespace sweepd::daemon {

class SweepShelf {
 public:
  explicit SweepShelf(Journal& journal) : journal_(journal) {}

  // Reads everything anew; the state holds the live sweeps.
  Result<core::State> recover();

  // Numbers and names of all sweeps, by number.
  const std::vector<core::SweepName>& names() const { return names_; }

  // Headers of all sweeps, those of live ones as of their last change of state.
  const std::map<SweepId, SweepHeader>& headers() const { return headers_; }

  // Sees to it that an ended sweep is in the state, from disk if need be. Nothing to do for live
  // and unknown ones.
  Result<void> bring(core::State& state, SweepId id);

  // The headers that the records change, as the state now has them; they are then part of
  // headers().
  std::vector<SweepHeader> update(const core::State& state,
                                  const std::vector<core::Record>& records);

  // Takes ended sweeps out of the state that nobody has asked for lately. Not between a decision
  // and its effects.
  void trim(core::State& state);

 private:
  void use(SweepId id);
  void forget(SweepId id);

  Journal& journal_;
  std::map<SweepId, SweepHeader> headers_;
  std::vector<core::SweepName> names_;
  std::list<SweepId> recent_;  // ended sweeps in the state, the last used first
};

}  // namespace sweepd::daemon
