// The ordered indexes of a sweep's trials, kept up to date while one of them changes. Internal to
// daemon/core.
#pragma once

#include "daemon/core/state.h"

namespace sweepd::core {

// Takes the trial out of the ordered indexes while it changes, and puts it back where it then
// belongs.
class Reindexed {
 public:
  Reindexed(Sweep& sweep, Trial& trial);
  ~Reindexed();
  Reindexed(const Reindexed&) = delete;
  Reindexed& operator=(const Reindexed&) = delete;

 private:
  Sweep& sweep_;
  Trial& trial_;
};

}  // namespace sweepd::core
