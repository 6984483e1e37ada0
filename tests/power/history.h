// The life of a few sweeps as the batches that a daemon would commit, and the logs beside them.
#pragma once

#include "daemon/core/state.h"
#include "daemon/journal.h"
#include "tests/daemon/fixtures.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sweepd::power {

struct History {
  std::vector<daemon::Batch> batches;  // decided by the production core; several events in each
  std::vector<std::vector<daemon::LogAppend>> appends;
  std::vector<daemon::LogKey> logs;
};

History make_history(std::size_t batches, std::size_t appends);

// The first `batches` of it on a disk that keeps everything.
std::unique_ptr<daemon::test::MemoryJournal> remembered(const History& history,
                                                        std::size_t batches);

// All bytes of a log after the first `appends`.
std::string log_after(const History& history, const daemon::LogKey& log, std::size_t appends);

}  // namespace sweepd::power
