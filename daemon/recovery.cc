// From the journal back to the state.
#include "daemon/recovery.h"

#include "daemon/core/step.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <queue>

namespace sweepd::daemon {

namespace {

constexpr std::size_t kRecordsAtOnce = 4096;

// Reads one journal piece by piece.
class JournalReader {
 public:
  JournalReader(Journal& journal, SweepId sweep) : journal_(journal), sweep_(sweep) {}

  // Moves to the next record; false at the end.
  Result<bool> advance() {
    if (++place_ < piece_.size()) {
      return true;
    }
    const std::uint64_t last = piece_.empty() ? 0 : piece_.back().seq;
    SWEEPD_TRY(piece_, journal_.records(sweep_, last, kRecordsAtOnce));
    place_ = 0;
    return !piece_.empty();
  }

  const SequencedRecord& current() const { return piece_[place_]; }

 private:
  Journal& journal_;
  SweepId sweep_;
  std::vector<SequencedRecord> piece_;
  std::size_t place_ = 0;
};

struct Later {
  bool operator()(const JournalReader* a, const JournalReader* b) const {
    return a->current().seq > b->current().seq;
  }
};

// Applies the records of several journals in the order in which they were decided: slots pass from
// sweep to sweep.
Result<void> replay(Journal& journal,
                    const std::vector<SweepId>& sweeps,
                    Trust trust,
                    core::State& state) {
  std::vector<std::unique_ptr<JournalReader>> readers;
  std::priority_queue<JournalReader*, std::vector<JournalReader*>, Later> queue;
  for (const SweepId sweep : sweeps) {
    readers.push_back(std::make_unique<JournalReader>(journal, sweep));
    SWEEPD_TRY(const bool any, readers.back()->advance());
    if (any) {
      queue.push(readers.back().get());
    }
  }
  while (!queue.empty()) {
    JournalReader* reader = queue.top();
    queue.pop();
    const SequencedRecord& next = reader->current();
    if (trust == Trust::kChecked) {
      if (const auto misfit = core::misfit(state, next.record)) {
        return Error{Errc::kCorrupt, fmt::format("record {}: {}", next.seq, *misfit)};
      }
    }
    core::apply_record(state, next.record);
    SWEEPD_TRY(const bool more, reader->advance());
    if (more) {
      queue.push(reader);
    }
  }
  return {};
}

}  // namespace

SweepHeader header_of(const core::Sweep& sweep) {
  SweepHeader header;
  header.id = sweep.id;
  header.request = sweep.request;
  header.name = sweep.spec.name;
  header.experiment = sweep.spec.experiment;
  header.user = sweep.user;
  header.job = sweep.spec.job;
  header.state = sweep.state;
  header.reason = sweep.reason;
  header.submitted = sweep.submitted.wall;
  header.ended = sweep.ended.value_or(WallTime{});
  header.metric = sweep.spec.objective.metric;
  header.goal = sweep.spec.objective.goal;
  header.trials_total = sweep.trials_total;
  for (int state = 1; state <= core::kTrialStates; ++state) {
    const auto trial_state = static_cast<core::TrialState>(state);
    if (sweep.count(trial_state) > 0) {
      header.counts[trial_state] = sweep.count(trial_state);
    }
  }
  if (const auto best = core::best_trial(sweep)) {
    header.best_trial = *best;
    header.best_value = core::raw_value(sweep, sweep.trial(*best)).value_or(0);
  }
  header.reports = sweep.reports;
  return header;
}

Result<core::State> recover_state(Journal& journal,
                                  const std::vector<SweepHeader>& headers,
                                  Trust trust) {
  core::State state;
  std::vector<SweepId> journals = {SweepId{}};
  for (const SweepHeader& header : headers) {
    state.sweeps_last = std::max(state.sweeps_last, header.id.value);
    state.requests[header.request] = core::SubmitAnswer{header.id, true};
    if (!core::is_terminal(header.state)) {
      journals.push_back(header.id);
    }
  }
  SWEEPD_TRY_VOID(replay(journal, journals, trust, state));
  return state;
}

Result<RebuiltSweep> rebuild_sweep(Journal& journal, SweepId id, Trust trust) {
  core::State apart;
  SWEEPD_TRY_VOID(replay(journal, {id}, trust, apart));
  const auto found = apart.sweeps.find(id);
  if (found == apart.sweeps.end()) {
    return Error{Errc::kCorrupt, fmt::format("the journal of sweep {} is empty", id.value)};
  }
  return RebuiltSweep{std::move(found->second), std::move(apart.requests)};
}

}  // namespace sweepd::daemon
