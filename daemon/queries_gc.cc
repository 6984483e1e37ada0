// What is said of sweeps that were removed, and of gc.
#include "base/utf8.h"
#include "daemon/core/view.h"
#include "daemon/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace sweepd::daemon {

namespace {

constexpr std::size_t kWeighedMax = 10'000;  // that an answer carries

// Those that take the most.
std::vector<GcSweep> largest(std::vector<GcSweep> sweeps) {
  if (sweeps.size() > kWeighedMax) {
    const auto cut = sweeps.begin() + kWeighedMax;
    std::nth_element(sweeps.begin(), cut, sweeps.end(), [](const GcSweep& a, const GcSweep& b) {
      return a.total() > b.total();
    });
    sweeps.erase(cut, sweeps.end());
  }
  return sweeps;
}

}  // namespace

// Says of a removed sweep that it was, instead of that it never existed.
Error Queries::without_sweep(std::string_view selector, const Error& error) const {
  const std::string_view text = selector.substr(0, selector.find('/'));
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool removed = failed == std::errc{} && end == text.data() + text.size() &&
                       sources_.state.removed.contains({number});
  return removed ? Error{Errc::kNotFound, fmt::format("sweep {} was removed", number)} : error;
}

// A dry run of what may not be removed is refused like the removal.
Result<void> Queries::start_gc(const pb::ClientRequest& request, pb::GcDetail& detail) {
  const pb::StartGc& start = request.start_gc();
  GcWish wish{start.dry_run(), {}, start.weigh()};
  for (const std::string& selector : start.without()) {
    SWEEPD_TRY(const core::Sweep* sweep, sweep_of(selector));
    if (!wish.weigh) {
      SWEEPD_TRY_VOID(core::may_remove(*sweep));
    }
    wish.without.push_back(sweep->id);
  }
  if (wish.weigh && wish.without.empty()) {
    for (const auto& [id, header] : sources_.shelf.headers()) {
      wish.without.push_back(id);
    }
  }
  if ((wish.weigh || !wish.without.empty()) && !wish.dry_run) {
    return Error{Errc::kInvalidArgument, "only a dry run leaves sweeps out, or weighs them"};
  }
  SWEEPD_TRY_VOID(
      sources_.housekeeping.ask({request.id_high(), request.id_low()}, std::move(wish)));
  gc(detail);
  return {};
}

void Queries::gc(pb::GcDetail& detail) {
  const GcStatus status = sources_.housekeeping.status();
  detail.set_run(status.run);
  detail.set_dry_run(status.dry_run);
  detail.set_phase(status.progress.phase);
  detail.set_done(status.progress.done);
  detail.set_total(status.progress.total);
  if (!status.progress.result) {
    return;
  }
  const Result<GcResult>& result = *status.progress.result;
  detail.set_phase(result.ok() ? "done" : "failed");
  if (!result.ok()) {
    detail.set_code(static_cast<std::int32_t>(result.error().code));
    detail.set_message(valid_utf8(result.error().message));
    return;
  }
  detail.set_files(result->files);
  detail.set_bytes(result->bytes);
  detail.set_kept_files(result->kept_files);
  detail.set_kept_bytes(result->kept_bytes);
  detail.set_total(result->sweeps.size());
  for (const GcSweep& sweep : largest(result->sweeps)) {
    pb::GcSweep& row = *detail.add_sweeps();
    row.set_sweep(sweep.sweep.value);
    row.set_files(sweep.files);
    row.set_bytes(sweep.bytes);
    row.set_log_bytes(sweep.log_bytes);
    row.set_record_bytes(sweep.record_bytes);
    row.set_metric_bytes(sweep.metric_bytes);
    pb::SweepSummary summary;
    summarize(sweep.sweep, summary);
    row.set_name(summary.name());
    row.set_state(summary.state());
  }
}

}  // namespace sweepd::daemon
