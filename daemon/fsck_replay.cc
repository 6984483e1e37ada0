// The check of the decisions: replayed, they give the states that the headers say.
#include "daemon/core/step.h"
#include "daemon/fsck_parts.h"
#include "daemon/recovery.h"

namespace sweepd::daemon::fsck_parts {

namespace {

// The header of a live sweep is as old as the last change of the sweep's state, so its counts are.
SweepHeader lasting(SweepHeader header, bool ended) {
  if (!ended) {
    header.counts.clear();
    header.best_trial = {};
    header.best_value = 0;
    header.reports = 0;
  }
  return header;
}

void compare(Check& check, const core::Sweep& sweep, const SweepHeader& header) {
  const bool ended = core::is_terminal(header.state);
  if (lasting(header_of(sweep), ended) != lasting(header, ended)) {
    check.find("header-differs",
               fmt::format("sweep {}", header.id.value),
               fmt::format("its journal ends with it {}, and its header says {} or other figures",
                           core::to_text(sweep.state),
                           core::to_text(header.state)));
  }
}

void check_ended(Check& check, const SweepHeader& header) {
  const std::string where = fmt::format("sweep {}", header.id.value);
  Result<RebuiltSweep> rebuilt = rebuild_sweep(check.journal(), header.id, Trust::kChecked);
  if (!rebuilt.ok()) {
    check.find("replay-fails", where, rebuilt.error().message);
    return;
  }
  compare(check, rebuilt->sweep, header);
  if (!core::is_terminal(rebuilt->sweep.state)) {
    return;
  }
  core::State alone;
  core::adopt_sweep(alone, std::move(rebuilt->sweep));
  if (const auto violation = core::check_invariants(alone)) {
    check.find("invariant", where, *violation);
  }
}

}  // namespace

Result<void> check_replay(Check& check) {
  Result<core::State> state = recover_state(check.journal(), check.headers, Trust::kChecked);
  if (!state.ok()) {
    check.find("replay-fails", "the live state", state.error().message);
  } else if (const auto violation = core::check_invariants(*state)) {
    check.find("invariant", "the live state", *violation);
  }
  std::uint64_t done = 0;
  for (const SweepHeader& header : check.headers) {
    SWEEPD_TRY_VOID(check.tell("sweeps", done++, check.headers.size()));
    if (core::is_terminal(header.state)) {
      check_ended(check, header);
    } else if (state.ok()) {
      const auto live = state->sweeps.find(header.id);
      if (live == state->sweeps.end()) {
        check.find("replay-fails",
                   fmt::format("sweep {}", header.id.value),
                   "there is a header and no journal of it");
      } else {
        compare(check, live->second, header);
      }
    }
  }
  return {};
}

}  // namespace sweepd::daemon::fsck_parts
